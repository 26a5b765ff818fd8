"""The console: pages for people, and the parts of pages that renew themselves.

Rules:
- Only reading a page or voting counts as being at work; what a page fetches by itself does not keep a session alive.
- A vote of the console goes the same way as one of the API.
- A part that is asked for by a page of somebody who is signed out sends that page to the sign-in.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from placet.events import VoteKind
from services.approver.desk import pages
from services.approver.desk.api import MAX_REASON_CHARACTERS
from services.approver.desk.desk import Desk
from services.approver.desk.model import Page, View, Vote
from services.approver.desk.pages import Toast, render
from services.approver.desk.problems import Problem
from services.approver.desk.voting import Caller, found
from services.approver.desk.wanted import After, AtConsole, Id, TheDesk

PAGE: Final = 50

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


class VoteForm(BaseModel):
    """What the dialogs send."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    digest: Annotated[str, Field(max_length=64)]
    key: Annotated[str, Field(max_length=64)]
    preset: Annotated[str, Field(max_length=200)] = ""
    reason: Annotated[str, Field(max_length=MAX_REASON_CHARACTERS)] = ""

    def said(self) -> str | None:
        """The reason that was picked and the words that were added, as one text."""
        said = " ".join(part.strip() for part in (self.preset, self.reason) if part.strip())
        if len(said) > MAX_REASON_CHARACTERS:
            raise Problem("too_large", f"A reason holds at most {MAX_REASON_CHARACTERS} characters.")
        return said or None


Sent = Annotated[VoteForm, Form()]
Cast = Annotated[str | None, Query(max_length=36)]


@router.get("/")
async def inbox(request: Request, desk: TheDesk, caller: AtConsole) -> HTMLResponse:
    """What waits for me."""
    return _whole(desk, request, caller, "inbox.html", await _inbox(desk, caller))


@router.get("/parts/inbox")
async def inbox_part(desk: TheDesk, caller: AtConsole) -> HTMLResponse:
    """The same, to renew it."""
    return HTMLResponse(render("_inbox.html", **await _inbox(desk, caller)))


@router.get("/open")
async def everything_open(request: Request, desk: TheDesk, caller: AtConsole, after: After = None) -> HTMLResponse:
    """Everything that is open, mine or not."""
    content = {"view": "open", "page": await _page(desk, caller, View.OPEN, after)}
    return _whole(desk, request, caller, "list.html", content)


@router.get("/history")
async def history(request: Request, desk: TheDesk, caller: AtConsole, after: After = None) -> HTMLResponse:
    """What was settled."""
    content = {"view": "history", "page": await _page(desk, caller, View.CLOSED, after)}
    return _whole(desk, request, caller, "list.html", content)


@router.get("/reviews/{action_id}")
async def review(request: Request, desk: TheDesk, caller: AtConsole, action_id: Id, cast: Cast = None) -> HTMLResponse:
    """One review; `cast` is the vote that somebody comes back from casting."""
    content = await _review(desk, caller, action_id)
    mine = [vote for vote in content["review"].votes if (vote.request_id, vote.reviewer) == (cast, caller.person.id)]
    told = {"told": _told(mine[0], content)} if mine else {}
    return _whole(desk, request, caller, "review.html", content | told)


@router.get("/parts/reviews/{action_id}")
async def review_part(desk: TheDesk, caller: AtConsole, action_id: Id) -> HTMLResponse:
    """The part of it that changes."""
    return HTMLResponse(render("_aside.html", toast=None, **await _review(desk, caller, action_id)))


@router.post("/reviews/{action_id}/approve")
async def approve(request: Request, desk: TheDesk, caller: AtConsole, action_id: Id, form: Sent) -> Response:
    """Approve; where that needs a passkey, the page goes to the identity provider first."""
    if (await found(desk.reviews, action_id)).heading.requirement.step_up is not None:
        # Not a redirect: our policy lets no form lead elsewhere, and the page's own script may.
        away = Response(status_code=204)
        away.headers["hx-redirect"] = await desk.step_up.begin(
            caller, action_id, reason=form.said(), digest=form.digest, response=away
        )
        desk.identity.keep(request, away)
        return away
    return await _vote(desk, request, caller, VoteKind.APPROVE, (action_id, form))


@router.post("/reviews/{action_id}/reject")
async def reject(request: Request, desk: TheDesk, caller: AtConsole, action_id: Id, form: Sent) -> HTMLResponse:
    """Reject."""
    return await _vote(desk, request, caller, VoteKind.REJECT, (action_id, form))


async def _vote(
    desk: Desk, request: Request, caller: Caller, kind: VoteKind, sent: tuple[str, VoteForm]
) -> HTMLResponse:
    action_id, form = sent
    cast = await desk.voting.cast(caller, action_id, kind, reason=form.said(), digest=form.digest, key=form.key)
    content = await _review(desk, caller, action_id)
    response = HTMLResponse(render("_aside.html", toast=_told(cast, content), **content))
    desk.identity.keep(request, response)
    return response


async def _inbox(desk: Desk, caller: Caller) -> dict[str, Any]:
    return pages.inbox(await _page(desk, caller, View.MINE), await _page(desk, caller, View.OPEN))


async def _review(desk: Desk, caller: Caller, action_id: str) -> dict[str, Any]:
    return pages.review(await found(desk.reviews, action_id), caller, desk.directory)


async def _page(desk: Desk, caller: Caller, view: View, after: str | None = None) -> Page:
    try:
        return await run_in_threadpool(desk.reviews.page, view, caller.person, after=after, limit=PAGE)
    except ValueError:
        raise Problem("malformed", "This page of the list does not exist.") from None


def _whole(desk: Desk, request: Request, caller: Caller, template: str, content: dict[str, Any]) -> HTMLResponse:
    session = desk.identity.session(request)
    csrf = desk.identity.sessions.csrf(session) if session is not None else ""
    response = HTMLResponse(render(template, caller=caller, csrf=csrf, **content))
    desk.identity.keep(request, response)
    return response


def _told(cast: Vote, content: dict[str, Any]) -> Toast:
    """What became of a vote, for whoever cast it."""
    if cast.counted is None:
        return Toast("plain", "Your vote is in.", "It is being judged; this page tells you when.")
    if not cast.counted:
        return Toast("bad", "Your vote does not count.", cast.sentence or "")
    heading = content["heading"]
    if not heading.open:
        tone = "good" if heading.state == "approved" else "bad"
        return Toast(tone, f"Settled: {heading.state}.", heading.closed_sentence or "")
    did = "approved" if cast.vote is VoteKind.APPROVE else "rejected"
    return Toast("good", f"You {did} it.", f"Still needed: {content['progress'].missing}.")
