"""How an action ended, as its agent sees it.

PlacetError
├── NotGrantedError      the action ended without a grant: the typed errors below say how
│   ├── Denied           by policy, or because something failed (fail closed)
│   ├── Rejected         by a reviewer
│   ├── Expired          nobody assented in time
│   ├── Withdrawn        by the agent itself
│   └── Superseded       an edited action took its place
├── StillPendingError    no outcome yet, and the caller does not wait longer
└── ClientError          the broker, the journal or the store could not be used: what happened, why, what next

Rules:
- An outcome is a value with a reason; only `Allowed` and `Approved` carry a ticket.
- A ticket is all an executor needs. It holds values in clear: its `repr` shows none, its file has mode 0600.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field, ValidationError

from placet.base import ActionId, Jws, Strict
from placet.errors import DecodeError, PlacetError
from placet.events import Outcome, Retry
from placet.limits import MAX_EVENT_BYTES
from placet.tracing import valid


class _TicketFile(Strict):
    action_id: ActionId
    commitment: Jws
    payload: str
    grant: Jws
    files: dict[str, str] = Field(default_factory=dict)
    trace: Annotated[str, AfterValidator(valid)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What an agent hands to an executor: permission to run exactly these bytes, once."""

    action_id: str
    commitment: str = field(repr=False)
    """The agent's JWS over who, what, where, until when and which bytes."""
    payload: bytes = field(repr=False)
    """The canonical bytes {arguments, nonce, preview, purpose} that were committed to, in clear."""
    grant: str = field(repr=False)
    """Settle's JWS, with the policy's verdict inside."""
    files: dict[str, str] = field(default_factory=dict, repr=False)
    """SHA-256 → where this machine may find those bytes. A hint: content is hashed again before it is used."""
    trace: str = field(default="", repr=False, compare=False)
    """W3C traceparent of what resolved it, or empty: telemetry, signed by nobody, and nothing is decided by it."""

    def to_json(self) -> str:
        """One JSON object; `from_json` gives the same ticket back, byte for byte."""
        return json.dumps(
            {
                "action_id": self.action_id,
                "commitment": self.commitment,
                "payload": self.payload.decode(),
                "grant": self.grant,
                "files": self.files,
                "trace": self.trace,
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Ticket:
        """Read `to_json`'s form; raise `DecodeError` (`bad_ticket`)."""
        if len(text) > 2 * MAX_EVENT_BYTES:
            raise DecodeError("bad_ticket", "larger than any ticket")
        try:
            read = _TicketFile.model_validate_json(text)
            return cls(**{**read.model_dump(), "payload": read.payload.encode()})
        except (ValidationError, UnicodeError):
            raise DecodeError("bad_ticket", "not a ticket as `placet propose` writes it") from None

    def save(self, path: Path) -> None:
        """Write the ticket to a new file of mode 0600; raise OSError."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.to_json() + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An action's one outcome."""

    action_id: str
    outcome: Outcome
    code: str
    """Why, for machines."""
    sentence: str
    """Why, for people; holds no value of the action."""
    retry: Retry
    """Whether proposing again makes sense."""
    rules: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    superseded_by: str | None = None
    trace: str = field(default="", repr=False, compare=False)
    """W3C traceparent that the outcome came with, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(Settled):
    """A named rule permits it."""

    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Settled):
    """Named people assented."""

    ticket: Ticket


Granted: TypeAlias = Allowed | Approved


class NotGrantedError(PlacetError):
    """The action ended without a grant."""

    def __init__(self, settled: Settled) -> None:
        super().__init__(f"action {settled.action_id} {settled.outcome}: {settled.sentence} ({settled.code})")
        self.settled = settled
        self.action_id = settled.action_id
        self.outcome = settled.outcome
        self.code = settled.code
        self.sentence = settled.sentence
        self.retry = settled.retry
        self.rules = settled.rules
        self.labels = settled.labels


class Denied(NotGrantedError):  # noqa: N818 - the outcome's own word
    """Denied by policy, or because something failed."""


class Rejected(NotGrantedError):  # noqa: N818 - the outcome's own word
    """A reviewer said no."""


class Expired(NotGrantedError):  # noqa: N818 - the outcome's own word
    """Nobody assented in time."""


class Withdrawn(NotGrantedError):  # noqa: N818 - the outcome's own word
    """The agent withdrew it."""


class Superseded(NotGrantedError):  # noqa: N818 - the outcome's own word
    """An edited action took its place; `settled.superseded_by` names it."""


class StillPendingError(PlacetError):
    """No outcome yet."""

    def __init__(self, action_id: str, sentence: str) -> None:
        super().__init__(f"action {action_id} is still pending: {sentence}")
        self.action_id = action_id


class ClientError(PlacetError):
    """Something the client needs could not be used. The sentence says what happened, why, and what to do."""


_ERRORS: dict[Outcome, type[NotGrantedError]] = {
    Outcome.DENIED: Denied,
    Outcome.REJECTED: Rejected,
    Outcome.EXPIRED: Expired,
    Outcome.WITHDRAWN: Withdrawn,
    Outcome.SUPERSEDED: Superseded,
}


def granted_or_raise(settled: Settled) -> Granted:
    """The settled action with its ticket, or the typed error of its outcome."""
    if isinstance(settled, Allowed | Approved):
        return settled
    raise _ERRORS.get(settled.outcome, Denied)(settled)


def describe(settled: Settled) -> dict[str, Any]:
    """The outcome as JSON members, without the ticket."""
    return {
        "action_id": settled.action_id,
        "outcome": str(settled.outcome),
        "reason": {"code": settled.code, "sentence": settled.sentence},
        "retry": str(settled.retry),
        "labels": list(settled.labels),
        "rules": list(settled.rules),
    }
