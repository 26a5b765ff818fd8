"""The side that holds the privileged credential: runs exactly what was assented to, once, and says what became of it.

Rules:
- Nothing is run before every check of `placet.executor.decide`, the arguments' types and the files have passed, and the
  action's one chance is used up on disk.
- The function gets values decoded from the canonical bytes and private copies of files: nothing the caller still holds.
- Every attempt whose owner is known is reported, refusals too. The report is on disk before it is sent.
- What an executor before this one left unfinished is reported when this one starts, and never run again.
- It does not start on a trust file older than one its store has seen: that may know a key since revoked.
"""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from opentelemetry import metrics
from opentelemetry.trace import Span, SpanKind

from placet import tracing
from placet.client_settings import STORE, client_settings, load_signer, load_trust, remember_trust, state_file
from placet.errors import ContractError
from placet.events import ActionExecuted, ExecutionStatus
from placet.executor import report as said
from placet.executor.decide import Admitted, admit, whose
from placet.executor.parameters import Registered, register
from placet.executor.report import BadArgumentsError, Execution, ExecutionError, FunctionError, RefusedError, Result
from placet.executor.store import Redemption, Store
from placet.files import Copies
from placet.gate.gate import utc_now
from placet.grants import check_redeemable
from placet.kafka_client import KafkaClient
from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing, seal
from placet.outcomes import ClientError, Ticket
from placet.trust_store import TrustStore

_log = logging.getLogger(__name__)
_EXECUTIONS = metrics.get_meter("placet").create_counter("placet_executions")
"""{status, code}: attempts reported, by this process. Nothing without an SDK."""
Function = TypeVar("Function", bound=Callable[..., Any])


class Publisher(Protocol):
    """Where reports go."""

    def publish(self, outgoing: Outgoing) -> None:
        """Return when the broker has it for good; raise `ClientError`."""


