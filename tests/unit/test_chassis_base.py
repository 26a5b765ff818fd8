"""Settings, logs, retries, the watchdog's verdict, dead letters and health pages."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic_settings import BaseSettings

from infra.children import ROOT
from placet.errors import VerificationError
from placet.limits import MAX_EVENT_BYTES
from placet.tracing import headers_of, traceparent_of
from services.chassis import database, logs, retry, telemetry
from services.chassis.dead_letters import MAX_COPIED_BYTES, dead_letter
from services.chassis.errors import InsecureSettingError, SettingsError, TransientError
from services.chassis.health import Health
from services.chassis.records import received
from services.chassis.settings import (
    ApiSettings,
    BrokerSettings,
    DatabaseSettings,
    InsecureStandInWarning,
    ServiceSettings,
    SigningSettings,
    StreamSettings,
    TrustSettings,
)
from services.chassis.watchdog import Progress, Seen, measured

REQUIRED = {
    "PLACET_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "PLACET_TRUST_FILE": "trust.json",
    "PLACET_TRUST_ROOT_FILE": "root.pub.json",
    "PLACET_SIGNING_KEY_FILE": "key.json",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("PLACET_")]:
        monkeypatch.delenv(name)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


# Settings


@pytest.mark.usefixtures("environment")
def test_production_is_what_nobody_said_otherwise() -> None:
    settings = StreamSettings.load()

    assert settings.env == "production"
    with pytest.raises(InsecureSettingError, match="refuses a made-up identity"):
        settings.stand_in("a made-up identity")


def test_a_stand_in_warns_in_development(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PLACET_ENV", "dev")

    with pytest.warns(InsecureStandInWarning, match="made-up identity"):
        StreamSettings.load().stand_in("a made-up identity")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PLACET_TRUST_FILE", None, "PLACET_TRUST_FILE"),
        ("PLACET_KAFKA_BOOTSTRAP", None, "Nothing says where Kafka is"),
        ("PLACET_ENV", "staging", "PLACET_ENV"),
        ("PLACET_HTTP_PORT", "99999", "PLACET_HTTP_PORT"),
        ("PLACET_WINDOW", "257", "PLACET_WINDOW"),
        ("PLACET_INSTANCE", "a b", "PLACET_INSTANCE"),
        ("PLACET_KAFKA_FILE", "/nowhere/kafka.json", "PLACET_KAFKA_FILE cannot be read"),
        ("PLACET_KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "do not hold together"),
    ],
)
def test_settings_that_do_not_hold_are_named(
    environment: pytest.MonkeyPatch, name: str, value: str | None, sentence: str
) -> None:
    environment.delenv(name, raising=False) if value is None else environment.setenv(name, value)

    with pytest.raises(SettingsError, match=sentence) as raised:
        StreamSettings.load()

    assert value is None or name == "PLACET_KAFKA_SECURITY_PROTOCOL" or value not in str(raised.value)


@pytest.mark.parametrize(
    "kind",
    [ServiceSettings, BrokerSettings, TrustSettings, SigningSettings, StreamSettings, DatabaseSettings, ApiSettings],
)
def test_no_setting_is_a_secret(kind: type[BaseSettings]) -> None:
    names = {name for name in kind.model_fields if any(word in name for word in ("key", "dsn", "password", "secret"))}

    assert all(kind.model_fields[name].annotation is Path and name.endswith("_file") for name in names)


def test_a_process_that_cannot_start_says_one_sentence_and_ends_with_status_2() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "tests.chassis_worker"], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )

    assert found.returncode == 2
    assert len(found.stderr.strip().splitlines()) == 1
    assert "Nothing says where Kafka is" in found.stderr


# Logs


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root, kept = logging.getLogger(), structlog.get_config()
    before = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure(service="test", stream=stream)
    yield stream
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.configure(**kept)
    logging.captureWarnings(capture=False)


def logged(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_is_json_with_the_service_and_the_event(output: io.StringIO) -> None:
    logs.get_logger().info("thing_done", action_id="0198c6a0-0000-7000-8000-000000000000", count=3)

    (line,) = logged(output)

    assert line["event"] == "thing_done"
    assert line["service"] == "test"
    assert line["count"] == 3


@pytest.mark.parametrize(
    "secret", ["hunter2\nhunter2", "x" * 201, {"password": "hunter2"}, b"hunter2", "SELECT '\u202ehunter2'; --"]
)
def test_only_identifiers_pass(output: io.StringIO, secret: Any) -> None:
    logs.get_logger().info("thing_done", value=secret)

    assert "hunter2" not in output.getvalue()
    assert "x" * 201 not in output.getvalue()
    assert logged(output)[0]["value"].startswith("‹")


def test_an_event_s_name_is_static(output: io.StringIO) -> None:
    logs.get_logger().info("user hunter2 did it")

    assert logged(output)[0]["event"] == "event_without_static_name"


def _fail() -> None:
    raise VerificationError("bad_signature", "hunter2")


def test_an_error_is_its_type_code_and_place_never_its_text(output: io.StringIO) -> None:
    try:
        _fail()
    except VerificationError:
        logs.get_logger().exception("thing_failed")

    (line,) = logged(output)

    assert (line["error"], line["code"]) == ("placet.errors.VerificationError", "bad_signature")
    assert "test_chassis_base.py" in line["at"]
    assert "hunter2" not in output.getvalue()


def test_libraries_speak_in_templates(output: io.StringIO) -> None:
    library = logging.getLogger("aiokafka.test")
    library.error("Cannot send %s to node %s: %s", "hunter2", 7, ValueError("hunter2"))
    library.error("value={'hunter2'}")
    library.info("too chatty")

    first, second = logged(output)

    assert first["template"] == "Cannot send %s to node %s: %s"
    assert (first["numbers"], first["errors"]) == ([7], ["ValueError"])
    assert second["template"].startswith("‹text of")
    assert "hunter2" not in output.getvalue()


def test_a_library_that_repeats_itself_is_counted(output: io.StringIO) -> None:
    for _ in range(100):
        logging.getLogger("aiokafka.test").error("Unable to connect to %s", 1)

    assert len(logged(output)) == 1


# Retries


def test_waits_double_up_to_a_ceiling() -> None:
    waits = list(islice(retry.waits(first=1, ceiling=8), 6))

    assert all(low * 0.75 <= wait <= low * 1.25 for wait, low in zip(waits, (1, 2, 4, 8, 8, 8), strict=True))


def test_trouble_is_visible_until_it_is_over() -> None:
    state = retry.Retry("handle")
    assert state.ready() is None

    state.failed(TransientError("postgres"))
    state.failed(TransientError("postgres"))

    assert (state.ready() or "").startswith("waiting for postgres")
    assert (state.ready() or "").endswith("2 attempts")
    state.succeeded()
    assert state.ready() is None


# The watchdog


@pytest.mark.parametrize(
    ("looks", "well"),
    [
        ([(0, Seen(0, 10)), (100, Seen(0, 10))], True),
        ([(0, Seen(5, 10)), (29, Seen(5, 10))], True),
        ([(0, Seen(5, 10)), (31, Seen(9, 10))], False),
        ([(0, Seen(5, 10)), (20, Seen(5, 11)), (45, Seen(5, 11))], True),
        ([(0, Seen(5, 10)), (20, Seen(0, 15)), (25, Seen(3, 15)), (50, Seen(3, 15))], True),
    ],
)
def test_only_waiting_without_any_acknowledgement_is_standing_still(
    looks: list[tuple[float, Seen]], well: bool
) -> None:
    progress = Progress(stuck_after=30)
    for moment, seen in looks:
        progress.look(seen, moment)

    assert (progress.problem(looks[-1][0]) is None) is well


def test_waiting_for_a_known_dependency_is_excused() -> None:
    progress = Progress(stuck_after=30)
    for moment in range(0, 100, 10):
        progress.look(Seen(5, 10), moment, excused=True)

    assert progress.problem(100) is None
    assert progress.problem(121) is not None


def test_lag_does_not_count_what_retention_removed() -> None:
    seen = measured(beginnings={"a": 90, "b": 0}, ends={"a": 100, "b": 5}, committed={"a": None, "b": 5})

    assert seen == Seen(lag=10, committed=95)


# Dead letters


def test_a_dead_letter_is_the_message_and_why() -> None:
    headers = [("placet-signature", b"s"), ("note", b"n"), ("placet-dlq-code", b"forged")]
    item = received("actions.decided.v1", 3, 17, key=b"k", value=b"v", headers=headers)

    letter = dead_letter(item, "bad_signature")

    assert (letter.topic, letter.key, letter.value) == ("actions.decided.v1.dlq", b"k", b"v")
    assert letter.headers[:2] == (("placet-signature", b"s"), ("note", b"n"))
    added = dict(letter.headers[2:])
    assert [content for name, content in letter.headers if name == "placet-dlq-code"] == [b"bad_signature"]
    assert (added["placet-dlq-topic"], added["placet-dlq-partition"], added["placet-dlq-offset"]) == (
        b"actions.decided.v1",
        b"3",
        b"17",
    )


@pytest.mark.parametrize(
    ("value", "headers", "copied"),
    [
        (b"v" * MAX_EVENT_BYTES, (), True),
        (b"v" * (MAX_COPIED_BYTES + 1), (), False),
        (b"v", (("h", b"h" * (MAX_COPIED_BYTES + 1)),), False),
    ],
)
def test_no_dead_letter_is_too_large_to_write(
    value: bytes, headers: tuple[tuple[str, bytes], ...], copied: bool
) -> None:
    letter = dead_letter(received("t", 0, 0, key=b"k", value=value, headers=headers), "oversize")

    assert (letter.value is not None) is copied
    size = len(letter.value or b"") + sum(len(name) + len(content) for name, content in letter.headers)
    assert size < MAX_COPIED_BYTES + 500
    assert dict(letter.headers)["placet-dlq-size"] == b"%d" % len(value)


# Health pages


def test_liveness_and_readiness_differ() -> None:
    health = Health()
    health.alive("progress", lambda: None)
    health.ready("postgres", lambda: "waiting for postgres")

    assert health.answer("/healthz")[0] == 200
    status, _, body = health.answer("/mounted/readyz")
    assert status == 503
    assert json.loads(body)["checks"] == {"progress": "ok", "postgres": "waiting for postgres"}


def test_a_check_that_raises_is_not_well_and_does_not_say_why() -> None:
    health = Health()
    health.alive("progress", lambda: dict[str, str]()["progress"])

    status, _, body = health.answer("/healthz")

    assert status == 503
    assert json.loads(body)["checks"] == {"progress": "the check failed: KeyError"}


# Telemetry


def test_without_a_recorder_the_incoming_trace_goes_out() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    span = telemetry.start_span(telemetry.SpanName.PROCESS, parent)

    assert headers_of(traceparent_of(span)) == [("traceparent", parent.encode())]


def test_a_broken_trace_is_dropped() -> None:
    span = telemetry.start_span(telemetry.SpanName.PROCESS, "not a trace")

    assert headers_of(traceparent_of(span)) == []


# The DSN file


@pytest.mark.parametrize("content", ["", "host=x password=hunter2", "mysql://u:hunter2@h/d"])
def test_a_dsn_file_that_is_no_url_is_named_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settle.dsn"
    path.write_text(content)

    with pytest.raises(SettingsError, match=r"settle\.dsn") as raised:
        database.read_dsn(path)

    assert "hunter2" not in str(raised.value)


def test_an_engine_shows_no_password(tmp_path: Path) -> None:
    path = tmp_path / "settle.dsn"
    path.write_text("postgresql://settle:hunter2@/placet?host=/tmp/x")

    engine = database.engine(path, name="settle")

    assert "hunter2" not in repr(engine)
    assert engine.hide_parameters
