"""A proposed action that has no outcome yet, or whose outcome is there to be taken."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

from opentelemetry.trace import Span

from placet import tracing
from placet.journal import Entry
from placet.outcomes import Granted, Settled, StillPendingError, granted_or_raise

OnTimeout: TypeAlias = Literal["withdraw", "leave"]

GRACE_SECONDS: Final = 60.0
"""How long after its deadline an action's outcome may take to arrive."""
WITHDRAW_SECONDS: Final = 5.0
"""How long a waiter that gave up waits to hear that its withdrawal counted."""


class Follows(Protocol):
    """What a handle needs of its gate."""

    def withdraw(self, action_id: str) -> None:
        """Tell settle that the agent no longer wants it."""

    def now(self) -> datetime:
        """The time."""


class Pending:
    """A durable handle: the journal holds what it needs, so another process can take it up by its action id."""

    def __init__(self, entry: Entry, gate: Follows, settled: Future[Settled]) -> None:
        self._entry, self._gate = entry, gate
        self.future = settled
        """Done when the outcome is there: for event loops."""

    def __repr__(self) -> str:
        return f"Pending({self.action_id})"

    @property
    def action_id(self) -> str:
        """The action's id."""
        return self._entry.action_id

    @property
    def deadline(self) -> datetime:
        """When the action stops being of use."""
        return self._entry.deadline

    def wait(self, timeout: float | None = None, *, on_timeout: OnTimeout = "withdraw") -> Granted:
        """Wait for the outcome: `Allowed` or `Approved` with a ticket, or the typed error of any other.

        `timeout` is in seconds. A waiter that gives up withdraws the action and still gets its true outcome, which may
        be an approval that came first; with `on_timeout="leave"` the action goes on. Raise `StillPendingError` where
        there is no outcome, at the latest `GRACE_SECONDS` after the deadline.
        """
        with self.waiting() as span:
            settled = self._outcome(self.patience(timeout))
            if settled is None and self.gives_up(timeout, on_timeout):
                self.withdraw()
                settled = self._outcome(WITHDRAW_SECONDS)
            waited(span, settled)
        return self.granted(settled)

    def outcome(self, timeout: float = 0.0) -> Settled | None:
        """The outcome, whatever it is, or None when there is none within `timeout` seconds. Withdraws nothing."""
        if timeout <= 0:
            return self._outcome(0.0)
        with self.waiting() as span:
            settled = self._outcome(timeout)
            waited(span, settled)
        return settled

    def _outcome(self, timeout: float) -> Settled | None:
        try:
            return self.future.result(timeout)
        except FutureTimeoutError:
            return None

    def withdraw(self) -> None:
        """Tell settle that the agent no longer wants it; the outcome says whether that came in time."""
        self._gate.withdraw(self.action_id)

    @contextmanager
    def waiting(self) -> Iterator[Span]:
        """The span of a wait, in the trace of the call that proposed, in whichever process."""
        with tracing.span(tracing.SpanName.WAIT, parent=self._entry.trace, action_id=self.action_id) as span:
            yield span

    def patience(self, timeout: float | None) -> float:
        """How many seconds waiting makes sense."""
        longest = max(0.0, (self.deadline - self._gate.now()).total_seconds() + GRACE_SECONDS)
        return longest if timeout is None else min(timeout, longest)

    def gives_up(self, timeout: float | None, on_timeout: OnTimeout) -> bool:
        """Whether a waiter whose patience ended withdraws: there is nothing to withdraw once the deadline is past."""
        return on_timeout == "withdraw" and timeout is not None and self._gate.now() < self.deadline

    def granted(self, settled: Settled | None) -> Granted:
        """The end of every wait."""
        if settled is None:
            raise StillPendingError(self.action_id, "`gate.outcome` tells later how it ended.")
        return granted_or_raise(settled)


def waited(span: Span, settled: Settled | None) -> None:
    """Say on a wait's span how it ended."""
    span.set_attribute(tracing.Attribute.OUTCOME, "pending" if settled is None else str(settled.outcome))
