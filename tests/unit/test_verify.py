"""The binding rules, each with the message that trips it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.base import Strict
from placet.catalogue import CATALOGUE, Role, Topic, derived_id, spec_for_data
from placet.enrol import revoke_key
from placet.errors import DecodeError, VerificationError
from placet.events import ActionExecuted, ActionFollowed, ExecutionStatus
from placet.keys import Signer, encode_base64url
from placet.limits import MAX_EVENT_BYTES
from placet.messages import Envelope, Message, Outgoing
from placet.trust import Service, Trust, sign_trust
from placet.verify import authenticate, verify
from tests.factories import NOW, World, new_action_id, received, trusted

WORLD = World()
TRUST = WORLD.trust()
PROPOSED = WORLD.proposed()
GOOD = received(WORLD.seal(PROPOSED))


def forged(data: Strict, signer: Signer, **changes: Any) -> Message:
    """A message whose envelope says what the forger likes, truly signed by the forger."""
    spec = spec_for_data(data)
    fields: dict[str, Any] = {
        "specversion": "1.0",
        "id": derived_id(spec.subject(data), spec.type, spec.discriminator(data)),
        "source": signer.principal,
        "type": spec.type,
        "subject": spec.subject(data),
        "time": NOW,
        "datacontenttype": "application/json",
        "trustdigest": TRUST.digest,
        "data": data,
    }
    key = changes.pop("key", None)
    topic = changes.pop("topic", spec.topic)
    model: Any = Envelope[spec.data]  # type: ignore[name-defined]  # the catalogue's class
    envelope = model(**{**fields, **changes})
    value = envelope.model_dump_json().encode()
    signature = f"{signer.key_id}:{encode_base64url(signer.sign(f'placet.{topic}', value))}".encode()
    return received(Outgoing(topic=topic, key=key or envelope.subject.encode(), value=value, signature=signature))


def re_signed(value: bytes) -> Message:
    signer = WORLD.agents["nightly-export"]
    signature = f"{signer.key_id}:{encode_base64url(signer.sign('placet.actions.proposed.v1', value))}".encode()
    return replace(GOOD, value=value, signature=signature)


def trust_with_agent_key(**changes: Any) -> Trust:
    document = WORLD.document()
    agent = document.agents["nightly-export"]
    changed = agent.model_copy(update={"keys": (trusted(WORLD.agents["nightly-export"], NOW, **changes),)})
    document = document.model_copy(update={"agents": {**document.agents, "nightly-export": changed}})
    return Trust.verify(sign_trust(document, WORLD.root), WORLD.root.public)


def executed(executor: str = "warehouse") -> ActionExecuted:
    return ActionExecuted(
        action_id=PROPOSED.action_id,
        agent="nightly-export",
        digest=PROPOSED.digest,
        executor=executor,
        attempt=derived_id("x", "y", "z"),
        grant_id=None,
        status=ExecutionStatus.REFUSED,
        code="test",
        started_at=None,
        finished_at=NOW,
    )


MINE = WORLD.agents["nightly-export"]
THEIRS = WORLD.agents["other-agent"]
STRANGER = Signer.generate("/agents/nightly-export")
SETTLE = WORLD.services[Role.SETTLE]

BAD: dict[str, tuple[Callable[[], Message], str]] = {
    "ten megabytes": (lambda: replace(GOOD, value=b"x" * 10_000_000), "oversize"),
    "one byte too many": (lambda: replace(GOOD, value=b" " * (MAX_EVENT_BYTES + 1)), "oversize"),
    "no signature": (lambda: replace(GOOD, signature=None), "unsigned"),
    "empty signature": (lambda: replace(GOOD, signature=b""), "malformed_signature"),
    "signature without key id": (lambda: replace(GOOD, signature=b"A" * 86), "malformed_signature"),
    "signature with a newline": (
        lambda: replace(GOOD, signature=(GOOD.signature or b"") + b"\n"),
        "malformed_signature",
    ),
    "a second base64 form": (
        lambda: replace(GOOD, signature=(GOOD.signature or b"")[:-1] + b"B"),
        "malformed_signature|bad_signature",
    ),
    "key nobody knows": (lambda: forged(PROPOSED, STRANGER), "unknown_key"),
    "one bit of the value changed": (
        lambda: replace(GOOD, value=GOOD.value.replace(b"nightly report", b"nightly rePort")),
        "bad_signature",
    ),
    "truncated value": (lambda: replace(GOOD, value=GOOD.value[:-1]), "bad_signature"),
    "a space added": (lambda: replace(GOOD, value=GOOD.value + b" "), "bad_signature"),
    "somebody else's signature": (
        lambda: replace(GOOD, signature=(received(WORLD.seal(WORLD.proposed())).signature)),
        "bad_signature",
    ),
    "other topic, same bytes": (lambda: replace(GOOD, topic=Topic.FOLLOWED), "bad_signature"),
    "a topic nobody defined": (lambda: replace(GOOD, topic="actions.invented.v1"), "unknown_topic"),
    "an agent resolves": (lambda: replace(GOOD, topic=Topic.RESOLVED), "role_not_allowed"),
    "settle proposes": (lambda: forged(PROPOSED, SETTLE), "role_not_allowed"),
    "the policy speaks for settle": (
        lambda: forged(executed(), WORLD.services[Role.POLICY]),
        "role_not_allowed",
    ),
    "type of another topic": (lambda: forged(PROPOSED, MINE, type="placet.actions.followed.v1"), "type_mismatch"),
    "key of another action": (lambda: forged(PROPOSED, MINE, key=new_action_id().encode()), "key_mismatch"),
    "key missing": (lambda: replace(GOOD, key=None), "key_mismatch"),
    "subject of another action": (lambda: forged(PROPOSED, MINE, subject=new_action_id()), "subject_mismatch"),
    "source of another agent": (lambda: forged(PROPOSED, MINE, source="/agents/other-agent"), "source_mismatch"),
    "source of a service": (lambda: forged(PROPOSED, MINE, source="/services/settle"), "source_mismatch"),
    "proposal in another's name": (
        lambda: forged(PROPOSED, THEIRS),
        "agent_mismatch",
    ),
    "withdrawing another's action": (
        lambda: forged(
            ActionFollowed(
                action_id=PROPOSED.action_id,
                agent="nightly-export",
                digest=PROPOSED.digest,
                step="withdrawn",
                sequence=0,
            ),
            THEIRS,
        ),
        "agent_mismatch",
    ),
    "report in another executor's name": (
        lambda: forged(executed("elsewhere"), WORLD.executors["warehouse"]),
        "executor_mismatch",
    ),
    "event id of another event": (
        lambda: forged(PROPOSED, MINE, id=derived_id("a", "b", "c")),
        "event_id_mismatch",
    ),
    "from the future": (lambda: forged(PROPOSED, MINE, time=NOW + timedelta(minutes=1)), "future_time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_message_is_refused_by_name(name: str) -> None:
    make, code = BAD[name]
    with pytest.raises(VerificationError) as refused:
        verify(make(), TRUST, now=NOW)
    assert refused.value.code in code.split("|")


def test_the_good_message_passes() -> None:
    verified = verify(GOOD, TRUST, now=NOW)
    assert verified.data == PROPOSED
    assert verified.signer.source == "/agents/nightly-export"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"revoked_at": NOW}, "revoked_key", id="revoked this moment"),
        pytest.param({"not_after": NOW}, "expired_key", id="expired this moment"),
        pytest.param({"not_before": NOW + timedelta(seconds=1)}, "key_not_yet_valid", id="valid in a second"),
    ],
)
def test_a_key_outside_its_time_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(VerificationError) as refused:
        verify(GOOD, trust_with_agent_key(**changes), now=NOW)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "changes",
    [{"revoked_at": NOW + timedelta(seconds=1)}, {"not_after": NOW + timedelta(seconds=1)}, {"not_before": NOW}],
)
def test_a_key_inside_its_time_is_accepted(changes: dict[str, Any]) -> None:
    verify(GOOD, trust_with_agent_key(**changes), now=NOW)


def test_revoking_a_key_through_the_trust_file_refuses_what_it_signs_from_then_on() -> None:
    later = NOW + timedelta(minutes=1)
    document = revoke_key(WORLD.document(), MINE.key_id, now=later)
    trust = Trust.verify(sign_trust(document, WORLD.root), WORLD.root.public)
    verify(GOOD, trust, now=NOW)
    with pytest.raises(VerificationError, match="revoked_key"):
        verify(GOOD, trust, now=later)


def test_authentic_but_malformed_is_told_apart_from_forged() -> None:
    message = re_signed(GOOD.value.replace(b'"data":{', b'"data":{"surprise":1,', 1))
    authenticate(message, TRUST, now=NOW)
    with pytest.raises(DecodeError) as refused:
        verify(message, TRUST, now=NOW)
    assert refused.value.code == "unknown_field"


def test_an_error_never_repeats_what_it_read() -> None:
    secret = "AKIAIOSFODNN7CANARY1"
    for value in (
        GOOD.value.replace(b'"data":{', f'"data":{{"{secret}":1,'.encode(), 1),
        GOOD.value.replace(b'"name":"db.query"', f'"name":"{secret}"'.encode(), 1),
        GOOD.value.replace(b'"arguments":{', f'"arguments":{{"{secret}":NaN,'.encode(), 1),
    ):
        with pytest.raises(DecodeError) as refused:
            verify(re_signed(value), TRUST, now=NOW)
        assert secret not in str(refused.value)
        assert refused.value.__cause__ is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(GOOD.value) - 1), st.sampled_from(sorted(Topic)))
def test_no_bytes_get_anything_but_a_named_error(noise: bytes, place: int, topic: Topic) -> None:
    for value in (noise, GOOD.value[:place] + noise + GOOD.value[place:], GOOD.value[:place] + noise):
        if value != GOOD.value:
            with pytest.raises(VerificationError):
                verify(replace(GOOD, value=value, topic=topic), TRUST, now=NOW)
        # Signed by an agent that may sign what it likes: a well-formed event, or a named error.
        with contextlib.suppress(VerificationError, DecodeError):
            verify(replace(re_signed(value), topic=topic), TRUST, now=NOW)


def test_every_topic_has_producers_consumers_and_agrees_with_the_naming_rules() -> None:
    for topic, spec in CATALOGUE.items():
        assert topic is spec.topic
        assert spec.producers
        assert spec.consumers
        assert "_" not in topic
        assert topic.endswith(".v1")
    assert all(spec_for_data(spec.data.model_construct()) is spec for spec in CATALOGUE.values())
    assert CATALOGUE[Topic.RESOLVED].producers == {Role.SETTLE}
    assert Role.LEDGER not in CATALOGUE[Topic.PROPOSED].readers


def test_one_key_cannot_stand_for_two() -> None:
    document = WORLD.document()
    document = document.model_copy(
        update={"services": {**document.services, Role.SETTLE: Service(keys=(trusted(MINE, NOW),))}}
    )
    with pytest.raises(VerificationError, match="shared_key"):
        Trust.verify(sign_trust(document, WORLD.root), WORLD.root.public)
