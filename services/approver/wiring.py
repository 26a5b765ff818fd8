"""Builds settle: the only file that knows both its rules and what it touches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import sleep

import httpx

from placet.errors import ContractError
from placet.trust_store import Memory, TrustStore
from services.approver.adapters.keys import PublishedKeys
from services.approver.adapters.outbox import PostgresOutbox
from services.approver.adapters.people import FileOfPeople
from services.approver.adapters.proposals import KafkaProposals
from services.approver.adapters.store import PostgresStore
from services.approver.adapters.trust import PostgresMemory
from services.approver.background import LOOK_SECONDS, Wake, relay, repeat
from services.approver.handle import Settle
from services.approver.parts import Parts
from services.approver.passkeys import Passkeys
from services.approver.settings import SettleSettings
from services.approver.timers import Timers
from services.approver.votes import Votes
from services.chassis import logs
from services.chassis.database import Listener, engine
from services.chassis.errors import SettingsError, TransientError
from services.chassis.health import Health
from services.chassis.retry import Retry
from services.chassis.runner import run_stream
from services.chassis.stream import Background
from services.chassis.telemetry import Metric, count, gauge

VOTES_CHANNEL = "placet_votes"
OUTBOX_CHANNEL = "placet_outbox"
CONNECTIONS = 4
"""The stream, the votes and the timers each hold one at a time; one to spare."""


@dataclass(frozen=True, slots=True)
class Wired:
    """Settle and its parts. `listener` is not started, and `memory` not asked."""

    parts: Parts
    memory: Memory
    service: Settle
    votes: Votes
    timers: Timers
    outbox: PostgresOutbox
    background: tuple[Background, ...]
    listener: Listener
    health: Health


def build(settings: SettleSettings) -> Wired:
    """Everything real; raise `SettingsError`."""
    settings.check()
    pool = engine(settings.database_dsn_file, name=settings.service, pool_size=CONNECTIONS)
    store = PostgresStore(pool)
    parts = Parts(
        store=store,
        people=FileOfPeople(settings.directory_file),
        proposals=KafkaProposals(settings.kafka),
        trust=settings.trust_store(on_refused=_trust_refused),
        signer=settings.signer,
        clock=lambda: datetime.now(UTC),
        bounds=settings.bounds,
        passkeys=passkeys(settings),
    )
    wakes = {VOTES_CHANNEL: Wake(), OUTBOX_CHANNEL: Wake()}
    committed = wakes[OUTBOX_CHANNEL].set
    service, votes, timers = Settle(parts, committed), Votes(parts, committed), Timers(parts, committed)
    outbox = PostgresOutbox(settings.database_dsn_file)
    listener = Listener(settings.database_dsn_file, tuple(wakes), lambda channel, _: wakes[channel].set())
    relaying, judging, timing = Retry("relay"), Retry("votes"), Retry("timers")
    health = Health()
    for retry in (relaying, judging, timing, listener.retry):
        health.ready(retry.work, retry.ready)

    def until_due() -> float:
        number, due = store.open_reviews()
        gauge(Metric.OPEN_REVIEWS, number)
        return LOOK_SECONDS if due is None else due

    background = (
        relay(outbox, wakes[OUTBOX_CHANNEL], relaying),
        repeat(votes.judge_waiting, wakes[VOTES_CHANNEL], judging),
        repeat(timers.run_due, Wake(), timing, until_due),
    )
    return Wired(parts, PostgresMemory(pool), service, votes, timers, outbox, background, listener, health)


def passkeys(settings: SettleSettings) -> Passkeys:
    """Who proves passkeys; nobody where no identity provider is named."""
    accepted = settings.accepted
    if accepted is None:
        return Passkeys()
    keys = PublishedKeys(
        accepted.issuer, jwks_url=settings.oidc_jwks_url, insecure=settings.development, http=httpx.Client()
    )
    return Passkeys(accepted, keys)


def run(settings: SettleSettings) -> None:
    """Run until SIGTERM or SIGINT; raise `SettingsError`."""
    wired = build(settings)
    remember(wired.parts.trust, wired.memory)
    wired.listener.start()
    run_stream(
        wired.service,
        settings=settings,
        trust=wired.parts.trust,
        background=wired.background,
        health=wired.health,
    )


def remember(trust: TrustStore, memory: Memory) -> None:
    """Before anything is judged: wait for the database, and raise `SettingsError` where it knows a newer trust file."""
    asking = Retry("trust")
    while True:
        try:
            trust.remember(memory)
        except TransientError as error:
            sleep(asking.failed(error))
        except ContractError as error:
            _trust_refused(error)
            raise SettingsError(f"settle cannot start: {error.sentence}.") from None
        else:
            asking.succeeded()
            return


def _trust_refused(error: ContractError) -> None:
    count(Metric.TRUST_REFUSED, code=error.code)
    logs.get_logger().error("trust_refused", code=error.code)
