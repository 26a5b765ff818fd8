"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.approver.desk.identity import our_page
from services.approver.desk.pages import render
from services.approver.desk.wanted import TheDesk

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/sign-in")
async def sign_in(request: Request, desk: TheDesk, back: str = "/", ended: str = "") -> Response:
    """The page that offers it."""
    if desk.identity.session(request) is not None and not ended:
        return RedirectResponse(our_page(back), status_code=303)
    return HTMLResponse(render("sign_in.html", back=our_page(back), ended=bool(ended)))


@router.get("/sign-in/start")
async def start(desk: TheDesk, back: str = "/") -> Response:
    """Off to the identity provider."""
    response = RedirectResponse("/", status_code=303)
    response.headers["location"] = await desk.identity.begin(back, response)
    return response


@router.get("/sign-in/callback")
async def callback(request: Request, desk: TheDesk) -> Response:
    """Back from it: signed in, or with the passkey that a vote waited for."""
    response = RedirectResponse("/", status_code=303)
    returned = await desk.identity.returned(request, response)
    if returned.sign_in.ballot is None:
        response.headers["location"] = desk.identity.enter(request, returned, response)
    else:
        response.headers["location"] = await desk.step_up.complete(request, returned)
        desk.identity.keep(request, response)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, desk: TheDesk) -> Response:
    """Out; the session is worth nothing from here on."""
    response = RedirectResponse("/sign-in?ended=1", status_code=303)
    await desk.identity.end(request, response)
    return response
