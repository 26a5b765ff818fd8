"""The policy service on real signed messages: verified in, sealed out, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from placet.canonical import sha256_hex
from placet.catalogue import CATALOGUE, Role, Topic
from placet.events import ActionClassified, ActionDecided, ActionFailed, Facts, Stage, StatementKind, Verdict
from placet.grants import VerdictClaims, commitment_digest, verify_claims
from placet.messages import Message, Outgoing, decode
from placet.trust import Trust
from placet.verify import Authenticated, Verified, authenticate, verify
from services.chassis.stream import StreamService
from services.policy.handle import NOBODY, PolicyService
from services.policy.model import Rulebook
from tests.factories import NOW, World, received, trusted
from tests.policies import rulebook, shipped

SELECT = Facts(statement_kinds=(StatementKind.SELECT,), statement_count=1)


class Held:
    """A port that always gives the same."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def current(self) -> Any:
        return self.held


class Bench:
    """The service in a world of its own."""

    def __init__(self, book: Rulebook | None, world: World | None = None, trust: Trust | None = None) -> None:
        self.world = world or World()
        self.trust = trust or self.world.trust()
        self.now = NOW
        self.service = PolicyService(
            rulebooks=Held(book), trusts=Held(self.trust), signer=self.world.services[Role.POLICY], clock=self.clock
        )

    def clock(self) -> datetime:
        return self.now

    def message(self, classified: ActionClassified) -> Message:
        return received(self.world.seal(classified))

    def verified(self, classified: ActionClassified) -> Verified[ActionClassified]:
        return verify(self.message(classified), self.world.trust(), now=NOW)

    def decisions(self, *classified: ActionClassified) -> list[ActionDecided]:
        published = self.service.handle([self.verified(one) for one in classified])
        return [self.opened(messages) for messages in published]

    def opened(self, messages: Sequence[Outgoing]) -> Any:
        (message,) = messages
        return verify(received(message), self.world.trust(), now=NOW).data


@pytest.fixture
def bench() -> Bench:
    return Bench(shipped())


def test_it_is_a_stream_service(bench: Bench) -> None:
    service: StreamService = bench.service
    assert service.consumes == (Topic.CLASSIFIED,)
    assert Role.POLICY in CATALOGUE[Topic.CLASSIFIED].consumers
    assert all(Role.POLICY in CATALOGUE[topic].producers for topic in (Topic.DECIDED, Topic.FAILED))


def test_an_aggregate_read_is_allowed_with_a_signed_verdict(bench: Bench) -> None:
    classified = bench.world.classified(facts=SELECT, labels=("pii",))
    (decided,) = bench.decisions(classified)
    assert (decided.decision, decided.rules, decided.requirement) == (Verdict.ALLOW, ("read/query",), None)
    assert (decided.action_id, decided.agent, decided.digest) == (
        classified.action_id,
        classified.agent,
        classified.digest,
    )
    assert decided.labels == ("pii",)
    assert decided.proposal == classified.proposal
    assert decided.classification == bench.message(classified).position
    claims, issuer = verify_claims(decided.verdict, VerdictClaims, bench.world.trust(), at=NOW)
    assert issuer.role is Role.POLICY
    assert claims == VerdictClaims(
        action_id=classified.action_id,
        commitment=commitment_digest(classified.commitment),
        decision=decided.decision,
        rules=decided.rules,
        requirement=decided.requirement,
        policy=decided.policy_digest,
        input=decided.input_digest,
        trust=bench.trust.digest,
        decided_at=NOW,
    )


def test_a_review_carries_its_parsed_requirement(bench: Bench) -> None:
    proposed = bench.world.proposed(name="privilege.grant")
    (decided,) = bench.decisions(bench.world.classified(proposed))
    assert decided.decision is Verdict.REVIEW
    assert decided.requirement is not None
    claims, _ = verify_claims(decided.verdict, VerdictClaims, bench.world.trust(), at=NOW)
    assert claims.requirement == decided.requirement


def test_each_message_of_a_batch_gets_its_own_decision_in_order(bench: Bench) -> None:
    world = bench.world
    given = [
        world.classified(facts=SELECT),
        world.classified(world.proposed(name="payroll.pay")),
        world.classified(world.proposed(name="privilege.grant")),
    ]
    decided = bench.decisions(*given)
    assert [one.action_id for one in decided] == [one.action_id for one in given]
    assert [one.decision for one in decided] == [Verdict.ALLOW, Verdict.DENY, Verdict.REVIEW]


def test_the_same_message_gives_the_same_bytes_later(bench: Bench) -> None:
    message = bench.verified(bench.world.classified(facts=SELECT))
    first = bench.service.handle([message])
    bench.now += timedelta(minutes=5)
    assert bench.service.handle([message]) == first


def test_without_policies_everything_is_denied() -> None:
    bench = Bench(None)
    (decided,) = bench.decisions(bench.world.classified(facts=SELECT))
    assert (decided.decision, decided.rules) == (Verdict.DENY, ("no_policy",))


PERMISSIVE = rulebook('@id("all") @reason("x") permit (principal, action, resource);')


