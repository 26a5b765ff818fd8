"""The stream runner on a real broker: what is lost, repeated, put aside or held up when things go wrong."""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest

from placet.catalogue import CATALOGUE, Role, Topic
from placet.keys import Signer
from placet.messages import SIGNATURE_HEADER
from placet.trust import Service
from tests.factories import new_action_id, now, trusted
from tests.fix_chassis import Rig
from tests.forging import UNREADABLE, put_unreadable, storing
from tests.otlp import OtlpReceiver

DEAD = CATALOGUE[Topic.CLASSIFIED].dead_letters


def test_a_message_is_answered_traced_counted_and_committed_before_a_clean_stop(rig: Rig) -> None:
    worker = rig.start()
    message = rig.classified()
    parent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    rig.send(message, headers=[*message.headers, ("traceparent", parent)])
    (answer,) = rig.decided([message])

    assert dict(answer.headers)["traceparent"] == parent
    assert SIGNATURE_HEADER in dict(answer.headers)
    assert worker.page("/healthz")[0] == 200
    rig.until(lambda: worker.page("/readyz")[0] == 200)
    rig.until(lambda: 'placet_messages_total{result="handled"' in worker.page("/metrics")[1])
    assert worker.page("/elsewhere")[0] == 404
    assert worker.stop() == 0
    # Nothing of it comes again.
    other = rig.classified()
    rig.send(other)
    rig.start()
    rig.decided([other])
    assert len(rig.of(Topic.DECIDED, [message.key])) == 1


def test_killed_in_the_middle_it_loses_nothing_and_resumes_within_seconds(rig: Rig) -> None:
    worker = rig.start()
    messages = [rig.classified() for _ in range(300)]
    rig.send(*messages[:100])
    rig.until(lambda: len(rig.of(Topic.DECIDED)) >= 30)
    rig.send(*messages[100:])
    worker.stop(signal.SIGKILL)
    done = {record.key for record in rig.of(Topic.DECIDED)}

    restarted = rig.start()
    rig.until(lambda: {record.key for record in rig.of(Topic.DECIDED)} - done)
    resumed = time.monotonic() - restarted.started
    answers = rig.decided(messages)

    assert len(done) < 300
    assert resumed < 15, "static membership should give the partitions back at once"
    by_key = defaultdict(set)
    for answer in answers:
        by_key[answer.key].add(answer.value)
    assert len(by_key) == 300
    assert all(len(values) == 1 for values in by_key.values()), "a redelivered message gives the same bytes"


def test_events_of_one_action_keep_their_order_through_a_kill(rig: Rig) -> None:
    worker = rig.start()
    actions = [new_action_id() for _ in range(8)]
    rounds = [[rig.classified(action_id=action) for action in actions] for _ in range(12)]
    sent: dict[bytes, list[str]] = defaultdict(list)
    for number, messages in enumerate(rounds):
        rig.send(*messages)
        for message in messages:
            sent[message.key].append(json.loads(message.value)["data"]["digest"])
        if number == 6:
            rig.until(lambda: len(rig.of(Topic.DECIDED, sent)) >= 10)
            worker.stop(signal.SIGKILL)
            worker = rig.start()

    rig.until(lambda: len({(r.key, json.loads(r.value)["id"]) for r in rig.of(Topic.DECIDED, sent)}) == 96)

    for key, digests in sent.items():
        answered = [json.loads(record.value)["data"]["digest"] for record in rig.of(Topic.DECIDED, [key])]
        assert list(dict.fromkeys(answered)) == digests


def test_what_cannot_be_believed_or_digested_is_put_aside_and_the_stream_goes_on(rig: Rig) -> None:
    worker = rig.start()
    secret = "correct horse battery staple"
    unsigned, tampered, poison = rig.classified(), rig.classified(), rig.classified("test.poison", purpose=secret)
    stranger = rig.world.seal(rig.world.classified(), signer=Signer.generate("/services/classifier"), time=now())
    tampered = replace(tampered, value=tampered.value.replace(b"nightly report", b"nightly raport"))
    good = [rig.classified() for _ in range(3)]

    rig.send(good[0])
    rig.send(unsigned, headers=[("note", b"hello")])
    rig.send(good[1], tampered, stranger, poison, good[2])
    rig.decided(good)
    bad = [unsigned.key, tampered.key, stranger.key]
    rig.until(lambda: len(rig.of(DEAD, bad)) >= 3 and rig.of(Topic.FAILED, [poison.key]))

    letters = {record.key: record for record in rig.of(DEAD, bad)}
    codes = {key: dict(record.headers)["placet-dlq-code"] for key, record in letters.items()}
    assert codes == {unsigned.key: b"unsigned", tampered.key: b"bad_signature", stranger.key: b"unknown_key"}
    assert letters[unsigned.key].value == unsigned.value
    assert dict(letters[unsigned.key].headers)["note"] == b"hello"
    assert dict(letters[stranger.key].headers)[SIGNATURE_HEADER] == stranger.signature
    (failed,) = rig.of(Topic.FAILED, [poison.key])
    assert (failed.key, json.loads(failed.value)["data"]["code"]) == (poison.key, "internal")
    assert worker.logged("handler_failed")
    assert secret not in worker.log.read_text(), "an error's text may quote a value"


