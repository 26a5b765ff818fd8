"""Where content comes to rest in a running system, each place as pairs of a name and bytes.

Rules: everything is read through the door that opens furthest (the operator's Kafka user, the database's superuser, the
files themselves), so that what is not found there is not there. Nothing is read partly: what cannot be read is an
error, but for a process that ended meanwhile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
from kafka import KafkaConsumer, TopicPartition
from psycopg import sql
from psycopg.conninfo import make_conninfo

from placet.kafka_settings import KafkaSettings

DATABASES = ("approver", "ledger")

Content = Iterator[tuple[str, bytes]]


def topics(kafka_file: str, *, but: frozenset[str] = frozenset()) -> Content:
    """Every record of every topic, the broker's own included: key, value, headers, as they lie there."""
    consumer: Any = KafkaConsumer(
        **KafkaSettings.load(Path(kafka_file)).for_kafka_python(),
        enable_auto_commit=False,
        exclude_internal_topics=False,
        auto_offset_reset="earliest",
    )
    try:
        names = sorted(consumer.topics() - but)
        places = [TopicPartition(name, part) for name in names for part in consumer.partitions_for_topic(name) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(timeout_ms=500).items():
                for record in records:
                    headers = [part for name, value in record.headers for part in (name.encode(), value or b"")]
                    parts = [record.key or b"", record.value or b"", *headers]
                    yield f"{place.topic}/{place.partition}/{record.offset}", b"\n".join(parts)
    finally:
        consumer.close()


def tables(superuser_dsn: str) -> Content:
    """Every row of every table of both databases as text, and the last statement of each connection."""
    for database in DATABASES:
        with psycopg.connect(make_conninfo(superuser_dsn, dbname=database)) as connection:
            found = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, table in found:
                every = sql.SQL("SELECT row::text FROM {} AS row").format(sql.Identifier(schema, table))
                rows = "\n".join(row for (row,) in connection.execute(every))
                yield f"{database}: {schema}.{table}", rows.encode()
            statements = connection.execute("SELECT query FROM pg_stat_activity WHERE datname = %s", (database,))
            yield f"{database}: statements", "\n".join(text or "" for (text,) in statements).encode()


def files(folder: Path, *, but: Iterable[Path] = ()) -> Content:
    """Every file below a folder, its name included; what is read through other doors is left out by naming it."""
    left_out = set(but)
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = [name for name in folders if here / name not in left_out]
        for path in (here / name for name in names if here / name not in left_out):
            try:
                regular = stat.S_ISREG(path.lstat().st_mode)
                content = path.read_bytes() if regular else b""
            except FileNotFoundError:  # gone since the folder was listed
                continue
            yield str(path), os.fsencode(path) + b"\n" + content


def pages(urls: Iterable[str], client: httpx.Client) -> Content:
    """What addresses answer, headers included; one that shows nothing (no such page, not signed in) is an error."""
    for url in urls:
        answer = client.get(url)
        if answer.status_code not in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}:  # not ready is an answer too
            answer.raise_for_status()
        headers = b"\n".join(name + b": " + value for name, value in answer.headers.raw)
        yield url, headers + b"\n\n" + answer.content


def processes() -> Content:
    """Command line and environment of every process."""
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                yield f"{folder.name}: {name}", (folder / name).read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
