"""The agent's side: propose, wait, get a typed outcome.

Rules:
- Checked before anything is written, written (fsync) before anything is sent, sent until the broker has it for good.
- Where the outcome will lie is noted before proposing; it is read from there, by one thread for all pending actions.
- Believed is only what `placet.gate.judge` believes; everything else under the same key is ignored.
- A gate proposes. It runs nothing: the ticket it returns is for an executor.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uuid_utils.compat
from opentelemetry.trace import SpanKind

from placet import tracing
from placet.client_settings import JOURNAL, client_settings, load_signer, load_trust, remember_trust, state_file
from placet.errors import ContractError
from placet.events import ActionFollowed
from placet.files import replace_files
from placet.gate.broker import Broker
from placet.gate.guard import Function, Runs, guard
from placet.gate.judge import try_judge
from placet.gate.pending import Pending
from placet.gate.proposal import ProposalError, Wish, deadline_at, make_proposal
from placet.journal import Entry, Journal
from placet.kafka_settings import KafkaSettings
from placet.keys import encode_base64url
from placet.messages import Message, seal
from placet.outcomes import ClientError, Settled
from placet.trust_store import TrustStore

_log = logging.getLogger(__name__)
_CLOSED: Final = "The gate was closed. The action goes on; `resume` finds it."


def utc_now() -> datetime:
    """The clock of a running client."""
    return datetime.now(UTC)


class Gate:
    """Proposes actions in the name of one agent; thread-safe."""

    def __init__(
        self,
        agent: str | None = None,
        *,
        key_file: Path | str,
        trust: TrustStore | None = None,
        trust_file: Path | str | None = None,
        trust_root_file: Path | str | None = None,
        kafka: KafkaSettings | None = None,
        broker: Broker | None = None,
        journal: Path | str | None = None,
        timeout: float = 10.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Trust is a `TrustStore` or its two files; the broker is `kafka`, or any `Broker`.

        `timeout` is how many seconds the broker may take to answer. Raise `ClientError` for files that do not load, and
        for an older trust file than before.
        """
        self.agent, self._signer = load_signer(Path(key_file), folder="agents", name=agent)
        self._trust, self.now = load_trust(trust, trust_file, trust_root_file), now
        if broker is None:
            if kafka is None:
                raise TypeError("a gate needs kafka or a broker")
            from placet.gate.kafka import KafkaBroker  # noqa: PLC0415 - a slow import that a fake does not need

            broker = KafkaBroker(kafka, timeout=timeout)
        self._broker = broker
        self._journal = Journal(state_file(Path(journal) if journal else None, "journal", self.agent))
        try:
            remember_trust(self._trust, self._journal)
        except BaseException:
            self._broker.close()
            self._journal.close()
            raise
        self._journal.compact(now=now())
        self._lock = threading.Lock()
        self._pending: dict[str, Pending] = {}
        self._closed = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, journal: Path | None = None) -> Self:
        """Build it from PLACET_… variables (see `placet.client_settings`); raise `ClientError`."""
        settings = client_settings(os.environ if environ is None else environ, state=JOURNAL)
        return cls(
            key_file=settings.key_file,
            trust_file=settings.trust_file,
            trust_root_file=settings.trust_root_file,
            kafka=settings.kafka,
            journal=journal or settings.state,
        )

    def check(self) -> None:
        """Ask the broker whether it answers; raise `ClientError`."""
        self._broker.place(str(uuid_utils.compat.uuid7()))

    def propose(
        self,
        name: str,
        resource: str,
        arguments: Mapping[str, Any],
        purpose: str = "",
        *,
        preview: Any = None,
        deadline: timedelta | datetime = timedelta(hours=1),
        on_behalf_of: str | None = None,
        session: str | None = None,
        edit_of: str | None = None,
    ) -> Pending:
        """Propose an action; returns when the broker has the proposal.

        Raise `ProposalError` for what the contract does not allow (nothing was sent) and `ClientError` where journal or
        broker fail. If the broker failed after the proposal was written down, the sentence says so: `resume` sends the
        same proposal again; proposing anew would make a second action.
        """
        action_id = str(uuid_utils.compat.uuid7())
        with tracing.span(tracing.SpanName.PROPOSE, kind=SpanKind.PRODUCER, action_id=action_id):
            return self._propose(
                action_id,
                Wish(
                    name=name,
                    resource=resource,
                    arguments=arguments,
                    purpose=purpose,
                    preview=preview,
                    deadline=deadline_at(deadline, now=self.now()),
                    on_behalf_of=on_behalf_of,
                    session=session,
                    edit_of=edit_of,
                ),
            )

    def _propose(self, action_id: str, wish: Wish) -> Pending:
        files: dict[str, str] = {}
        try:
            plain = replace_files(dict(wish.arguments), files)
        except ContractError as error:
            raise ProposalError(error.code, error.sentence) from None
        proposal = make_proposal(
            replace(wish, arguments=plain),
            agent=self.agent,
            signer=self._signer,
            action_id=action_id,
            nonce=encode_base64url(secrets.token_bytes(16)),
            now=self.now(),
            trust_digest=self._trust.current().digest,
        )
        entry = Entry(
            action_id=proposal.data.action_id,
            agent=self.agent,
            digest=proposal.data.digest,
            commitment=proposal.data.commitment,
            payload=proposal.payload.decode(),
            deadline=wish.deadline,
            place=self._broker.place(proposal.data.action_id),
            event=proposal.event,
            files=files,
            trace=tracing.traceparent_of(),
        )
        self._journal.proposed(entry)
        pending = self._follow(entry, fresh=True)
        self._send(entry)
        return pending

    def resume(self) -> list[Pending]:
        """Take up everything the journal holds without an outcome; what may not have been sent is sent again."""
        entries = [entry for entry in self._journal.unresolved() if entry.agent == self.agent]
        found = [self._follow(entry, fresh=False) for entry in entries]
        for entry in entries:
            if not entry.published and self.now() < entry.deadline:
                self._send(entry)
        return found

    def pending(self, action_id: str) -> Pending:
        """The handle of an action this journal holds; raise `ClientError` where it holds none."""
        return self._follow(self._entry(action_id), fresh=False)

    def outcome(self, action_id: str) -> Settled | None:
        """How an action ended, or None while it is pending; raise `ClientError` for an action not in the journal."""
        entry = self._entry(action_id)
        if entry.settled is not None:
            return entry.settled
        for message in self._broker.scan(action_id, entry.place):
            if settled := self._judge(message, entry):
                self._journal.settled(settled, now=self.now())
                return settled
        return None

    def withdraw(self, action_id: str) -> None:
        """Tell settle that the agent no longer wants it; raise `ClientError`. The outcome says if it came in time."""
        entry = self._entry(action_id)
        followed = ActionFollowed(
            action_id=action_id, agent=self.agent, digest=entry.digest, step="withdrawn", sequence=0
        )
        sealed = seal(followed, self._signer, time=self.now(), trust_digest=self._trust.current().digest)
        with tracing.within(entry.trace):
            self._broker.publish(sealed)

    def guard(self, executor: Runs, name: str, **options: Any) -> Callable[[Function], Function]:
        """Cooperative mode: see `placet.gate.guard`, whose options these are. It is no wall."""
        return guard(self, executor, name, **options)

    def close(self) -> None:
        """Let go of broker and journal. Actions go on; a waiter here gets a `ClientError`."""
        self._broker.close()
        self._trust.forget(self._journal)
        self._journal.close()
        with self._lock:
            self._closed = True
            left, self._pending = list(self._pending.values()), {}
        for pending in left:
            if not pending.future.done():
                pending.future.set_exception(ClientError(_CLOSED))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _entry(self, action_id: str) -> Entry:
        entry = self._journal.get(action_id)
        if entry is None or entry.agent != self.agent:
            raise ClientError(
                f"This journal holds no action {action_id} of {self.agent}. "
                "Use the journal of the process that proposed it."
            )
        return entry

    def _follow(self, entry: Entry, *, fresh: bool) -> Pending:
        """The one handle of an action in this process, watched until its outcome is there."""
        with self._lock:
            if known := self._pending.get(entry.action_id):
                return known
            pending = Pending(entry, self, Future())
            if entry.settled is not None:
                pending.future.set_result(entry.settled)
                return pending
            if self._closed:
                pending.future.set_exception(ClientError(_CLOSED))
                return pending
            self._pending[entry.action_id] = pending
        self._broker.watch(entry.action_id, entry.place, lambda m: self._deliver(m, entry, pending), fresh=fresh)
        return pending

    def _deliver(self, message: Message, entry: Entry, pending: Pending) -> bool:
        settled = self._judge(message, entry)
        if settled is None:
            return False
        with self._lock:
            self._pending.pop(entry.action_id, None)
        if not pending.future.done():
            pending.future.set_result(settled)
            self._journal.settled(settled, now=self.now())
        return True

    def _judge(self, message: Message, entry: Entry) -> Settled | None:
        judged = try_judge(message, entry, self._trust.current(), now=self.now())
        if isinstance(judged, Settled):
            return judged
        _log.warning("ignored a message about action %s: %s", entry.action_id, judged.code)
        return None

    def _send(self, entry: Entry) -> None:
        try:
            with tracing.within(entry.trace):
                self._broker.publish(entry.event)
        except ClientError as error:
            raise ClientError(
                f"{error} Action {entry.action_id} is in the journal and may or may not have arrived: "
                "`gate.resume()` sends the same one again. Do not propose it anew."
            ) from error
        self._journal.published(entry.action_id)
