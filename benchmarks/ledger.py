"""Durable appends and proofs, on a database of their own, beside bare inserts of the same bytes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.driver import timed
from benchmarks.figures import Figure, percentile
from benchmarks.world import World
from infra import roles
from placet.catalogue import Topic
from placet.events import ActionFollowed
from placet.keys import Signer
from placet.messages import Message, seal
from placet.trust import Trust
from placet.trust_store import TrustStore, load_root
from placet.verify import verify
from services.chassis.database import engine
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.export import prove_inclusion
from services.ledger.handle import Appender, InForce
from services.ledger.migrations import migrate

RATE = 2_000.0
BATCH = 256


def figures(world: World, folder: Path, *, count: int) -> Iterator[Figure]:
    """Appends flat out and at 2,000/s, the same bytes without a ledger, and one proof in the tree that results."""
    files = _database(world, folder)
    messages = _messages(world, 2 * count)
    trust = TrustStore(Path(world.endpoints["trust_file"]), load_root(world.stage.root_file))
    sequencer = PostgresSequencer(_text(files["ledger_writer"]))
    sequencer.acquire()
    appender = Appender(
        sequencer=sequencer,
        signer=Signer.load(Path(world.endpoints["keys"]) / "services" / "ledger.key.json"),
        root=load_root(world.stage.root_file),
        origin="placet.local/bench",
        in_force=lambda: InForce(trust.current(), trust.file_bytes),
        now=lambda: datetime.now(UTC),
        random=os.urandom,
    )
    appender.append(messages[:BATCH])
    chunks = [messages[at : at + BATCH] for at in range(BATCH, count, BATCH)]
    spent, checked = [], []
    for chunk in chunks:
        checked += timed(partial(_verified, chunk, trust.current()), times=1)
        spent += timed(partial(appender.append, chunk), times=1)
    latencies = _at_rate(appender, messages[count:])
    sequencer.close()
    bare = _bare_inserts(world.stage.superuser_dsn, messages[:count])
    ours = (count - BATCH) / sum(spent)
    yield Figure(
        name="ledger appends, durable",
        ours=ours,
        reference=bare,
        unit="entries/s",
        target=None,
        bound="information",
        against="bare inserts of the same bytes in batches of the same size: no check, no tree, no signature",
    )
    yield Figure(
        name="ledger appends, in itself", ours=ours, reference=None, unit="entries/s", target=2_000.0, bound="at least"
    )
    yield Figure(
        name=f"ledger append latency p99 at {RATE:,.0f}/s",
        ours=1000 * percentile(latencies, 99),
        reference=None,
        unit="ms",
        target=500.0,
        bound="at most",
    )
    quarter = max(1, len(spent) // 4)
    # In units of checking the same signatures, done beside each batch: a machine that slows down slows both.
    relative = [batch / alone for batch, alone in zip(spent, checked, strict=True)]
    yield Figure(
        name=f"ledger batch, last quarter of {count:,}",
        ours=percentile(relative[-quarter:], 50),
        reference=percentile(relative[:quarter], 50),
        unit="checks",
        target=1.25,
        bound="ratio at most",
        against="the first quarter; each batch in units of checking its own signatures at that moment",
    )
    reader = PostgresReader(engine(files["ledger_reader"], name="bench"))
    head = reader.head()
    size = head.size if head else 0
    proofs = timed(lambda: prove_inclusion(reader, size // 3, size), times=200)
    yield Figure(
        name=f"inclusion proof in {size:,} entries, p50",
        ours=1000 * percentile(proofs, 50),
        reference=None,
        unit="ms",
        target=5.0,
        bound="at most",
    )


def _verified(messages: list[Message], trust: Trust) -> None:
    now = datetime.now(UTC)
    for message in messages:
        verify(message, trust, now=now)


def _at_rate(appender: Appender, messages: list[Message]) -> list[float]:
    """Open loop: each message is due at its time; a batch takes what is due, 256 at most."""
    started, done, latencies = time.perf_counter(), 0, list[float]()
    while done < len(messages):
        due = min(len(messages), int((time.perf_counter() - started) * RATE), done + BATCH)
        if due == done:
            time.sleep(0.001)
            continue
        appender.append(messages[done:due])
        now = time.perf_counter()
        latencies += [now - (started + number / RATE) for number in range(done, due)]
        done = due
    return latencies


def _messages(world: World, count: int) -> list[Message]:
    """Withdrawals: the smallest events that an agent signs, so that the ledger's own work is what is measured."""
    now = datetime.now(UTC)
    sealed = []
    for number in range(count):
        action_id = f"019bbf4f-2400-7000-8000-{number:012x}"
        data = ActionFollowed(
            action_id=action_id, agent="nightly-export", digest="0" * 64, step="withdrawn", sequence=0
        )
        sealed.append(seal(data, world.signer, time=now, trust_digest=world.trust.digest))
    return [
        Message(
            topic=Topic.FOLLOWED, partition=0, offset=offset, key=each.key, value=each.value, signature=each.signature
        )
        for offset, each in enumerate(sealed)
    ]


def _bare_inserts(dsn: str, messages: list[Message]) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (id bigint PRIMARY KEY, value bytea NOT NULL)")
        started = time.perf_counter()
        for at in range(0, len(messages), BATCH):
            values = [message.value for message in messages[at : at + BATCH]]
            connection.execute(
                "INSERT INTO bare SELECT * FROM unnest(%b::bigint[], %b::bytea[])",
                (list(range(at, at + len(values))), values),
            )
        return len(messages) / (time.perf_counter() - started)


def _database(world: World, folder: Path) -> dict[str, Path]:
    """Databases of their own for the same roles (and their same passwords), with the ledger's schema."""
    shutil.copytree(Path(world.endpoints["dsn_files"]["ledger_owner"]).parent, folder)
    files = roles.create(world.stage.superuser_dsn, folder, rename=lambda database: f"bench_{database}")
    migrate(_text(files["ledger_owner"]))
    return files


def _text(path: Path) -> str:
    return path.read_text().strip()