@pytest.mark.parametrize("form", sorted(UNREADABLE))
def test_bytes_that_the_client_cannot_read_end_no_worker(rig: Rig, form: str) -> None:
    worker = rig.start()
    first, bad, after = rig.classified(), rig.classified(), rig.classified()
    rig.send(first)
    with storing("producer", rig.kafka.settings(), bad.topic):  # as on a cluster whose topics somebody else made
        put_unreadable(form, rig.kafka.settings(), bad)
    rig.send(after)
    rig.decided([first, after])
    key = bad.key if form == "header_name" else None
    rig.until(lambda: rig.of(DEAD, [key]))  # type: ignore[list-item]  # a record that held nothing has no key
    assert dict(rig.of(DEAD, [key])[0].headers)["placet-dlq-code"] == b"unsigned"  # type: ignore[list-item]
    assert worker.process.poll() is None


def test_a_key_revoked_or_enrolled_while_it_runs_counts_at_once(rig: Rig) -> None:
    rig.start()
    before, new = rig.classified(), Signer.generate("/services/classifier")
    rig.send(before)
    rig.decided([before])
    old = rig.world.services[Role.CLASSIFIER]
    keys = (trusted(old, now(), revoked_at=now() - timedelta(seconds=30)), trusted(new, now()))
    original = (rig.keys / "trust.json").read_bytes()
    services = {**rig.world.document().services, Role.CLASSIFIER: Service(keys=keys)}
    fresh = rig.keys / "trust.json.new"
    fresh.write_bytes(rig.world.trust_file(version=rig.world.version + 1, services=services))
    fresh.rename(rig.keys / "trust.json")
    try:
        welcome = rig.world.seal(rig.world.classified(), signer=new, time=now())
        rig.send(welcome)
        rig.decided([welcome])
        revoked = rig.classified()
        rig.send(revoked)
        rig.until(lambda: rig.of(DEAD, [revoked.key]))
    finally:
        (rig.keys / "trust.json").write_bytes(original)

    assert dict(rig.of(DEAD, [revoked.key])[0].headers)["placet-dlq-code"] == b"revoked_key"
    assert not rig.of(Topic.DECIDED, [revoked.key])


def test_a_dependency_that_is_away_is_waited_for_in_the_open(rig: Rig) -> None:
    gate = rig.keys / "gate"
    worker = rig.start(PLACET_TEST_GATE=str(gate), PLACET_STUCK_AFTER_SECONDS="2")
    waiting, behind = rig.classified("test.unready"), rig.classified()

    rig.send(waiting, behind)
    rig.until(lambda: "waiting for test_gate" in worker.page("/readyz")[1])
    rig.until(lambda: len(worker.logged("trying_again")) >= 5)
    status, page = worker.page("/healthz")
    assert status == 200, f"a restart would not help: {page}"
    gate.touch()
    try:
        rig.decided([waiting, behind])
        rig.until(lambda: worker.page("/readyz")[0] == 200)
    finally:
        gate.unlink()

    assert worker.logged("works_again")
    assert not rig.of(Topic.FAILED, [waiting.key, behind.key])


def test_standing_still_with_work_waiting_is_not_alive(rig: Rig) -> None:
    worker = rig.start(PLACET_STUCK_AFTER_SECONDS="3")
    stuck = rig.classified("test.stuck")
    rig.send(stuck)

    rig.until(lambda: worker.page("/healthz")[0] == 503)

    assert "none was acknowledged" in worker.page("/healthz")[1]
    began = time.monotonic()
    assert worker.stop() == 1
    assert time.monotonic() - began < 12
    # The message is still there for whoever comes next; make it harmless for the other tests.
    rescue = rig.start(PLACET_TEST_SKIP="1")
    rig.decided([stuck])
    assert rescue.stop() == 0


