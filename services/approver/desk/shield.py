"""What every response and every request gets, whatever the route.

Rules:
- Pages run our own script and style and nothing else; nobody may frame them; nothing personal is cached.
- A change from a foreign origin is refused before anything reads it.
- A body has a size before it has a meaning.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import Final

from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.approver.desk.identity import SAFE_METHODS
from services.approver.desk.problems import PROBLEM_TYPE, Problem
from services.chassis import telemetry
from services.chassis.telemetry import Attribute, Metric, SpanName

MAX_BODY_BYTES: Final = 16_384
STREAMS: Final = frozenset({"/api/v1/events"})
"""Routes that last as long as somebody looks: their time is no latency."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class _TooLargeError(HTTPException):
    """Of a family that FastAPI lets through where it reads a body."""

    def __init__(self) -> None:
        super().__init__(413)


class Shield:
    """ASGI middleware; outermost."""

    def __init__(self, app: ASGIApp, *, origin: str, secure: bool) -> None:
        self._app = app
        self._origin = origin
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        seen: dict[str, int] = {"status": 500}

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                self._dress(MutableHeaders(scope=message))
            await send(message)

        with telemetry.span(SpanName.HTTP, kind=SpanKind.SERVER) as span:
            refused = self._refused(scope)
            if refused is not None:
                await _answer(refused, dressed)
            else:
                await self._app(scope, _bounded(receive), dressed)
            route = getattr(scope.get("route"), "path", "other")
            span.set_attributes({Attribute.ROUTE: route, Attribute.STATUS: seen["status"]})
        telemetry.count(Metric.REQUESTS, route=route, status=seen["status"])
        if route not in STREAMS:
            telemetry.observe(Metric.REQUEST_SECONDS, perf_counter() - started, route=route)

    def _dress(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        if self._secure:
            headers["strict-transport-security"] = "max-age=31536000"
        headers.setdefault("cache-control", "no-store")

    def _refused(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if scope["method"] not in SAFE_METHODS and headers.get("origin", self._origin) != self._origin:
            return Problem("foreign_origin", "Its Origin header names another site.")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > 9 or int(length) > MAX_BODY_BYTES:  # noqa: PLR2004
            return _too_large()
        return None


def _bounded(receive: Receive) -> Receive:
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > MAX_BODY_BYTES:
            raise _TooLargeError
        return message

    return counted


def _too_large() -> Problem:
    return Problem("too_large", f"A request holds at most {MAX_BODY_BYTES} bytes.")


async def _answer(problem: Problem, send: Send) -> None:
    body = json.dumps(problem.document()).encode()
    headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(problem.kind.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
