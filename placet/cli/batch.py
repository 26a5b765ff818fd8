"""Many proposals at once: one line in, one line out, as each is settled.

Rules:
- At most so many are in flight; the input is read no faster.
- A bad line gets an `error` and stops nothing; no error repeats a value of the line.
- Whoever stops it (Ctrl-C) or stops waiting leaves the actions pending; the journal knows them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from pydantic import ValidationError

from placet.base import JsonObject, JsonValue, Strict
from placet.canonical import strict_loads
from placet.errors import DecodeError, PlacetError
from placet.events import Outcome
from placet.gate.gate import Gate
from placet.gate.pending import Pending
from placet.outcomes import Allowed, Approved, ClientError, Settled, describe

GRANTED: Final = frozenset({Outcome.ALLOWED, Outcome.APPROVED})


class Line(Strict):
    """One action of the input."""

    id: str | int
    name: str
    resource: str
    arguments: JsonObject
    purpose: str = ""
    preview: JsonValue = None
    on_behalf_of: str | None = None
    session: str | None = None


def read_line(text: bytes) -> Line:
    """Read an input line; raise `DecodeError` that names the place."""
    found = strict_loads(text)
    try:
        return Line.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        known = str(first["loc"][0]) if first["loc"] and first["loc"][0] in Line.model_fields else "an unknown member"
        raise DecodeError("bad_line", f"{known}: {first['type']}") from None


def line_id(text: bytes) -> str | int | None:
    """The id of a bad line, where it has one that can be told."""
    try:
        found = strict_loads(text)
    except DecodeError:
        return None
    said = found.get("id") if isinstance(found, dict) else None
    return said if isinstance(said, str) or type(said) is int else None


def answer(settled: Settled | None, pending: Pending, *, since: float) -> dict[str, Any]:
    """The members of an output line after `id`."""
    said: dict[str, Any] = (
        {"action_id": pending.action_id, "outcome": "pending", "reason": None, "labels": [], "rules": []}
        if settled is None
        else describe(settled)
    )
    members = ("action_id", "outcome", "reason", "labels", "rules")
    return {name: said[name] for name in members} | {"milliseconds": round((monotonic() - since) * 1000, 1)}


class Batch:
    """One run over an input."""

    def __init__(
        self,
        gate: Gate,
        *,
        wait: float,
        deadline: timedelta,
        in_flight: int,
        emit: Callable[[Mapping[str, Any]], None],
        granted: Callable[[Allowed | Approved], None] = lambda _: None,
    ) -> None:
        self._gate, self._wait, self._deadline, self._in_flight = gate, wait, deadline, in_flight
        self._emit, self._granted = emit, granted
        self._lock = threading.Lock()
        self._not_granted = 0
        self._broken: BaseException | None = None

    def run(self, lines: Iterable[bytes]) -> bool:
        """Propose every line; whether all were allowed or approved."""
        room = threading.Semaphore(self._in_flight)
        pool = ThreadPoolExecutor(self._in_flight, thread_name_prefix="placet-propose")
        try:
            for number, text in enumerate(lines, 1):
                if text.strip():
                    room.acquire()
                    pool.submit(self._one, number, text, room).add_done_callback(self._notice)
            pool.shutdown()
        except KeyboardInterrupt:
            self._gate.close()  # lets every waiter go; what they proposed stays pending
            pool.shutdown()
            raise
        if self._broken is not None:
            raise self._broken
        return self._not_granted == 0

    def _notice(self, done: Future[None]) -> None:
        """A fault of this program's own must not pass for a line without an answer."""
        self._broken = self._broken or done.exception()

    def _one(self, number: int, text: bytes, room: threading.Semaphore) -> None:
        try:
            self._say(*self._propose(number, text))
        finally:
            room.release()

    def _propose(self, number: int, text: bytes) -> tuple[dict[str, Any], Settled | None]:
        since = monotonic()
        try:
            line = read_line(text)
        except DecodeError as error:
            return {"id": line_id(text), "line": number, "error": str(error)}, None
        try:
            pending = self._gate.propose(
                line.name,
                line.resource,
                line.arguments,
                line.purpose,
                preview=line.preview,
                deadline=self._deadline,
                on_behalf_of=line.on_behalf_of,
                session=line.session,
            )
        except PlacetError as error:
            return {"id": line.id, "line": number, "error": str(error)}, None
        try:
            settled = pending.outcome(self._wait)
        except ClientError:  # the gate was closed under it
            settled = None
        return {"id": line.id, **answer(settled, pending, since=since)}, settled

    def _say(self, said: dict[str, Any], settled: Settled | None) -> None:
        with self._lock:
            if settled is None or settled.outcome not in GRANTED:
                self._not_granted += 1
            if isinstance(settled, Allowed | Approved):
                self._granted(settled)
            self._emit(said)
