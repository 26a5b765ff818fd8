"""The desk's process: `python -m services.approver desk`."""

from __future__ import annotations

import asyncio
import signal
import socket

import uvicorn

from services.approver.desk.live import Live
from services.approver.desk.settings import DeskSettings
from services.approver.desk.wiring import build
from services.chassis import process

GRACE_SECONDS = 3


class DeskServer(uvicorn.Server):
    """Ends the streams before it waits for open connections: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, streams first."""
        self._live.stop()
        await super().shutdown(sockets)


def server(settings: DeskSettings) -> DeskServer:
    """The server, not yet running; raise `SettingsError`."""
    app, live = build(settings)
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return DeskServer(config, live)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = DeskSettings.load()
    process.begin(settings)
    # While it serves, uvicorn handles these itself; once it has stopped it raises them again, which is not wanted.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    asyncio.run(server(settings).serve())
