"""Builds the ledger's two processes: the only file that knows both the service and what it touches."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI

from placet.errors import ContractError
from placet.events import LedgerCheckpointed
from placet.messages import seal
from placet.trust_store import load_root
from services.chassis import logs, process
from services.chassis.batch_consumer import BatchConsumer
from services.chassis.database import Listener, engine, read_dsn
from services.chassis.errors import SettingsError
from services.chassis.health import Health, HealthServer
from services.chassis.telemetry import Metric, count
from services.ledger.adapters.heads import HeadPublisher
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.api import Access, create_app
from services.ledger.decide import CONSUMED, check_key, checkpoint_event
from services.ledger.errors import SigningKeyError
from services.ledger.handle import Appender, InForce
from services.ledger.live import Live
from services.ledger.ports import StoredCheckpoint
from services.ledger.settings import ReaderSettings, WriterSettings
from services.ledger.writer import Writer


@dataclass(frozen=True, slots=True)
class WiredWriter:
    """The writer and what must be closed after it."""

    writer: Writer
    sequencer: PostgresSequencer
    publisher: HeadPublisher
    health: Health

    def close(self) -> None:
        """Give up the lock and the connections."""
        self.sequencer.close()
        self.publisher.close()


def build_writer(settings: WriterSettings, *, stopping: threading.Event) -> WiredWriter:
    """Everything real, nothing connected yet; raise `SettingsError`."""
    trust = settings.trust_store(on_refused=_trust_refused)
    sequencer = PostgresSequencer(read_dsn(settings.database_dsn_file))
    publisher = HeadPublisher(settings.kafka)
    signer = settings.signer
    try:
        check_key(trust.current(), signer, now=_now())
    except SigningKeyError as error:
        raise SettingsError(f"ledger cannot start: {error}.") from None
    appender = Appender(
        sequencer=sequencer,
        signer=signer,
        root=load_root(settings.trust_root_file),
        origin=settings.ledger_origin,
        in_force=lambda: InForce(trust.current(), trust.file_bytes),
        now=_now,
        random=os.urandom,
    )
    consumer = BatchConsumer(CONSUMED, settings, batch=settings.batch, resume_at=sequencer.next_offsets)

    def publish(head: StoredCheckpoint) -> None:
        event: LedgerCheckpointed = checkpoint_event(settings.ledger_origin, head)
        publisher.publish(seal(event, signer, time=_now(), trust_digest=trust.current().digest))

    health = Health()
    writer = Writer(
        lock=sequencer,
        appender=appender,
        stream=consumer,
        publish=publish,
        publish_seconds=settings.checkpoint_seconds,
        stopping=stopping,
        on_active=lambda: consumer.checks(health),
    )
    health.ready("lock", writer.standby.ready)
    return WiredWriter(writer, sequencer, publisher, health)


def run_writer(settings: WriterSettings) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = process.stop_event()
    wired = build_writer(settings, stopping=stopping)
    server = None
    if settings.http_port is not None:
        server = HealthServer(wired.health, host=settings.http_host, port=settings.http_port)
    threading.Thread(target=_stop_when, args=(stopping, wired.writer), daemon=True).start()
    try:
        wired.writer.run()
    finally:
        wired.close()
        if server is not None:
            server.close()


def build_api(settings: ReaderSettings) -> FastAPI:
    """The API; raise `SettingsError`."""
    token = None
    if settings.ledger_token_file is None:
        settings.stand_in("a read API without a token")
    else:
        token = _token(settings)
    pool = engine(settings.database_dsn_file, name=settings.service, pool_size=settings.database_connections)
    reader = PostgresReader(pool)
    live = Live()
    listener = Listener(settings.database_dsn_file, ["placet_ledger"], lambda _channel, _payload: live.wake())
    health = Health()
    health.ready("database", listener.retry.ready)
    return create_app(reader, Access(token), live=live, listener=listener, health=health)


def run_api(settings: ReaderSettings) -> None:
    """Run until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        build_api(settings),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run()


def _stop_when(stopping: threading.Event, writer: Writer) -> None:
    stopping.wait()
    writer.stream.stop()


def _token(settings: ReaderSettings) -> str:
    path = settings.ledger_token_file
    try:
        token = path.read_text().strip() if path is not None else ""
    except OSError as error:
        raise SettingsError(f"The token file {path} cannot be read: {error.strerror}.") from None
    if len(token) < 16:  # noqa: PLR2004 - shorter ones can be tried out
        raise SettingsError(f"The token in {path} is shorter than 16 characters.")
    return token


def _trust_refused(error: ContractError) -> None:
    count(Metric.TRUST_REFUSED, code=error.code)
    logs.get_logger().error("trust_refused", code=error.code)


def _now() -> datetime:
    return datetime.now(UTC)
