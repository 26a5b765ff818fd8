"""Runs a stream service: bytes → verified → handled → published → acknowledged.

The parts: `pipeline` decides what becomes of a batch, `pump` keeps the order and the window, `worker` is Faust,
`broker` writes, `watchdog` looks at progress from outside, `health` answers. This module only joins them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from placet.trust_store import TrustStore
from services.chassis import logs, worker
from services.chassis.broker import BrokerPublisher
from services.chassis.errors import TransientError
from services.chassis.health import Health, HealthServer
from services.chassis.pipeline import Pipeline
from services.chassis.pump import Pump
from services.chassis.records import received
from services.chassis.retry import Retry
from services.chassis.settings import StreamSettings
from services.chassis.stream import Background, StreamService
from services.chassis.watchdog import Watchdog

DRAIN_SECONDS = 5.0
WELL_AFTER_SECONDS = 5.0
"""Background work that has run so long without raising is well again."""


def run_stream(
    service: StreamService,
    *,
    settings: StreamSettings,
    trust: TrustStore,
    background: Sequence[Background] = (),
    health: Health | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; raise SystemExit with status 1 after a crash.

    Returns when what was being handled is published and committed, or left unacknowledged. `health` takes further
    checks of the service. Call it from the main thread, once per process.
    """
    loop = worker.new_loop()
    app = worker.build_app(settings, loop)
    stream = _Stream(app, service, settings, trust, background)
    watchdog = Watchdog(
        settings.kafka,
        group=settings.service,
        topics=[str(topic) for topic in service.consumes],
        assignment=stream.assignment,
        excused=stream.waiting,
        stuck_after=settings.stuck_after_seconds,
    )
    health = health or Health()
    health.alive("progress", watchdog.alive)
    health.ready("partitions", lambda: None if stream.assignment() else "no partitions assigned yet")
    for retry in (watchdog.reaching, stream.pump.handling, stream.pump.publishing, stream.background):
        health.ready(retry.work, retry.ready)
    server = (
        None if settings.http_port is None else HealthServer(health, host=settings.http_host, port=settings.http_port)
    )
    watchdog.start()
    status = worker.StreamWorker(app, loop).run()
    watchdog.close()
    if server is not None:
        server.close()
    logs.get_logger().info("stream_stopped", status=status)
    if stream.pump.busy:
        # A thread that is still in `handle` cannot be ended, and Python would wait for it. Nothing of it was
        # published or acknowledged.
        sys.stderr.flush()
        os._exit(1)
    if status:
        raise SystemExit(status)


class _Stream:
    """The agent, the pump and the background work of one app."""

    def __init__(
        self,
        app: worker.StreamApp,
        service: StreamService,
        settings: StreamSettings,
        trust: TrustStore,
        background: Sequence[Background],
    ) -> None:
        self._app, self._work = app, tuple(background)
        self._publisher = BrokerPublisher(app)
        pipeline = Pipeline(service, trust, lambda: datetime.now(UTC))
        self.pump = Pump(pipeline, self._publisher.write, window=settings.window, held_bytes=settings.held_bytes)
        self.background = Retry("background")
        self._tasks: list[asyncio.Task[Any]] = []
        app.when_up, app.before_stop = self._up, self._stop
        names = [str(topic) for topic in service.consumes]
        topic = app.topic(*names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=settings.service, concurrency=1)(self._read)

    def assignment(self) -> frozenset[tuple[str, int]]:
        """The partitions this worker reads; empty until it has joined."""
        try:
            return frozenset((tp.topic, tp.partition) for tp in self._app.consumer.assignment())
        except Exception:  # noqa: BLE001 - Faust raises several things before it has joined and while it leaves
            return frozenset()

    def waiting(self) -> bool:
        """Whether work is being tried again: no progress is expected, and a restart would not help."""
        return self.pump.handling.trouble is not None or self.pump.publishing.trouble is not None

    async def _read(self, stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            item = received(
                message.topic,
                message.partition,
                message.offset,
                key=message.key,
                value=message.value,
                headers=message.headers,
            )
            await self.pump.offer(item, event.ack)

    async def _up(self) -> None:
        self._tasks = [asyncio.create_task(self._keep(work)) for work in self._work]
        for task in self.pump.start():
            task.add_done_callback(self._fault)
        logs.get_logger().info("stream_started")

    def _fault(self, task: asyncio.Task[Any]) -> None:
        """A fault of the chassis itself: crash, and be started again, rather than stand still."""
        if not task.cancelled() and (error := task.exception()) is not None:
            logs.get_logger().critical("pump_failed", exc_info=error)
            self._tasks.append(asyncio.ensure_future(self._app.crash(error)))

    async def _keep(self, work: Background) -> None:
        """Run background work until it returns; start it again when it raises."""
        while (error := await self._raised(work)) is not None:
            if not isinstance(error, TransientError):
                logs.get_logger().error("background_failed", exc_info=error)
                error = TransientError("background work")
            await asyncio.sleep(self.background.failed(error))

    async def _raised(self, work: Background) -> Exception | None:
        running = asyncio.ensure_future(work(self._publisher))
        try:
            await asyncio.wait({running}, timeout=WELL_AFTER_SECONDS)
            if not running.done():
                self.background.succeeded()
            await running
        except Exception as error:  # noqa: BLE001 - background work is as little allowed to die as the stream
            return error
        finally:
            running.cancel()
        return None

    async def _stop(self) -> None:
        await worker.cancelled(self._tasks)
        await self.pump.drain(DRAIN_SECONDS)