def test_a_fault_of_the_runner_itself_ends_the_process_with_nothing_lost(rig: Rig) -> None:
    worker = rig.start(PLACET_TEST_FAULT="1")
    message = rig.classified()
    rig.send(message)

    assert worker.process.wait(45) == 1

    assert worker.logged("pump_failed")
    rig.start()
    rig.decided([message])


@pytest.mark.slow
def test_two_workers_started_under_one_name_disturb_each_other_and_lose_nothing(rig: Rig) -> None:
    rig.start("1")
    first = [rig.classified() for _ in range(20)]
    rig.send(*first)
    rig.decided(first)

    newer = rig.start("1")
    rig.until(lambda: newer.page("/readyz")[0] == 200)
    second = [rig.classified() for _ in range(20)]
    rig.send(*second)
    answers = rig.decided(second)

    assert len({answer.value for answer in answers}) == 20, "what both answered, they answered alike"


def test_a_message_in_hand_is_finished_and_committed_on_sigterm(rig: Rig) -> None:
    worker = rig.start()
    first, slow = rig.classified(), rig.classified("test.slow")
    rig.send(first)
    rig.decided([first])
    rig.send(slow)
    # Not by counting batches: what a worker before this one left uncommitted comes first, and counts too.
    rig.until(lambda: worker.logged("slow_began"))

    assert worker.stop() == 0
    rig.decided([slow])
    after = rig.classified()
    rig.send(after)
    rig.start()
    rig.decided([after])

    assert len(rig.of(Topic.DECIDED, [slow.key])) == 1


def test_spans_and_metrics_reach_a_collector_and_hold_no_value(rig: Rig, otlp: OtlpReceiver) -> None:
    worker = rig.start(PLACET_OTLP_ENDPOINT=otlp.endpoint)
    trace, secret = secrets.token_hex(16), "correct horse battery staple"
    message = rig.classified(purpose=secret)
    rig.send(message, headers=[*message.headers, ("traceparent", f"00-{trace}-b7ad6b7169203331-01".encode())])
    (answer,) = rig.decided([message])
    assert worker.stop() == 0  # a stopping process sends what is left

    (span,) = otlp.spans(trace_id=trace)
    assert (span.name, span.service, span.parent_id) == ("placet.process", "policy", "b7ad6b7169203331")
    assert dict(answer.headers)["traceparent"] == f"00-{trace}-{span.span_id}-01".encode()
    assert otlp.points(name="placet_messages")
    assert not [path for path, body in otlp.bodies if secret.encode() in body]


def test_a_collector_that_is_not_there_holds_nothing_up(rig: Rig) -> None:
    worker = rig.start(PLACET_OTLP_ENDPOINT="http://127.0.0.1:1")
    message = rig.classified()
    rig.send(message)
    rig.decided([message])
    began = time.monotonic()

    assert worker.stop() == 0
    assert time.monotonic() - began < 8


@pytest.mark.slow
def test_a_broker_that_dies_and_comes_back_costs_time_and_nothing_else(rig: Rig) -> None:
    node = rig.kafka.embedded
    if node is None:
        pytest.skip("the broker is not ours to kill")
    worker = rig.start()
    messages = [rig.classified() for _ in range(120)]
    rig.send(*messages)
    rig.until(lambda: len(rig.of(Topic.DECIDED)) >= 10)

    rig.disconnect()
    node.restart()
    rig.connect()
    if worker.process.poll() is not None:  # a supervisor would do the same
        rig.start()
    answers = rig.decided(messages, within=90)

    assert len({answer.value for answer in answers}) == 120


@pytest.mark.slow
def test_a_second_worker_takes_over_from_one_that_stays_away(rig: Rig) -> None:
    one = rig.start("1", PLACET_SESSION_TIMEOUT_SECONDS="6")
    two = rig.start("2", PLACET_SESSION_TIMEOUT_SECONDS="6")
    rig.until(lambda: one.page("/readyz")[0] == 200 and two.page("/readyz")[0] == 200)
    first = [rig.classified() for _ in range(30)]
    rig.send(*first)
    rig.decided(first)

    one.stop(signal.SIGKILL)
    second = [rig.classified() for _ in range(30)]
    rig.send(*second)

    rig.decided(second)
