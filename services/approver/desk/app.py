"""The desk as a web application: routes, static files, health pages, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.approver.desk import api, console, doors
from services.approver.desk.desk import Desk
from services.approver.desk.identity import our_page
from services.approver.desk.pages import STATIC, Toast, render
from services.approver.desk.problems import PROBLEM_TYPE, Problem
from services.approver.desk.shield import Shield
from services.chassis.errors import TransientError
from services.chassis.health import PAGES, Health

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def application(desk: Desk, health: Health, *, started: Callable[[], AbstractAsyncContextManager[None]]) -> FastAPI:
    """The application; `started` runs around its life."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with started():
            yield

    app = FastAPI(
        title="Placet review desk",
        version="1",
        description="Reviews of held actions, masked, and votes on them. Errors are RFC 9457 problem details.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={
            Problem: _problem,
            RequestValidationError: _invalid,
            HTTPException: _http,
            TransientError: _away,
            Exception: _internal,
        },
    )
    for path in PAGES:
        app.router.routes.append(Route(path, endpoint=health))
    app.mount("/static", _Static(directory=STATIC))
    app.state.desk = desk
    for part in (api, doors, console):
        app.include_router(part.router)
    app.add_middleware(Shield, origin=desk.settings.origin, secure=desk.settings.secure)
    return app


class _Static(StaticFiles):
    """Addressed by content hash, so kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - registered for this type only
    status = int(problem.kind.status)
    if request.url.path.startswith("/api/"):
        challenge = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004
        return JSONResponse(problem.document(), status, headers=challenge, media_type=PROBLEM_TYPE)
    part = request.headers.get("hx-request") == "true"
    if problem.code == "not_signed_in":
        back = our_page(request.url.path if request.method == "GET" and not part else "/")
        address = f"/sign-in?{urlencode({'back': back})}"
        if part:
            return Response(status_code=204, headers={"hx-redirect": "/sign-in?ended=1"})
        return RedirectResponse(address, status_code=303)
    if part:
        toast = Toast("bad", problem.kind.title, f"{problem.detail} {problem.kind.next}")
        placed = {"hx-retarget": "#toasts", "hx-reswap": "beforeend", "hx-trigger": "look-again"}
        return HTMLResponse(render("_toast.html", toast=toast), status, headers=placed)
    return HTMLResponse(render("problem.html", problem=problem), status)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    places = (".".join(str(part) for part in found["loc"] if part != "body") for found in error.errors())
    named = sorted({place for place in places if place.replace("_", "").replace("-", "").isalnum()})
    detail = f"These do not fit: {', '.join(named)}." if named else "It cannot be read."
    if request.url.path.startswith("/reviews/") and request.method == "GET":
        return await _problem(request, Problem("not_found", "No review has this id."))
    return await _problem(request, Problem("malformed", detail[:500]))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    known = {
        400: ("malformed", "It cannot be read."),
        405: ("method", "The method is not one of this address."),
        413: ("too_large", "The body is larger than any vote."),
    }
    code, detail = known.get(error.status_code, ("not_found", "Nothing has this address."))
    return await _problem(request, Problem(code, detail))


async def _away(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the error is for the log
    return await _problem(request, Problem("database_away", "The database does not answer."))


async def _internal(request: Request, error: Exception) -> Response:  # noqa: ARG001 - its text may quote a value
    return await _problem(request, Problem("internal", "An error that nobody foresaw; it was logged."))