class Executor:
    """Runs granted actions with functions registered under their names; thread-safe."""

    def __init__(
        self,
        executor: str | None = None,
        *,
        key_file: Path | str,
        trust: TrustStore | None = None,
        trust_file: Path | str | None = None,
        trust_root_file: Path | str | None = None,
        kafka: KafkaSettings | None = None,
        publisher: Publisher | None = None,
        store: Path | str | None = None,
        files: Path | str | None = None,
        timeout: float = 10.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Trust is a `TrustStore` or its two files. `files` is a folder where files that actions name may be found, by
        SHA-256 or by name. Raise `ClientError` for files that do not load, and for an older trust file than before.
        """
        self.executor, self._signer = load_signer(Path(key_file), folder="executors", name=executor)
        self.trust, self.now = load_trust(trust, trust_file, trust_root_file), now
        self.client = KafkaClient(kafka, timeout=timeout) if kafka else None
        if publisher is None and self.client is None:
            raise TypeError("an executor needs kafka or a publisher")
        self._publisher: Publisher = publisher or self.client  # type: ignore[assignment]  # one of them is there
        self._files = Path(files) if files else None
        self._actions: dict[str, Registered] = {}
        self._sending = threading.Lock()
        self.store = Store(state_file(Path(store) if store else None, "executor", self.executor))
        try:
            remember_trust(self.trust, self.store)
        except BaseException:
            self.close()
            raise
        self._recover()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, store: Path | None = None) -> Self:
        """Build it from PLACET_… variables (see `placet.client_settings`); raise `ClientError`."""
        settings = client_settings(os.environ if environ is None else environ, state=STORE)
        return cls(
            key_file=settings.key_file,
            trust_file=settings.trust_file,
            trust_root_file=settings.trust_root_file,
            kafka=settings.kafka,
            store=store or settings.state,
        )

    def action(self, name: str) -> Callable[[Function], Function]:
        """Register a function under an action's name. Raise `TypeError` for a parameter without a type from JSON."""

        def keep(function: Function) -> Function:
            if name in self._actions:
                raise TypeError(f"{name} is registered already")
            self._actions[name] = register(name, function)
            return function

        return keep

    def has(self, name: str) -> bool:
        """Whether a function is registered under an action's name."""
        return name in self._actions

    def execute(self, ticket: Ticket) -> Execution:
        """Run a ticket. Raise `RefusedError` (nothing ran; `BadArgumentsError` is a `TypeError` too) or `FunctionError`
        (from what the function raised); each carries the report.
        """
        execution = self.attempt(ticket)
        if execution.error is not None:
            raise execution.error
        return execution

    def attempt(self, ticket: Ticket) -> Execution:
        """As `execute`, with the error as a value."""
        name, action_id = tracing.SpanName.EXECUTE, valid_action_id(ticket.action_id)
        with tracing.span(name, parent=ticket.trace, kind=SpanKind.CONSUMER, action_id=action_id) as span:
            try:
                with tempfile.TemporaryDirectory(prefix="placet-") as folder:
                    files = Copies(Path(folder), hints=ticket.files, look_in=self._files)
                    execution = self._attempt(ticket, files)
            finally:
                self.send_reports()
            if execution.report is not None:
                said_so(span, execution.report)
            return execution

    def refuse(self, ticket: Ticket, code: str, sentence: str, *, bad_arguments: bool = False) -> Execution:
        """Report a refused attempt; nothing is run."""
        now, trust = self.now(), self.trust.current()
        kind = BadArgumentsError if bad_arguments else RefusedError
        commitment, grant_id = whose(ticket, trust, now=now)
        if commitment is None:
            _log.warning("refused a ticket that no known agent committed to: %s", code)
            return Execution(None, None, kind(code, sentence, None))
        attempt = said.refused_attempt(commitment.action_id, self.executor, secrets.token_hex(16))
        report = said.refusal(
            action_id=commitment.action_id,
            agent=commitment.agent,
            digest=commitment.digest,
            executor=self.executor,
            attempt=attempt,
            grant_id=grant_id,
            code=code,
            at=now,
        )
        self.store.keep(attempt, self._sealed(report))
        return Execution(None, report, kind(code, sentence, report))

    def send_reports(self) -> None:
        """Send what the broker may not have. What fails stays on disk and is sent with the next attempt."""
        with self._sending:
            for attempt, trace, report in self.store.unpublished():
                try:
                    with tracing.within(trace):
                        self._publisher.publish(report)
                except ClientError:
                    _log.warning("a report could not be sent; it is kept and sent again")
                    return
                self.store.published(attempt)

    def follow(self, stop: threading.Event | None = None) -> None:
        """Run what is granted to this executor as it is resolved, until `stop` is set. Raise `ClientError`."""
        from placet.executor.follow import follow  # noqa: PLC0415 - it needs the executor, and Kafka

        follow(self, stop or threading.Event())

    def close(self) -> None:
        """Let go of broker and store."""
        if self.client is not None:
            self.client.close()
        self.trust.forget(self.store)
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> None:
        for used in self.store.abandoned():
            report = said.abandoned_report(used, executor=self.executor, at=self.now())
            name = tracing.SpanName.EXECUTE
            with tracing.span(name, parent=used.trace, start=used.started_at, action_id=used.action_id) as span:
                self.store.finish(used, self._sealed(report))
                said_so(span, report)
            _log.warning("action %s was left unfinished: reported as %s", used.action_id, report.status)
        self.send_reports()

    def _attempt(self, ticket: Ticket, copies: Copies) -> Execution:
        try:
            trust = self.trust.current()
            admitted = admit(ticket, trust, executor=self.executor, knows_trust=self.trust.knows, now=self.now())
            action = self._actions.get(admitted.granted.commitment.name)
            if action is None:
                return self.refuse(ticket, said.UNKNOWN_ACTION, "no function is registered under the action's name")
            arguments = action.arguments(admitted.arguments, copies)
            # Copying files takes time: whether the grant still holds is asked last.
            check_redeemable(admitted.granted, self.trust.current(), executor=self.executor, now=self.now())
        except TypeError as error:
            return self.refuse(ticket, said.BAD_ARGUMENTS, str(error), bad_arguments=True)
        except ContractError as error:
            return self.refuse(ticket, error.code, error.sentence)
        used = replace(self._redemption(admitted), trace=tracing.valid(ticket.trace))
        if not self.store.redeem(used):
            return self.refuse(ticket, said.ALREADY_REDEEMED, "the action has been redeemed before")
        return self._run(used, action, arguments)

    def _redemption(self, admitted: Admitted) -> Redemption:
        commitment, grant = admitted.granted.commitment, admitted.granted.grant
        attempt = said.run_attempt(commitment.action_id, self.executor, grant.jti)
        return Redemption(commitment.action_id, commitment.agent, commitment.digest, grant.jti, attempt)

    def _run(self, used: Redemption, action: Registered, arguments: Mapping[str, Any]) -> Execution:
        used = replace(used, started_at=self.now())
        self.store.start(used.action_id, at=used.started_at or self.now())
        error: ExecutionError | None = None
        result = Result()
        try:
            returned = action.function(**arguments)
            result = returned if isinstance(returned, Result) else Result(returned)
            report = self._finished(used, ExecutionStatus.SUCCEEDED, said.DONE, result)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is reported, and raised again by `execute`
            report = self._finished(used, ExecutionStatus.FAILED, said.RAISED)
            error = FunctionError(said.RAISED, f"{action.name} raised {type(raised).__name__}", report)
            error.__cause__ = raised
        except BaseException:
            self._finished(used, ExecutionStatus.UNKNOWN, said.INTERRUPTED)
            raise
        return Execution(result.value, report, error)

    def _finished(
        self, used: Redemption, status: ExecutionStatus, code: str, result: Result | None = None
    ) -> ActionExecuted:
        report = said.run_report(used, executor=self.executor, status=status, code=code, at=self.now(), result=result)
        self.store.finish(used, self._sealed(report))
        return report

    def _sealed(self, report: ActionExecuted) -> Outgoing:
        return seal(report, self._signer, time=report.finished_at, trust_digest=self.trust.current().digest)


def valid_action_id(action_id: str) -> str:
    """The id if it has the form of one: what stands in a ticket may be anything, and a span holds no values."""
    try:
        return str(uuid.UUID(action_id))
    except ValueError:
        return "unknown"


def said_so(span: Span, report: ActionExecuted) -> None:
    """Say on the attempt's span, and count, what was reported."""
    span.set_attributes({tracing.Attribute.STATUS: str(report.status), tracing.Attribute.CODE: report.code})
    _EXECUTIONS.add(1, {"status": str(report.status), "code": report.code})
