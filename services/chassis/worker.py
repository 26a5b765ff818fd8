"""The stream on Faust: settings that make it safe here, and a worker that starts and stops cleanly.

Rules, each from Faust's source or from a failure seen:
- Raw bytes in and out: its own decoding would acknowledge what it cannot read.
- Read tolerantly (`placet.kafka_records`): one header's name that is not UTF-8 would end every worker, for ever.
- One agent, nothing raised out of it, acknowledged by us and in order: otherwise it commits past work in flight.
- Every buffer is bounded in bytes: the fetch per partition, the stream's own buffer, and the pump's behind it.
- Topics are neither declared nor led: a worker has no right to create any.
- Static membership: a restarted worker takes its partitions back at once instead of after the session timeout.
- No command line, no web server, no debugger on a signal, no tables, no logging set-up of its own.
- SIGTERM and SIGINT: stop reading, finish what is being handled, commit, leave. Exit status 0; after a crash 1.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import faust
from aiokafka.consumer import fetcher
from mode.utils.futures import maybe_cancel

from placet.kafka_records import make_tolerant
from placet.kafka_settings import KafkaSettings
from placet.limits import MAX_EVENT_BYTES
from services.chassis import logs
from services.chassis.budget import HELD_BYTES
from services.chassis.buffer import HeldQueue
from services.chassis.settings import StreamSettings

make_tolerant(fetcher)

REQUEST_SECONDS = 15.0
COMMIT_SECONDS = 1.0

Hook = Callable[[], Awaitable[None]]


class StreamApp(faust.App):
    """A Faust app that runs our hooks when it is up and before it lets go of the broker."""

    when_up: Hook
    before_stop: Hook
    held_bytes = HELD_BYTES

    async def on_started(self) -> None:
        """Everything of Faust's is running."""
        await super().on_started()
        await self.when_up()

    async def on_stop(self) -> None:
        """Finish our work while consumer and producer still live."""
        await self.before_stop()
        await super().on_stop()

    def FlowControlQueue(self, maxsize: int | None = None, *, clear_on_resume: bool = False) -> HeldQueue:  # noqa: N802 - Faust's name
        """Make a stream's buffer."""
        return HeldQueue(
            maxsize=maxsize,
            flow_control=self.flow_control,
            clear_on_resume=clear_on_resume,
            held_bytes=self.held_bytes,
        )


def build_app(settings: StreamSettings, loop: asyncio.AbstractEventLoop) -> StreamApp:
    """The app of one worker, not started."""
    kafka = settings.kafka
    app = StreamApp(
        settings.service,
        loop=loop,
        broker=[f"kafka://{server}" for server in kafka.servers],
        broker_credentials=_credentials(kafka),
        broker_client_id=f"{settings.service}-{settings.instance}",
        consumer_group_instance_id=f"{settings.service}-{settings.instance}",
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=min(3.0, settings.session_timeout_seconds / 4),
        broker_request_timeout=max(REQUEST_SECONDS, settings.session_timeout_seconds + 1),
        broker_commit_interval=COMMIT_SECONDS,
        broker_max_poll_records=settings.window,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_linger=0,
        producer_request_timeout=REQUEST_SECONDS,
        producer_max_request_size=1_040_000,
        consumer_max_fetch_size=MAX_EVENT_BYTES,  # of a partition at a time; one that is larger comes alone
        stream_buffer_maxsize=settings.window,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        web_enabled=False,
        autodiscover=False,
        worker_redirect_stdouts=False,
        datadir=Path(tempfile.gettempdir()) / f"placet-{settings.service}",  # never written: there are no tables
    )
    app.held_bytes = settings.held_bytes
    return app


def _credentials(kafka: KafkaSettings) -> Any:
    context = None
    if kafka.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=None if kafka.ca_file is None else str(kafka.ca_file))
    if kafka.username is not None:
        return faust.SASLCredentials(
            username=kafka.username, password=kafka.password(), mechanism=kafka.sasl_mechanism, ssl_context=context
        )
    return None if context is None else faust.SSLCredentials(context=context)


class StreamWorker(faust.Worker):
    """Runs an app as the process's main loop."""

    def __init__(self, app: StreamApp, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
        self.spinner = None

    def run(self) -> int:
        """Run until a signal or a crash; return the exit status."""
        status = 0
        self._starting_fut = asyncio.ensure_future(self.start(), loop=self.loop)
        try:
            self.loop.run_until_complete(self._starting_fut)
        except asyncio.CancelledError:
            pass
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - its text may quote values: type and place only
            logs.get_logger().exception("worker_failed")
            status = 1
        finally:
            maybe_cancel(self._starting_fut)
            status = self._ended() or status
        return status

    def _ended(self) -> int:
        try:
            self.stop_and_shutdown()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - as above; Faust raises the reason of a crash here once more
            logs.get_logger().exception("worker_crashed")
            return 1
        return 0

    def install_signal_handlers(self) -> None:
        """Two signals, one meaning."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self._schedule_shutdown, number)

    def _setproctitle(self, info: str, **_: Any) -> None:
        """Leave the process's title alone."""

    def _say(self, msg: str, file: IO[Any] | None = None, end: str = "\n", **kwargs: Any) -> None:
        """Print nothing."""

    async def _sentinel_task(self) -> None:
        """Faust sleeps a second here before it closes the loop."""
        await asyncio.sleep(0)


def new_loop() -> asyncio.AbstractEventLoop:
    """The process's event loop, made current: Faust asks for the current one in several places."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


async def cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their ends."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Exception):
            await task
