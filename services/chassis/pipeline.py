"""What becomes of a batch: the runner's decision, without broker, loop or thread.

Rules, for each message:
- its signature does not hold, or it is not what its signer may say (binding rules 1 to 5, 7 to 11): dead letter;
- it is authentic and cannot be read (rule 6): `unprocessable` with the code;
- all others are given to `handle` together, and one by one when that raises; what raises alone: `unprocessable`, with
  `internal`.
Nothing but TransientError is raised from here, and then nothing of the batch has been decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from placet.errors import DecodeError, VerificationError
from placet.messages import Outgoing
from placet.trust import Trust
from placet.trust_store import TrustStore
from placet.verify import Authenticated, Verified, authenticate, open_event
from services.chassis import logs, telemetry
from services.chassis.dead_letters import dead_letter
from services.chassis.errors import TransientError
from services.chassis.records import Received, Record, record_of
from services.chassis.stream import StreamService
from services.chassis.telemetry import Metric

Result = Literal["handled", "dead_letter", "unprocessable"]


_NOT_THE_SERVICE: Final = (TransientError, KeyboardInterrupt, SystemExit)
"""Everything else is the message's fault, panics of Rust libraries too, which are no Exceptions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to publish for one message, and why."""

    result: Result
    records: tuple[Record, ...] = ()
    code: str = ""
    producer: str = "unknown"
    """The source whose key signed, where the trust file knows the key."""


@dataclass(frozen=True, slots=True)
class _Opened:
    item: Received
    verified: Verified[Any] | None = None
    authentic: Authenticated | None = None
    code: str = ""
    producer: str = "unknown"


class Pipeline:
    """Decides batches for one service. Not thread-safe: one batch at a time."""

    def __init__(self, service: StreamService, trust: TrustStore, clock: Callable[[], datetime]) -> None:
        self._service, self._trust, self._clock = service, trust, clock

    def decide(self, batch: Sequence[Received]) -> list[Plan]:
        """One plan per message, in order. What comes of a message carries its trace context on."""
        trust, now = self._trust.current(), self._clock()
        opened = [self._open(item, trust, now) for item in batch]
        verified = [one.verified for one in opened if one.verified is not None]
        outputs = iter(self._handled(verified))
        return [self._plan(one, outputs) for one in opened]

    def _open(self, item: Received, trust: Trust, now: datetime) -> _Opened:
        try:
            authentic = self._authenticate(item, trust, now)
        except VerificationError as error:
            return _Opened(item, code=error.code, producer=_claimed(item, trust))
        producer = authentic.signer.source
        try:
            return _Opened(item, verified=open_event(authentic, now=now), authentic=authentic, producer=producer)
        except VerificationError as error:
            return _Opened(item, code=error.code, producer=producer)
        except DecodeError as error:
            return _Opened(item, authentic=authentic, code=error.code, producer=producer)

    def _authenticate(self, item: Received, trust: Trust, now: datetime) -> Authenticated:
        try:
            return authenticate(item.message, trust, now=now)
        except VerificationError as error:
            # A key may have been enrolled since this batch began.
            fresh = self._trust.current() if error.code == "unknown_key" else trust
            if fresh is trust:
                raise
            return authenticate(item.message, fresh, now=now)

    def _handled(self, batch: Sequence[Verified[Any]]) -> Sequence[Sequence[Outgoing] | None]:
        """The service's outputs; None where a message makes it raise."""
        if not batch:
            return ()
        try:
            return self._checked(batch)
        except _NOT_THE_SERVICE:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a service raises must not end the stream
            _report(error, batch)
        return [self._alone(one) for one in batch] if len(batch) > 1 else (None,)

    def _alone(self, one: Verified[Any]) -> Sequence[Outgoing] | None:
        try:
            return self._checked((one,))[0]
        except _NOT_THE_SERVICE:
            raise
        except BaseException as error:  # noqa: BLE001 - as above
            _report(error, (one,))
            return None

    def _checked(self, batch: Sequence[Verified[Any]]) -> Sequence[Sequence[Outgoing]]:
        outputs = self._service.handle(batch)
        if len(outputs) != len(batch):
            raise RuntimeError("handle must return one list of messages for each message")
        return outputs

    def _plan(self, one: _Opened, outputs: Iterator[Sequence[Outgoing] | None]) -> Plan:
        trace = one.item.message.trace
        if one.authentic is None:
            return Plan("dead_letter", (dead_letter(one.item, one.code),), one.code, one.producer)
        code = one.code
        if one.verified is not None:
            output = next(outputs)
            if output is not None:
                return Plan("handled", tuple(record_of(out, trace) for out in output), producer=one.producer)
            code = "internal"
        try:
            output = self._service.unprocessable(one.authentic, code)
        except _NOT_THE_SERVICE:
            raise
        except BaseException as error:  # noqa: BLE001 - even this must not stop the stream: put it aside, loudly
            _report(error, ())
            return Plan("dead_letter", (dead_letter(one.item, "internal"),), "internal", one.producer)
        return Plan("unprocessable", tuple(record_of(out, trace) for out in output), code, one.producer)


def _claimed(item: Received, trust: Trust) -> str:
    """The source a message claims to come from by its key id, if the trust file has such a key."""
    key_id = (item.message.signature or b"").split(b":", 1)[0]
    principal = trust.principal_of(key_id.decode("ascii", "replace"))
    return "unknown" if principal is None else principal.source


def _report(error: BaseException, batch: Sequence[Verified[Any]]) -> None:
    telemetry.count(Metric.HANDLER_ERRORS, error=type(error).__name__)
    first = batch[0].message if len(batch) == 1 else None
    where = {} if first is None else {"topic": first.topic, "partition": first.partition, "offset": first.offset}
    logs.get_logger().error("handler_failed", messages=len(batch), exc_info=error, **where)
