"""One proposal in, one classification or failure out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from placet.catalogue import Role, Topic
from placet.events import ActionClassified, ActionFailed, ActionProposed, Sensitivity, Stage
from placet.grants import Commitment, sign_claims
from placet.keys import Signer
from placet.messages import Outgoing
from placet.verify import Verified, authenticate, verify
from services.chassis.errors import TransientError
from services.chassis.telemetry import Metric
from services.classifier import handle
from services.classifier.errors import PoolError
from services.classifier.handle import Classifier
from services.classifier.model import Classification, Subject
from services.classifier.ports import GaveUp, Unmaskable
from services.classifier.settings import ClassifierSettings
from tests.classifier_parts import KEYS, Marks, bench
from tests.factories import World, received


class Bench:
    """An analyst in this process; `gives` overrides what it finds."""

    models: Mapping[str, str] = {"marks": "1"}
    configuration = "2" * 64
    keys = KEYS

    def __init__(self, *gives: GaveUp | Unmaskable | PoolError) -> None:
        self._bench, self._gives = bench(Marks()), list(gives)

    def analyse(self, subjects: Sequence[Subject]) -> list[Classification | GaveUp | Unmaskable]:
        results = []
        for subject in subjects:
            given = self._gives.pop(0) if self._gives else self._bench.classify(subject)
            if isinstance(given, PoolError):
                raise given
            results.append(given)
        return results


class Trusts:
    def __init__(self, world: World) -> None:
        self._trust = world.trust()

    def current(self) -> Any:
        return self._trust


def classifier(world: World, analyst: Bench | None = None) -> Classifier:
    return Classifier(
        analyst=analyst or Bench(),
        signer=world.services[Role.CLASSIFIER],
        trusts=Trusts(world),
        clock=lambda: world.at + timedelta(seconds=2),
    )


def verified(world: World, proposal: ActionProposed, **changes: Any) -> Verified[Any]:
    return verify(received(world.seal(proposal), **changes), world.trust(), now=world.at)


def opened(world: World, outgoing: Outgoing) -> Any:
    """As the next service gets it: signature, binding rules and schema hold."""
    return verify(received(outgoing), world.trust(), now=world.at + timedelta(seconds=2)).data


@pytest.fixture
def world() -> World:
    return World()


def test_a_proposal_is_classified_and_its_commitment_travels_word_for_word(world: World) -> None:
    proposal = world.proposed(
        arguments={"note": "for Jane Roe", "sql": "SELECT * FROM customers"},
        purpose="p",
        preview=[1, 2],
        on_behalf_of="frank",
    )
    message = verified(world, proposal, partition=3, offset=77)
    [[outgoing]] = classifier(world).handle([message])
    assert outgoing.topic == Topic.CLASSIFIED
    event = opened(world, outgoing)
    assert isinstance(event, ActionClassified)
    assert event.commitment == proposal.commitment
    assert (event.digest, event.agent, event.on_behalf_of) == (proposal.digest, proposal.agent, "frank")
    assert event.action.arguments == {"note": "for ‹PERSON_1›", "sql": "SELECT * FROM customers"}
    assert event.proposal == message.message.position
    assert (event.proposal.partition, event.proposal.offset) == (3, 77)
    assert event.facts.preview_records == 2
    assert event.labels == ("pii",)
    assert event.versions.models == {"marks": "1"}
    assert event.versions.configuration == "2" * 64
    assert event.versions.fingerprint_key == KEYS.id
    assert b"Jane" not in outgoing.value
    assert json.loads(outgoing.value)["time"] == json.loads(message.message.value)["time"]


def test_what_may_be_told_of_masked_values_travels(world: World) -> None:
    proposal = world.proposed(arguments={"to": "sales@example.org"})
    [[outgoing]] = classifier(world).handle([verified(world, proposal)])
    assert opened(world, outgoing).forms == {"‹EMAIL_ADDRESS_1›": "at example.org"}
    assert b"sales" not in outgoing.value


def test_the_same_proposal_gives_the_same_bytes(world: World) -> None:
    message = verified(world, world.proposed(arguments={"b": "Jane Roe", "a": {"password": "x1y2z3"}}))
    first = classifier(world).handle([message])
    assert classifier(world).handle([message]) == first


def test_one_answer_for_each_message_in_their_order(world: World) -> None:
    good, other = world.proposed(arguments={"n": "good"}), world.proposed(arguments={"n": "other"})
    bad = world.proposed().model_copy(update={"purpose": "changed"})
    outputs = classifier(world).handle([verified(world, one) for one in (good, bad, other)])
    events = [opened(world, one) for [one] in outputs]
    assert [event.action_id for event in events] == [good.action_id, bad.action_id, other.action_id]
    assert [type(event) for event in events] == [ActionClassified, ActionFailed, ActionClassified]


def commitment(proposal: ActionProposed, **changes: Any) -> Commitment:
    said = {name: getattr(proposal, name) for name in Commitment.model_fields if name not in {"name", "resource"}}
    return Commitment(**{**said, "name": proposal.action.name, "resource": proposal.action.resource, **changes})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "another purpose"}, "digest_mismatch"),
        ({"preview": [1]}, "digest_mismatch"),
        ({"nonce": "A" * 22}, "digest_mismatch"),
        ({"digest": "0" * 64}, "commitment_mismatch"),
        ({"on_behalf_of": "frank"}, "commitment_mismatch"),
        ({"edit_of": "00000000-0000-7000-8000-000000000000"}, "commitment_mismatch"),
        ({"commitment": "eyJhIjoxfQ.e30.c2ln"}, "bad_header"),
    ],
)
def test_what_is_not_what_the_agent_committed_to_fails(world: World, changes: dict[str, Any], code: str) -> None:
    proposal = world.proposed().model_copy(update=changes)
    message = verified(world, proposal)
    [[outgoing]] = classifier(world).handle([message])
    event = opened(world, outgoing)
    assert isinstance(event, ActionFailed)
    assert (event.stage, event.code) == (Stage.CLASSIFY, code)
    assert event.failed_sha256 == message.message.position.sha256
    assert event.digest == proposal.digest


def test_changed_arguments_fail_too(world: World) -> None:
    proposal = world.proposed(arguments={"amount": 82000})
    changed = proposal.action.model_copy(update={"arguments": {"amount": 820000}})
    [[outgoing]] = classifier(world).handle([verified(world, proposal.model_copy(update={"action": changed}))])
    assert opened(world, outgoing).code == "digest_mismatch"


def test_a_commitment_by_another_agent_fails(world: World) -> None:
    proposal = world.proposed()
    forged = sign_claims(commitment(proposal), world.agents["other-agent"])
    [[outgoing]] = classifier(world).handle([verified(world, proposal.model_copy(update={"commitment": forged}))])
    assert opened(world, outgoing).code == "agent_mismatch"


def test_a_commitment_by_a_stranger_fails(world: World) -> None:
    proposal = world.proposed()
    forged = sign_claims(commitment(proposal), Signer.generate("/agents/nightly-export"))
    [[outgoing]] = classifier(world).handle([verified(world, proposal.model_copy(update={"commitment": forged}))])
    assert opened(world, outgoing).code == "unknown_key"


@pytest.mark.parametrize("reason", ["too_slow", "error"])
def test_what_no_worker_got_through_is_masked_whole(world: World, reason: str) -> None:
    proposal = world.proposed(arguments={"a": "canary"}, purpose="canary", preview={"b": "canary"})
    [[outgoing]] = classifier(world, Bench(GaveUp(reason))).handle([verified(world, proposal)])
    event = opened(world, outgoing)
    assert b"canary" not in outgoing.value
    assert [(place.pointer, place.reason) for place in event.incomplete] == [
        ("/arguments", reason),
        ("/purpose", reason),
        ("/preview", reason),
    ]
    assert event.sensitivity is Sensitivity.RESTRICTED
    assert event.findings == ()
    [[whole]] = classifier(world).handle([verified(world, proposal)])
    assert opened(world, whole).likeness == event.likeness


def test_what_grows_too_large_for_an_event_is_masked_whole(world: World) -> None:
    long = {f"k{number}": "n" * 180 for number in range(999)}
    proposal = world.proposed(arguments=long, preview=["Jane Roe"] * 1_990)
    message = verified(world, proposal)
    [[outgoing]] = classifier(world).handle([message])
    assert opened(world, outgoing).incomplete == ()  # the largest that fits
    deep: Any = "7777777"
    for _ in range(20):
        deep = {"d" * 150: deep}
    proposal = world.proposed(arguments={f"k{number}": deep for number in range(60)} | {"x": ["Jane Roe"] * 1_800})
    [[outgoing]] = classifier(world).handle([verified(world, proposal)])
    event = opened(world, outgoing)
    assert b"Jane" not in outgoing.value
    assert b"7777777" not in outgoing.value
    assert len(outgoing.value) < 900_000
    assert event.action_id == proposal.action_id


def test_a_secret_that_cannot_be_masked_away_fails(world: World) -> None:
    proposal = world.proposed(resource="s3://bucket/AKIAQYLPMN5HFIQR7XYA")
    [[outgoing]] = classifier(world).handle([verified(world, proposal)])
    event = opened(world, outgoing)
    assert (type(event), event.code) == (ActionFailed, "unmaskable_secret")
    assert b"AKIAQYLPMN5HFIQR7XYA" not in outgoing.value


def test_without_workers_the_batch_is_tried_again(world: World) -> None:
    with pytest.raises(TransientError):
        classifier(world, Bench(PoolError("gone"))).handle([verified(world, world.proposed())])


def test_what_cannot_be_read_fails_under_its_key(world: World) -> None:
    proposal = world.proposed()
    message = received(world.seal(proposal))
    authentic = authenticate(message, world.trust(), now=world.at)
    [outgoing] = classifier(world).unprocessable(authentic, "unknown_field")
    event = opened(world, outgoing)
    assert (event.action_id, event.agent, event.digest) == (proposal.action_id, proposal.agent, None)
    assert event.code == "unknown_field"


@pytest.mark.parametrize("key", [None, b"", b"not-an-id", b"\xff"])
def test_what_names_no_action_gives_nothing(world: World, key: bytes | None) -> None:
    authentic = authenticate(received(world.seal(world.proposed()), key=key), world.trust(), now=world.at)
    assert classifier(world).unprocessable(authentic, "not_json") == []


def test_logs_hold_no_value(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    proposal = world.proposed(arguments={"password": "canary-4711"}, purpose="canary-4711")
    changed = proposal.model_copy(update={"purpose": "canary-4712"})
    classifier(world).handle([verified(world, proposal), verified(world, changed)])
    out, err = capfd.readouterr()
    assert "canary" not in out + err


def test_settings_name_files_and_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = World().save(tmp_path)
    for name, value in {
        "PLACET_KAFKA_BOOTSTRAP": "localhost:9092",
        "PLACET_TRUST_FILE": str(folder / "trust.json"),
        "PLACET_TRUST_ROOT_FILE": str(folder / "root.pub.json"),
        "PLACET_SIGNING_KEY_FILE": str(folder / "services/classifier.key.json"),
        "PLACET_CLASSIFIER_WORKERS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    settings = ClassifierSettings.load()
    assert settings.classifier_workers == 2
    assert settings.classifier_soft_seconds < settings.classifier_hard_seconds < settings.classifier_batch_seconds
    assert settings.classifier_taxonomy_file.is_file()
    assert settings.classifier_catalogue_file.is_file()


def test_findings_and_what_was_not_looked_into_are_counted_by_name_and_never_by_value(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[Metric, int, dict[str, Any]]] = []

    def count(metric: Metric, amount: int = 1, **attributes: Any) -> None:
        counted.append((metric, amount, attributes))

    monkeypatch.setattr(handle, "count", count)
    arguments = {"note": "Jane Roe and Jane Roe", "key": "AKIAQYLPMN5HFIQR7XYA", "much": "x" * 100_001}
    classifier(world).handle([verified(world, world.proposed(arguments=arguments))])
    assert counted == [
        (Metric.CLASSIFIED, 1, {"sensitivity": "restricted", "incomplete": True}),
        (Metric.FINDINGS, 2, {"type": "PERSON"}),
        (Metric.FINDINGS, 1, {"type": "AWS_ACCESS_KEY"}),
        (Metric.UNINSPECTED, 1, {"reason": "too_large"}),
    ]
    counted.clear()
    classifier(world, Bench(GaveUp("too_slow"))).handle([verified(world, world.proposed(arguments={"a": "b"}))])
    assert counted[1:] == [(Metric.UNINSPECTED, 2, {"reason": "too_slow"})]
