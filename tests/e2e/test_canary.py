"""Need to know: a value that is detected stands unmasked in the proposal's topic, and nowhere else in the system."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import psycopg
import pytest
from kafka import KafkaProducer
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from psycopg.conninfo import make_conninfo

from examples.nightly_export.scenarios import World
from placet.catalogue import CATALOGUE, Topic
from placet.kafka_settings import KafkaSettings
from tests import stores
from tests.canaries import Flock, Kind, forms, search
from tests.otlp import OtlpReceiver
from tests.plays import AGENT, Played, play
from tests.systems import RunningSystem

pytestmark = pytest.mark.timeout(600)

IN_CLEAR: Final = frozenset({str(Topic.PROPOSED), CATALOGUE[Topic.PROPOSED].dead_letters})
"""The topics that hold values: what an agent says, and what nobody could prove it said."""


@pytest.fixture(scope="module")
def played(system: RunningSystem, world: World, otlp: OtlpReceiver) -> Played:
    done = play(system, world)
    served = {"classifier", "policy", "settle"}
    otlp.until(lambda: served <= {span.service.removeprefix("placet-") for span in otlp.spans()})
    return done


class Places:
    """Every kind of store of the running system, by name; `played` says what a reviewer can open."""

    def __init__(self, system: RunningSystem, world: World, otlp: OtlpReceiver, played: Played) -> None:
        self.system, self.world, self.otlp, self.played = system, world, otlp, played

    def read(self, name: str) -> stores.Content:
        found: stores.Content = getattr(self, name)()
        return found

    def topics(self) -> stores.Content:
        return stores.topics(self.system.endpoints["kafka_file"], but=IN_CLEAR)

    def tables(self) -> stores.Content:
        return stores.tables(self.system.stage.superuser_dsn)

    def run_folder(self) -> stores.Content:
        """Logs of services, broker and database, state and temporary folders, status.json and endpoints.json. The
        records of the broker and the pages of the database are read above.
        """
        run = self.system.folder
        return stores.files(run, but=(run / "kafka" / "node" / "data", run / "postgres" / "data"))

    def clients(self) -> stores.Content:
        """Logs and state of agents and executor. The agent's journal is left out: it is the agent's own, holds what the
        agent proposes until it is settled, and nobody else reads it. The executor's store holds no ticket.
        """
        folder = self.system.stage.folder
        journal = [folder / f"{AGENT}.journal{suffix}" for suffix in ("", "-wal", "-shm")]
        return stores.files(folder, but=journal)

    def temporary_folder(self) -> stores.Content:
        """What was left there since the plays began; what belongs to the tests themselves is not looked into."""
        here = Path(tempfile.gettempdir())
        for entry in os.scandir(here):
            if entry.name.startswith("placet-") and not entry.name.startswith(("placet-e2e-", "placet-tests-")):
                with suppress(FileNotFoundError):  # whoever made it was quicker
                    if entry.stat().st_mtime >= self.played.began:
                        yield from stores.files(here / entry.name)
        yield from stores.files(self.system.folder / "tmp")

    def metrics(self) -> stores.Content:
        health = self.system.endpoints["health"].values()
        urls = [url.replace("/healthz", page) for url in health for page in ("/metrics", "/healthz", "/readyz")]
        with httpx.Client(timeout=60, trust_env=False) as anybody:
            yield from stores.pages(urls, anybody)

    def spans(self) -> stores.Content:
        yield from list(self.otlp.bodies)

    def desk_api(self) -> stores.Content:
        alice = self.world.people["alice"]._desk
        views = [f"/api/v1/reviews?view={view}&limit=200" for view in ("mine", "open", "closed", "all")]
        return stores.pages(
            ["/api/v1/reviews", *views, *(f"/api/v1/reviews/{one}" for one in self.played.shown)], alice
        )

    def console(self) -> stores.Content:
        opened = [f"{where}/reviews/{one}" for one in self.played.shown for where in ("", "/parts")]
        with httpx.Client(base_url=self.system.endpoints["desk"], timeout=60, trust_env=False) as browser:
            away = browser.get("/sign-in/start").headers["location"]
            browser.get(browser.post(away, data={"sub": "alice"}).headers["location"])
            assert browser.get("/").status_code == httpx.codes.OK
            yield from stores.pages(["/", "/parts/inbox", "/open", "/history", *opened], browser)

    def ledger_api(self) -> stores.Content:
        for name, action_id in self.played.actions.items():
            yield name, self.system.ledger.everything(action_id).encode() if name in self.played.ended else b""
        yield "export", self.system.ledger.export()

    def processes(self) -> stores.Content:
        return stores.processes()


STORES: Final = (
    "topics", "tables", "run_folder", "clients", "temporary_folder", "metrics", "spans", "desk_api", "console",
    "ledger_api", "processes",
)  # fmt: skip


@pytest.fixture(scope="module")
def places(system: RunningSystem, world: World, otlp: OtlpReceiver, played: Played) -> Places:
    return Places(system, world, otlp, played)


def test_every_play_came_to_the_end_it_should(played: Played) -> None:
    assert played.ended == {
        "executor refuses": "refused: bad_arguments",
        "statement": "failed: raised",
        "constraint": "failed: raised",
        "rejected": "rejected",
        "credentials": "denied",
        "resource": "denied",
        "session": "denied",
        "too large": "withdrawn",
        "undetectable": "allowed",
    }


def test_the_agent_s_values_were_there_to_be_leaked(system: RunningSystem, played: Played) -> None:
    """What is looked for everywhere else is found in the one topic that holds it."""
    every = stores.topics(system.endpoints["kafka_file"])
    found = {(leak.where.partition("/")[0], leak.brand) for leak in search(played.flock.detectable[:3], every)}
    assert found == {(topic, brand) for topic in IN_CLEAR for brand in played.flock.detectable[:3]}


@pytest.mark.parametrize("store", STORES)
def test_no_canary_is_anywhere_else(places: Places, store: str) -> None:
    content = list(places.read(store))
    assert content
    assert not sorted({(leak.where, leak.form) for leak in search(places.played.flock.detectable, content)})


def test_what_nothing_detects_is_not_masked(places: Places) -> None:
    """The limit of detection, stated: such a value is published, stored and shown like any other word."""
    found = {leak.where.partition("/")[0] for leak in search([places.played.flock.word], places.topics())}
    assert found == {str(Topic.CLASSIFIED)}
    assert list(search([places.played.flock.word], places.ledger_api()))


@pytest.mark.parametrize("resource", ["postgres://u:{}@warehouse/x", "postgres://warehouse/x?key={}", "s3://b/{} x"])
def test_a_resource_has_no_room_for_a_secret(world: World, resource: str) -> None:
    value = Flock().value(Kind.TOKEN)
    with pytest.raises(RuntimeError, match="bad_resource") as refused:
        world.agent.ask("propose", name="db.query", resource=resource.format(value), arguments={"sql": "SELECT 1"})
    assert value not in str(refused.value)


# The search itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.WORD])
def test_every_form_of_every_kind_is_found(kind: Kind) -> None:
    flock, other = Flock(), Flock()
    value = flock.value(kind)
    spelled = {
        "clear": value.encode(),
        "upper case": value.upper().encode(),
        "JSON": json.dumps({value: 1}).encode(),
        "hex": value.encode().hex().encode(),
        "URL": quote(value).encode(),
        **{form: value.encode(form) for form in ("utf-16-le", "utf-16-be")},
        **{f"base64 at {n}": base64.b64encode(b"abc"[:n] + value.encode() + b"tail") for n in range(3)},
    }
    for name, content in spelled.items():
        assert list(search(flock.detectable, [(name, b"before " + content + b" after")])), name
        assert not list(search(other.detectable, [(name, content)]))


def test_a_name_outside_ascii_has_spellings_of_its_own() -> None:
    needles = [needle for _, needle, _ in forms("zoë")]
    assert {b"zo\\u00eb", b"zo%c3%ab", "zoë".encode("utf-16-le"), "ZOË".encode("utf-16-be")} <= set(needles)


@contextmanager
def topic_of(places: Places, value: str) -> Iterator[None]:
    settings = KafkaSettings.load(Path(places.system.endpoints["kafka_file"]))
    producer: Any = KafkaProducer(**settings.for_kafka_python())
    for record in (
        {"key": value.encode()},
        {"value": value.encode()},
        {"key": b"k", "headers": [("h", value.encode())]},
    ):
        producer.send(CATALOGUE[Topic.EXECUTED].dead_letters, **record).get(timeout=30)
    producer.close()
    yield


@contextmanager
def table_of(places: Places, value: str) -> Iterator[None]:
    for database in stores.DATABASES:
        with psycopg.connect(make_conninfo(places.system.stage.superuser_dsn, dbname=database)) as connection:
            connection.execute("CREATE TABLE public.planted AS SELECT %s::bytea AS content", (value.encode(),))
    yield
    for database in stores.DATABASES:
        with psycopg.connect(make_conninfo(places.system.stage.superuser_dsn, dbname=database)) as connection:
            connection.execute("DROP TABLE public.planted")


@contextmanager
def span_of(places: Places, value: str) -> Iterator[None]:
    provider = TracerProvider(resource=Resource.create({"service.name": "planted"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{places.otlp.endpoint}/v1/traces")))
    provider.get_tracer("planted").start_span("planted", attributes={"value": value}).end()
    provider.shutdown()
    yield


@contextmanager
def process_of(places: Places, value: str) -> Iterator[None]:  # noqa: ARG001 - as the others
    sleep = [sys.executable, "-c", "input()"]
    env = {**os.environ, "PLANTED": value}
    with (
        subprocess.Popen(sleep, env=env, stdin=subprocess.PIPE) as told,
        subprocess.Popen([*sleep, value], stdin=subprocess.PIPE) as named,
    ):
        yield
        for child in (told, named):
            child.communicate(b"\n")


@contextmanager
def file_of(path: Path, value: str) -> Iterator[None]:
    path.write_text(f"planted {value}")
    yield
    path.unlink()


PLANTED: Final = {
    "topics": (topic_of, 3),
    "tables": (table_of, 2),
    "run_folder": (lambda places, value: file_of(places.system.folder / "logs" / "planted.log", value), 1),
    "clients": (lambda places, value: file_of(places.system.stage.folder / "planted", value), 1),
    "temporary_folder": (lambda places, value: file_of(places.system.folder / "tmp" / "planted", value), 1),
    "spans": (span_of, 1),
    "processes": (process_of, 2),
}
"""Store → how a value gets into it, and in how many places it is found then."""


@pytest.mark.parametrize("store", PLANTED)
def test_a_canary_put_there_is_found(places: Places, store: str) -> None:
    flock = Flock()
    value = flock.value(Kind.TOKEN)
    assert not list(search(flock.detectable, places.read(store)))
    put, times = PLANTED[store]
    with put(places, value):
        assert len({leak.where for leak in search(flock.detectable, list(places.read(store)))}) == times


@pytest.mark.parametrize("store", ["desk_api", "console", "ledger_api"])
def test_what_is_shown_is_read(places: Places, store: str) -> None:
    """Pages are read to where a value would stand: the action's own, masked words are there."""
    assert list(search(["report for", "nightly totals"], places.read(store)))


def test_metrics_are_read(places: Places) -> None:
    assert list(search(["placet_classified"], places.metrics()))
