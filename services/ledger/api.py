"""The read API: entries, timelines, proofs, checkpoints, a live stream, the export. Nothing here writes.

Rules:
- A reader shows the bearer token; only in development is there none to show.
- Pages go by entry number, so the thousandth costs what the first does; and they are bounded in bytes, so that one may
  hold fewer entries than were asked for. `next` says whether to go on.
- No error repeats what the caller sent.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.routing import Route

from placet.base import ActionId, AgentId, Label
from placet.catalogue import Topic
from placet.events import Outcome
from placet.merkle import ProofError
from services.chassis.database import Listener
from services.chassis.errors import TransientError
from services.chassis.health import PAGES, Health
from services.ledger import views
from services.ledger.errors import NotInLedgerError
from services.ledger.export import export_lines, prove_consistency, prove_inclusion
from services.ledger.live import Live
from services.ledger.ports import Filter, Reader, StoredEntry, may_go_on
from services.ledger.timeline import Timeline, timeline

MAX_PAGE: Final = 500
MAX_TIMELINE: Final = 1_000
Number = Annotated[int, Query(ge=0, le=2**53)]
Problems: dict[int | str, dict[str, Any]] = {code: {"model": views.Problem} for code in (401, 404, 422, 503)}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read; `token` None: everybody who reaches the port (development)."""

    token: str | None

    def __call__(self, authorization: Annotated[str | None, Header()] = None) -> None:
        """Raise 401 where the token is wrong."""
        if self.token is None:
            return
        given = (authorization or "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            raise HTTPException(401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})


def create_app(
    reader: Reader, access: Access, *, live: Live, listener: Listener | None = None, health: Health | None = None
) -> FastAPI:
    """The application; `listener` is started and stopped with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if listener is not None:
            listener.start()
        yield
        if listener is not None:
            await asyncio.to_thread(listener.close)

    app = FastAPI(title="Placet ledger", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.router.routes.extend(Route(page, health or Health()) for page in PAGES)
    _answer_errors(app)
    router = _Routes(reader, live)
    guarded: dict[str, Any] = {"dependencies": [Depends(access)], "responses": Problems}
    app.get("/v1/entries", **guarded)(router.entries)
    app.get("/v1/entries/{seq}", **guarded)(router.entry)
    app.get("/v1/actions/{action_id}/timeline", **guarded)(router.timeline)
    app.get("/v1/checkpoint", **guarded)(router.checkpoint)
    app.get("/v1/proofs/inclusion", **guarded)(router.inclusion)
    app.get("/v1/proofs/consistency", **guarded)(router.consistency)
    app.get("/v1/stream", response_class=EventSourceResponse, **guarded)(router.stream)
    app.get("/v1/export", response_class=StreamingResponse, **guarded)(router.export)
    return app


class _Routes:
    """One method per route; synchronous ones run in worker threads."""

    def __init__(self, reader: Reader, live: Live) -> None:
        self._reader, self._live = reader, live

    def entries(
        self,
        *,
        action: Annotated[ActionId | None, Query()] = None,
        agent: Annotated[AgentId | None, Query()] = None,
        outcome: Annotated[Outcome | None, Query()] = None,
        label: Annotated[Label | None, Query()] = None,
        topic: Annotated[Topic | None, Query()] = None,
        since: Annotated[datetime | None, Query(description="events at or after this time")] = None,
        until: Annotated[datetime | None, Query(description="events before this time")] = None,
        before: Number | None = None,
        after: Annotated[int | None, Query(ge=-1, le=2**53, description="oldest first, beyond this number")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    ) -> views.EntryPage:
        """Entries, newest first; oldest first where `after` is given."""
        wanted = Filter(
            action_id=action,
            agent=agent,
            outcome=outcome,
            label=label,
            topic=topic,
            since=since,
            until=until,
            before=before,
            after=after,
        )
        found = self._reader.page(wanted, limit)
        following = found[-1].seq if may_go_on(found, limit) else None
        return views.EntryPage(entries=tuple(map(views.entry_view, found)), next=following)

    def entry(self, seq: Annotated[int, Path(ge=0, le=2**53)]) -> views.EntryDetail:
        """One entry with the bytes that a proof is about."""
        return views.entry_detail(self._reader.entry(seq))

    def timeline(self, action_id: ActionId) -> Timeline:
        """One action's story with durations."""
        found: list[StoredEntry] = []
        more = True
        while more and len(found) < MAX_TIMELINE:
            limit = MAX_TIMELINE - len(found)
            page = self._reader.page(Filter(action_id=action_id, after=found[-1].seq if found else -1), limit)
            found += page
            more = may_go_on(page, limit)
        if not found:
            raise NotInLedgerError("no entry is about this action")
        return timeline(action_id, found)

    def checkpoint(
        self, size: Annotated[int | None, Query(ge=1, le=2**53, description="the first that covers so many")] = None
    ) -> views.CheckpointView:
        """The newest signed head."""
        found = self._reader.head() if size is None else self._reader.checkpoint(size)
        if found is None:
            raise NotInLedgerError("the ledger is empty")
        return views.checkpoint_view(found)

    def inclusion(self, seq: Number, size: Number | None = None) -> views.InclusionProof:
        """That an entry is in the tree of the newest checkpoint, or of the first one that covers `size`."""
        head = self.checkpoint(size)
        path = prove_inclusion(self._reader, seq, head.size)
        leaf = self._reader.entry(seq).leaf_hash.hex()
        hashes = tuple(element.hex() for element in path)
        return views.InclusionProof(seq=seq, size=head.size, leaf_hash=leaf, path=hashes, checkpoint=head)

    def consistency(self, old: Number, new: Number | None = None) -> views.ConsistencyProof:
        """That the tree of the newest checkpoint (or of the first that covers `new`) extends the tree of size `old`."""
        head = self.checkpoint(new)
        path = tuple(element.hex() for element in prove_consistency(self._reader, old, head.size))
        return views.ConsistencyProof(old=old, new=head.size, path=path, checkpoint=head)

    async def stream(
        self,
        after: Annotated[int | None, Query(ge=-1, le=2**53, description="begin beyond this entry")] = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> EventSourceResponse:
        """Entries as they come (server-sent events; `id` is the entry's number, so a reconnect misses nothing)."""
        begin = after
        if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
            begin = int(last_event_id[:16])
        if begin is None:
            head = await asyncio.to_thread(self._reader.head)
            begin = -1 if head is None else head.size - 1
        return EventSourceResponse(self._events(begin), ping=15)

    async def _events(self, after: int) -> AsyncIterator[ServerSentEvent]:
        async for entry in self._live.follow(self._reader, after):
            yield ServerSentEvent(views.entry_view(entry).model_dump_json(), id=str(entry.seq), event="entry")

    def export(self) -> StreamingResponse:
        """Everything under the newest checkpoint, for `placet ledger verify`."""
        lines = export_lines(self._reader)
        first = next(lines)  # before the status is sent: an empty ledger is a 404

        def body() -> Any:
            yield first
            yield from lines

        return StreamingResponse(body(), media_type="application/x-ndjson")


def _answer_errors(app: FastAPI) -> None:
    def answer(status: int, code: str, sentence: str) -> JSONResponse:
        return JSONResponse(views.Problem(code=code, sentence=sentence).model_dump(), status)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        response = answer(error.status_code, "refused", str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(NotInLedgerError)
    async def absent(_: Request, error: NotInLedgerError) -> JSONResponse:
        return answer(404, "not_found", str(error))

    @app.exception_handler(ProofError)
    async def impossible(_: Request, error: ProofError) -> JSONResponse:
        return answer(422, error.code, error.sentence)

    @app.exception_handler(TransientError)
    async def away(_: Request, error: TransientError) -> JSONResponse:
        return answer(503, "away", f"{error.dependency} is away; try again")

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        places = sorted({".".join(str(part) for part in found["loc"][:2]) for found in error.errors()})
        return answer(422, "malformed", f"not acceptable: {', '.join(places)}")
