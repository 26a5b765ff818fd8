"""What becomes of a batch, message by message, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from placet.catalogue import Role, Topic
from placet.errors import DecodeError
from placet.keys import Signer, encode_base64url
from placet.messages import SIGNATURE_HEADER, Message, Outgoing
from placet.trust import Service
from placet.trust_store import TrustStore, load_root
from placet.verify import Authenticated, Verified
from services.chassis.errors import TransientError
from services.chassis.pipeline import Pipeline, Plan
from services.chassis.records import Received, received
from tests.chassis_worker import Echo
from tests.factories import NOW, World, new_action_id, trusted
from tests.factories import received as as_message


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def store(world: World, tmp_path: Path) -> TrustStore:
    world.save(tmp_path)
    return TrustStore(tmp_path / "trust.json", load_root(tmp_path / "root.pub.json"))


@pytest.fixture
def service(world: World, store: TrustStore) -> Echo:
    return Echo(world.services[Role.POLICY], store)


@pytest.fixture
def decide(service: Echo, store: TrustStore) -> Callable[..., list[Plan]]:
    return lambda *batch: Pipeline(service, store, lambda: NOW).decide(batch)


def arrived(outgoing: Outgoing, **changes: Any) -> Received:
    message = as_message(outgoing, **changes)
    headers = () if message.signature is None else ((SIGNATURE_HEADER, message.signature),)
    return Received(message, headers)


def good(world: World, name: str = "db.query", **changes: Any) -> Received:
    return arrived(world.seal(world.classified(world.proposed(name=name, **changes))))


def test_a_verified_message_is_handled_under_its_key(world: World, decide: Callable[..., list[Plan]]) -> None:
    item = good(world)

    (plan,) = decide(item)

    assert (plan.result, plan.producer) == ("handled", "/services/classifier")
    assert [(record.topic, record.key) for record in plan.records] == [(Topic.DECIDED, item.message.key)]


def test_the_same_message_gives_the_same_bytes(world: World, decide: Callable[..., list[Plan]]) -> None:
    item = good(world)

    assert decide(item) == decide(item, good(world))[:1]


def test_trace_context_goes_on_outside_the_signature(world: World, decide: Callable[..., list[Plan]]) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    item = arrived(world.seal(world.classified()), trace=parent)

    (plan,) = decide(item)

    assert dict(plan.records[0].headers)["traceparent"] == parent.encode()


def _unsigned(world: World) -> Received:
    return arrived(world.seal(world.classified()), signature=None)


def _garbled(world: World) -> Received:
    return arrived(world.seal(world.classified()), signature=b"garbage")


def _tampered(world: World) -> Received:
    item = good(world)
    return Received(replace(item.message, value=item.message.value.replace(b"nightly report", b"nightly raport")), ())


def _stranger(world: World) -> Received:
    return arrived(world.seal(world.classified(), signer=Signer.generate("/services/classifier")))


def _wrong_role(world: World) -> Received:
    return arrived(world.seal(world.classified(), signer=world.services[Role.SETTLE]))


def _wrong_key(world: World) -> Received:
    return arrived(world.seal(world.classified()), key=new_action_id().encode())


def _from_the_future(world: World) -> Received:
    return arrived(world.seal(world.classified(), time=NOW + timedelta(minutes=1)))


@pytest.mark.parametrize(
    ("make", "code", "producer"),
    [
        (_unsigned, "unsigned", "unknown"),
        (_garbled, "malformed_signature", "unknown"),
        (_tampered, "bad_signature", "/services/classifier"),
        (_stranger, "unknown_key", "unknown"),
        (_wrong_role, "role_not_allowed", "/services/settle"),
        (_wrong_key, "key_mismatch", "/services/classifier"),
        (_from_the_future, "future_time", "/services/classifier"),
    ],
)
def test_what_nobody_vouches_for_is_put_aside_and_the_rest_goes_on(
    world: World,
    decide: Callable[..., list[Plan]],
    make: Callable[[World], Received],
    code: str,
    producer: str,
) -> None:
    bad = make(world)

    before, plan, after = decide(good(world), bad, good(world))

    assert (before.result, plan.result, after.result) == ("handled", "dead_letter", "handled")
    assert (plan.code, plan.producer) == (code, producer)
    (letter,) = plan.records
    assert (letter.topic, letter.key, letter.value) == ("actions.classified.v1.dlq", bad.message.key, bad.message.value)
    assert dict(letter.headers)["placet-dlq-code"] == code.encode()


def test_a_revoked_key_is_put_aside(world: World, tmp_path: Path) -> None:
    item = good(world)
    key = trusted(world.services[Role.CLASSIFIER], NOW, revoked_at=NOW - timedelta(seconds=1))
    services = {**world.document().services, Role.CLASSIFIER: Service(keys=(key,))}
    (tmp_path / "trust.json").write_bytes(world.trust_file(services=services))
    (tmp_path / "root.pub.json").write_text(world.root.public.jwk.model_dump_json())
    store = TrustStore(tmp_path / "trust.json", load_root(tmp_path / "root.pub.json"))

    (plan,) = Pipeline(Echo(world.services[Role.POLICY], store), store, lambda: NOW).decide([item])

    assert (plan.result, plan.code, plan.producer) == ("dead_letter", "revoked_key", "/services/classifier")


def test_a_key_enrolled_a_moment_ago_is_looked_up_before_its_message_is_put_aside(
    world: World, decide: Callable[..., list[Plan]], tmp_path: Path
) -> None:
    fresh = Signer.generate("/services/classifier")
    item = arrived(world.seal(world.classified(), signer=fresh))
    assert decide(item)[0].code == "unknown_key"
    keys = Service(keys=(trusted(fresh, NOW),))
    replacement = tmp_path / "trust.json.new"
    replacement.write_bytes(world.trust_file(version=2, services={**world.document().services, Role.CLASSIFIER: keys}))
    replacement.rename(tmp_path / "trust.json")

    assert decide(item)[0].result == "handled"


def test_what_is_authentic_but_unreadable_is_for_the_service_to_say(
    world: World, decide: Callable[..., list[Plan]]
) -> None:
    value = b'{"specversion":"1.0","extra":1}'
    signer = world.services[Role.CLASSIFIER]
    outgoing = world.seal(world.classified())
    signature = f"{signer.key_id}:{encode_base64url(signer.sign('placet.actions.classified.v1', value))}".encode()

    (plan,) = decide(arrived(replace(outgoing, value=value, signature=signature)))

    assert plan.result == "unprocessable"
    assert plan.code in {"unknown_field", "missing_field"}
    assert [record.topic for record in plan.records] == [Topic.FAILED]


@pytest.mark.parametrize("name", ["test.poison", "test.panic"])
def test_a_message_that_makes_the_service_raise_is_found_and_the_others_are_handled(
    world: World, decide: Callable[..., list[Plan]], name: str
) -> None:
    plans = decide(good(world), good(world, name), good(world))

    assert [(plan.result, plan.code) for plan in plans] == [
        ("handled", ""),
        ("unprocessable", "internal"),
        ("handled", ""),
    ]


def test_a_transient_error_decides_nothing(world: World, store: TrustStore, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    pipeline = Pipeline(Echo(world.services[Role.POLICY], store, gate), store, lambda: NOW)
    batch = [good(world), good(world, "test.unready")]

    with pytest.raises(TransientError):
        pipeline.decide(batch)
    gate.touch()

    assert [plan.result for plan in pipeline.decide(batch)] == ["handled", "handled"]


class Careless:
    """Returns too little, and cannot even say that it failed."""

    consumes = (Topic.CLASSIFIED,)

    def handle(self, batch: Sequence[Verified[Any]]) -> Sequence[Sequence[Outgoing]]:
        return [[]] * (len(batch) - 1)

    def unprocessable(self, authentic: Authenticated, code: str) -> Sequence[Outgoing]:
        raise DecodeError(code, authentic.signer.source)


def test_even_a_service_that_cannot_say_it_failed_does_not_stop_the_stream(world: World, store: TrustStore) -> None:
    (plan,) = Pipeline(Careless(), store, lambda: NOW).decide([good(world)])

    assert (plan.result, plan.code) == ("dead_letter", "internal")


def test_a_null_value_is_an_empty_one() -> None:
    item = received("actions.classified.v1", 0, 0, key=None, value=None, headers=None)

    assert item.message.value == b""


def test_two_signatures_are_none_that_can_be_checked(world: World, decide: Callable[..., list[Plan]]) -> None:
    outgoing = world.seal(world.classified())
    headers = outgoing.headers * 2
    item = received(outgoing.topic, 0, 0, key=outgoing.key, value=outgoing.value, headers=headers)

    (plan,) = decide(item)

    assert plan.code == "malformed_signature"


def test_hostile_trace_headers_are_not_taken_over() -> None:
    headers = [("traceparent", b"\xff\xfe"), ("tracestate", b"a" * 10_000), ("other", b"x")]

    item = received("t", 0, 0, key=None, value=b"", headers=headers)

    assert item.message.trace == ""
    assert len(item.headers) == 3


def test_now_is_an_argument(world: World, service: Echo, store: TrustStore) -> None:
    later = Pipeline(service, store, lambda: datetime(2030, 1, 1, tzinfo=UTC))

    assert later.decide([good(world)])[0].code == "expired_key"


def test_the_message_type_is_the_library_s() -> None:
    assert received("t", 1, 2, key=b"k", value=b"v", headers=()).message == Message("t", 1, 2, b"k", b"v", None)