def test_what_the_classifier_changed_is_denied() -> None:
    bench = Bench(PERMISSIVE)
    honest = bench.world.classified()
    other = bench.world.proposed(name="export.customers")
    forged = [
        honest.model_copy(update={"action": other.action}),
        honest.model_copy(update={"digest": "a" * 64}),
        honest.model_copy(update={"on_behalf_of": "frank"}),
        honest.model_copy(update={"agent": "other-agent"}),
        honest.model_copy(update={"deadline": honest.deadline + timedelta(hours=1)}),
        honest.model_copy(update={"commitment": other.commitment}),
    ]
    assert [one.decision for one in bench.decisions(honest)] == [Verdict.ALLOW]
    for decided in bench.decisions(*forged):
        assert (decided.decision, decided.rules) == (Verdict.DENY, ("trust/commitment_mismatch",))


def test_a_commitment_by_somebody_elses_key_is_denied() -> None:
    bench = Bench(PERMISSIVE)
    stranger = World().proposed()
    agents_other = bench.world.proposed(agent="other-agent")
    broken = bench.world.proposed()
    for commitment in (stranger.commitment, broken.commitment[:-4] + "AAAA"):
        classified = bench.world.classified(broken, commitment=commitment)
        (decided,) = bench.decisions(classified)
        assert decided.rules == ("trust/commitment_invalid",)
    (decided,) = bench.decisions(bench.world.classified(broken, commitment=agents_other.commitment))
    assert decided.rules == ("trust/commitment_mismatch",)


def test_a_disabled_and_an_unknown_agent_are_denied() -> None:
    world = World()
    agents = world.document().agents
    disabled = agents["nightly-export"].model_copy(update={"disabled": True})
    bench = Bench(PERMISSIVE, world, world.trust(agents={**agents, "nightly-export": disabled}))
    (decided,) = bench.decisions(world.classified())
    assert decided.rules == ("trust/agent_disabled",)
    bench = Bench(PERMISSIVE, world, world.trust(agents={"other-agent": agents["other-agent"]}))
    (decided,) = bench.decisions(world.classified())
    assert decided.rules == ("trust/commitment_invalid",), "its key is unknown, too"


def test_an_agent_whose_key_was_revoked_is_denied() -> None:
    world = World()
    agents = world.document().agents
    revoked = trusted(world.agents["nightly-export"], NOW, revoked_at=NOW)
    bench = Bench(
        PERMISSIVE,
        world,
        world.trust(
            agents={**agents, "nightly-export": agents["nightly-export"].model_copy(update={"keys": (revoked,)})}
        ),
    )
    (decided,) = bench.decisions(world.classified())
    assert decided.rules == ("trust/commitment_invalid",)


def test_a_deadline_that_passed_while_the_message_waited_is_denied() -> None:
    bench = Bench(PERMISSIVE)
    bench.now = NOW + timedelta(hours=2)
    (decided,) = bench.decisions(bench.world.classified())
    assert decided.rules == ("trust/deadline_passed",)


def authentic(bench: Bench, value: bytes, **changes: Any) -> Authenticated:
    """A message that the classifier did sign, whatever it says."""
    message = bench.message(bench.world.classified())
    return Authenticated(
        message=Message(
            **{
                "topic": message.topic,
                "partition": 0,
                "offset": 7,
                "key": message.key,
                "value": value,
                "signature": message.signature,
                **changes,
            }
        ),
        spec=CATALOGUE[Topic.CLASSIFIED],
        signer=authenticate(message, bench.trust, now=NOW).signer,
        key_id="k",
    )


def failed(bench: Bench, given: Authenticated) -> ActionFailed:
    (message,) = bench.service.unprocessable(given, "unknown_field")
    found = decode(message.value, CATALOGUE[Topic.FAILED]).data
    assert isinstance(found, ActionFailed)
    return found


def test_what_cannot_be_read_fails_for_the_action_it_names(bench: Bench) -> None:
    classified = bench.world.classified()
    envelope = json.loads(bench.message(classified).value)
    envelope["data"]["surprise"] = "a secret"
    value = json.dumps(envelope).encode()
    found = failed(bench, authentic(bench, value))
    assert found == ActionFailed(
        action_id=classified.action_id,
        agent=classified.agent,
        digest=classified.digest,
        stage=Stage.DECIDE,
        code="unknown_field",
        failed_sha256=sha256_hex(value),
    )
    bench.now += timedelta(minutes=1)
    again = bench.service.unprocessable(authentic(bench, value), "unknown_field")
    bench.now += timedelta(minutes=1)
    assert bench.service.unprocessable(authentic(bench, value), "unknown_field") == again


def test_what_is_no_json_fails_for_the_action_of_its_key(bench: Bench) -> None:
    given = authentic(bench, b"\xff\xfe")
    found = failed(bench, given)
    assert found.action_id.encode() == given.message.key
    assert (found.agent, found.digest) == (NOBODY, None)


@pytest.mark.parametrize("value", [b"[]", b"null", b'{"data": 7}', b'{"data": {"action_id": "no", "agent": {"a": 1}}}'])
def test_what_names_no_action_fails_for_none(bench: Bench, value: bytes) -> None:
    assert bench.service.unprocessable(authentic(bench, value, key=b"no-action"), "not_json") == []


def test_no_value_is_logged(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    proposed = bench.world.proposed(arguments={"sql": "canary-argument"}, purpose="canary-purpose")
    bench.decisions(bench.world.classified(proposed, preview="canary-preview"))
    bench.service.unprocessable(authentic(bench, b'{"data": "canary-broken"}'), "bad_value")
    told = capsys.readouterr()
    assert "canary" not in told.out + told.err
