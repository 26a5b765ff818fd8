"""The JSON API, /api/v1.

Rules:
- A body holds what its model names and nothing else: there is no field for who votes.
- Everything shown is masked; text is as classified, to be shown with care (see `text`).
- Errors are problem+json.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from placet.base import Sha256
from placet.events import Authentication, VoteKind
from services.approver.desk import documents
from services.approver.desk.desk import Desk
from services.approver.desk.model import View
from services.approver.desk.problems import KINDS, PROBLEM_TYPE, Problem
from services.approver.desk.stream import changes
from services.approver.desk.voting import Caller, found
from services.approver.desk.wanted import After, AtApi, Id, TheDesk

LARGEST_PAGE: Final = 200
MAX_REASON_CHARACTERS: Final = 500

Key = Annotated[
    str | None,
    Header(pattern=r"^[!-~]{1,200}$", description="Repeating a request with the same key finds the same vote."),
]
Reason = Annotated[str, StringConstraints(max_length=MAX_REASON_CHARACTERS)]


class Approval(BaseModel):
    """Assent to exactly this digest."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    digest: Annotated[Sha256, Field(description="The digest of the review you looked at.")]
    reason: Annotated[Reason | None, Field(description="For the record.")] = None


class Rejection(BaseModel):
    """Refusal, with what the agent should know."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    digest: Annotated[Sha256, Field(description="The digest of the review you looked at.")]
    reason: Annotated[Reason, Field(min_length=1, description="The agent receives it.")]


_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "next"],
    "properties": {
        "type": {"type": "string", "enum": [f"urn:placet:problem:{code}" for code in KINDS]},
        "title": {"type": "string", "description": "What happened."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Why."},
        "next": {"type": "string", "description": "What to do."},
    },
}


def _problems(**described: str) -> dict[int | str, dict[str, Any]]:
    content = {PROBLEM_TYPE: {"schema": _PROBLEM}}
    return {int(status[1:]): {"description": text, "content": content} for status, text in described.items()}


COMMON: Final = _problems(
    s401="Not signed in, or a token that does not hold.",
    s403="Not known here, not eligible, or not from our own pages.",
    s404="No such review.",
    s422="Not as described here.",
    s503="The database or the identity provider does not answer.",
)
JUDGED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"description": "Cast, not judged yet: ask for the review again."},
    **_problems(s409="Settled or voted already, or another digest."),
}

router = APIRouter(prefix="/api/v1", responses=COMMON)


@router.get("/me", summary="Who you are here, and the CSRF token of your session")
async def me(request: Request, desk: TheDesk, caller: AtApi) -> dict[str, Any]:
    """The caller."""
    session = desk.identity.session(request) if caller.authentication is Authentication.SESSION else None
    return {
        "id": caller.person.id,
        "name": caller.person.name,
        "groups": sorted(caller.person.groups),
        "authentication": caller.authentication,
        "csrf_token": None if session is None else desk.identity.sessions.csrf(session),
    }


@router.get("/reviews", summary="Reviews, page by page")
async def reviews(
    desk: TheDesk,
    caller: AtApi,
    view: Annotated[View, Query(description="mine: those that wait for you, most urgent first.")] = View.MINE,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> dict[str, Any]:
    """A list."""
    try:
        page = await run_in_threadpool(desk.reviews.page, view, caller.person, after=after, limit=limit)
    except ValueError:
        raise Problem("malformed", "`after` is not a cursor of this list.") from None
    return {"reviews": [documents.heading(heading) for heading in page.headings], "next": page.next}


@router.get("/reviews/{action_id}", summary="Everything about one review, masked")
async def review(desk: TheDesk, caller: AtApi, action_id: Id) -> dict[str, Any]:
    """One review."""
    return documents.review(await found(desk.reviews, action_id), caller, desk.directory)


@router.post("/reviews/{action_id}/approve", summary="Approve", responses=JUDGED)
async def approve(
    desk: TheDesk, caller: AtApi, action_id: Id, body: Approval, idempotency_key: Key = None
) -> JSONResponse:
    """Assent."""
    return await _vote(desk, caller, VoteKind.APPROVE, (action_id, body, idempotency_key))


@router.post("/reviews/{action_id}/reject", summary="Reject, with a reason", responses=JUDGED)
async def reject(
    desk: TheDesk, caller: AtApi, action_id: Id, body: Rejection, idempotency_key: Key = None
) -> JSONResponse:
    """Refuse."""
    return await _vote(desk, caller, VoteKind.REJECT, (action_id, body, idempotency_key))


@router.get(
    "/events",
    summary="Changes as server-sent events: `review` {action_id}, `resync` {}",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    request: Request, desk: TheDesk, caller: AtApi, review: Annotated[str | None, Query(max_length=36)] = None
) -> StreamingResponse:
    """Hints to look again."""
    stream = changes(desk.live, only=review, allowed=lambda: desk.identity.still(request, caller))
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _vote(
    desk: Desk, caller: Caller, kind: VoteKind, sent: tuple[str, Approval | Rejection, str | None]
) -> JSONResponse:
    action_id, body, key = sent
    cast = await desk.voting.cast(caller, action_id, kind, reason=body.reason, digest=body.digest, key=key)
    after = documents.review(await found(desk.reviews, action_id), caller, desk.directory)
    return JSONResponse(documents.vote(cast) | {"review": after}, 202 if cast.counted is None else 200)
