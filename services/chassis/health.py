"""/healthz, /readyz and /metrics: a tiny ASGI application.

Rules:
- /healthz (liveness): 503 means that only a restart can help. /readyz: 503 means that work waits for something named.
- A check returns None when well and a static sentence when not; a check that raises is not well.
- Served from a daemon thread, so that it answers while the main loop is busy; API services mount it instead.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

import uvicorn

from services.chassis import logs, telemetry
from services.chassis.errors import SettingsError

Check = Callable[[], str | None]
Scope = MutableMapping[str, Any]

PAGES: Final = ("/healthz", "/readyz", "/metrics")


class Health:
    """The application; checks may be added at any time."""

    def __init__(self) -> None:
        self._alive: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}

    def alive(self, name: str, check: Check) -> None:
        """Add a liveness check."""
        self._alive[name] = check

    def ready(self, name: str, check: Check) -> None:
        """Add a readiness check."""
        self._ready[name] = check

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path; only its last segment counts, so it can be mounted anywhere."""
        match "/" + path.rstrip("/").rsplit("/", 1)[-1]:
            case "/healthz":
                return _report(self._alive)
            case "/readyz":
                return _report({**self._alive, **self._ready})
            case "/metrics":
                body, kind = telemetry.page()
                return 200, kind, body
            case _:
                return 404, "application/json", b'{"status":"not found"}'

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],  # noqa: ARG002 - ASGI's signature
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            return
        if scope["method"] in {"GET", "HEAD"}:
            status, kind, body = self.answer(scope["path"])
        else:
            status, kind, body = 405, "application/json", b'{"status":"only GET"}'
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _report(checks: Mapping[str, Check]) -> tuple[int, str, bytes]:
    found = {name: _asked(check) for name, check in checks.items()}
    well = all(problem is None for problem in found.values())
    body = {
        "status": "ok" if well else "unavailable",
        "checks": {name: "ok" if problem is None else problem for name, problem in found.items()},
    }
    return 200 if well else 503, "application/json", json.dumps(body).encode()


def _asked(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not well
        return f"the check failed: {type(error).__name__}"


class HealthServer:
    """Serves an ASGI application from a daemon thread."""

    def __init__(self, application: Any, *, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()
        logs.get_logger().info("http_listening", port=self.port)

    def _run(self) -> None:
        # Outside the main thread uvicorn leaves signals alone.
        self._server.run(sockets=[self._socket])

    def close(self) -> None:
        """Stop answering."""
        self._server.should_exit = True
        self._thread.join(timeout=3)
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(f"{host}:{port} cannot be listened on: {error.strerror}.") from None
    return listening
