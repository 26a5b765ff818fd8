"""The offline verifier: a sound ledger is sound, and every way we know to bend one is named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from placet.audit.entry import Leaf, parse_time, spell_time
from placet.audit.report import ProblemCode, Report
from placet.audit.verifier import verify_export
from placet.catalogue import Role, derived_id
from placet.checkpoint import VerifierKey
from placet.errors import VerificationError
from placet.events import (
    ActionFailed,
    ActionFollowed,
    Authentication,
    EligibleReviewer,
    ExecutionStatus,
    Outcome,
    ReviewRecorded,
    ReviewStep,
    Stage,
    Verdict,
    VoteKind,
)
from placet.grants import sign_claims
from placet.keys import Signer
from placet.requirement import Requirement, parse
from tests.factories import NOW, World, received
from tests.ledgers import ORIGIN, PEOPLE, MemoryLedger, bend_line, grant_claims, resolution

WORLD = World()
CODE = ProblemCode


def denied(ledger: MemoryLedger) -> None:
    classified = ledger.world.classified()
    decided = ledger.world.decided(classified, decision=Verdict.DENY)
    for data in (classified, decided, resolution(ledger.world, decided, Outcome.DENIED)):
        ledger.add(data)


def story() -> MemoryLedger:
    """One action of each kind, all sound."""
    ledger = MemoryLedger(WORLD)
    ledger.ran(ledger.allowed())
    ledger.ran(ledger.reviewed())
    ledger.reviewed(Outcome.REJECTED, votes=(("bob", VoteKind.REJECT),))
    ledger.reviewed(Outcome.EXPIRED, votes=())
    denied(ledger)
    return ledger


STORY = story()
SOUND = STORY.export()


def audit(ledger: MemoryLedger = STORY, lines: list[bytes] | None = None, **more: Any) -> Report:
    return verify_export(ledger.export() if lines is None else lines, ledger.world.root.public, **more)


def codes(found: Report) -> set[ProblemCode]:
    assert found.ok == (not found.problems)
    return {problem.code for problem in found.problems}


def test_a_sound_ledger_has_no_problems() -> None:
    found = audit(held=STORY.head(7))
    assert codes(found) == set()
    assert (found.actions, found.chains, found.pending, found.runs) == (5, 5, 0, 2)
    assert found.entries == len(STORY.records)
    assert found.signatures == len(STORY.records) - 1
    assert found.held == "extends the one you hold (7 entries)"
    assert found.as_text().endswith("\n0 problems")
    assert json.loads(json.dumps(found.as_json()))["ok"] is True


def test_without_a_held_checkpoint_it_says_what_that_means() -> None:
    assert "rewritten history would not show" in audit().as_text()


# The tree ----------------------------------------------------------------------------------------------------------


def entry(change: Callable[[dict[str, Any]], None]) -> Callable[[list[bytes]], list[bytes]]:
    """Bend the line of entry 3 (line 4: the header is the first)."""
    return lambda lines: bend_line(lines, 4, change)


def other_value(line: dict[str, Any]) -> None:
    value = base64.b64decode(line["value"]).replace(b"nightly-export", b"nightly-exporT")
    line["value"] = base64.b64encode(value).decode()


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], set[ProblemCode]]] = {
    "a value edited": (entry(other_value), {CODE.VALUE_CHANGED}),
    "a value removed": (entry(lambda line: line.update(value=None)), {CODE.VALUE_MISSING}),
    "a salt changed": (entry(lambda line: line.update(salt="AAAA")), {CODE.VALUE_CHANGED}),
    "a leaf edited": (
        entry(lambda line: line["leaf"].update(received_at=spell_time(NOW))),
        {CODE.ROOT_DIFFERS, CODE.FORK},
    ),
    "a leaf that says another key": (
        entry(lambda line: line["leaf"].update(event_id=line["leaf"]["key"])),
        {CODE.LEAF_DIFFERS, CODE.ROOT_DIFFERS, CODE.FORK},
    ),
    "a leaf called refused": (
        entry(lambda line: line["leaf"].update(refused="unsigned")),
        {CODE.VALUE_UNEXPECTED, CODE.ROOT_DIFFERS},
    ),
    "a line deleted": (lambda lines: lines[:4] + lines[5:], {CODE.SEQUENCE_BROKEN, CODE.TRUNCATED}),
    "a line doubled": (lambda lines: lines[:5] + lines[4:], {CODE.SEQUENCE_BROKEN, CODE.POSITION_REPEATED}),
    "two lines swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], {CODE.SEQUENCE_BROKEN}),
    "the tail cut off": (lambda lines: lines[:10], {CODE.TRUNCATED}),
    "the tail cut off with its checkpoint": (lambda lines: lines[:8], {CODE.TRUNCATED, CODE.CHECKPOINT_MISSING}),
    "everything gone": (lambda _: [], {CODE.EXPORT_MALFORMED, CODE.HELD_CHECKPOINT_BAD}),
    "header gone": (lambda lines: lines[1:], {CODE.EXPORT_MALFORMED}),
    "header twice": (lambda lines: [lines[0], *lines], {CODE.EXPORT_MALFORMED}),
    "another origin": (
        lambda lines: bend_line(lines, 0, lambda line: line.update(origin="elsewhere")),
        {CODE.CHECKPOINT_BAD, CODE.CHECKPOINT_MISSING, CODE.HELD_CHECKPOINT_BAD},
    ),
    "checkpoints removed": (lambda lines: [x for x in lines if b'"checkpoint"' not in x], {CODE.CHECKPOINT_MISSING}),
    "a checkpoint moved": (lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], {CODE.SEQUENCE_BROKEN}),
    "a checkpoint that is none": (
        lambda lines: bend_line(lines, 6, lambda line: line.update(note="hello")),
        {CODE.CHECKPOINT_BAD},
    ),
    "not JSON": (lambda lines: [*lines[:5], b"{", *lines[5:]], {CODE.EXPORT_MALFORMED}),
    "an unknown field": (entry(lambda line: line.update(note="x")), {CODE.EXPORT_MALFORMED}),
    "a repeated key": (
        lambda lines: [*lines[:4], lines[4].replace(b'{"kind"', b'{"seq":3,"kind"'), *lines[5:]],
        {CODE.EXPORT_MALFORMED},
    ),
    "a value with stray bits": (entry(lambda line: line.update(salt="AAB=")), {CODE.EXPORT_MALFORMED}),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_bent_export_is_named(name: str) -> None:
    bend, expected = TAMPERED[name]
    assert expected <= codes(audit(lines=bend(SOUND), held=STORY.head(7)))


def test_a_history_signed_again_with_the_ledgers_own_key_is_a_fork_of_the_one_held() -> None:
    held = STORY.head()
    again = MemoryLedger(WORLD)
    for record in STORY.records[1:-1]:
        again.append(record.leaf.message(record.value or b""))
    denied(again)
    assert codes(audit(again)) == set()
    assert CODE.FORK in codes(audit(again, held=held)) or CODE.TRUNCATED in codes(audit(again, held=held))


def test_a_shorter_history_than_the_one_held_is_truncation() -> None:
    shorter = MemoryLedger(WORLD)
    shorter.records = STORY.records[:6]
    assert CODE.TRUNCATED in codes(audit(shorter, held=STORY.head()))


def test_a_checkpoint_by_another_key_does_not_count() -> None:
    stranger = Signer.generate("/services/ledger")
    assert CODE.HELD_CHECKPOINT_BAD in codes(audit(held=STORY.head(signer=stranger)))
    forged = [*SOUND[:-1], json.dumps({"kind": "checkpoint", "note": STORY.head(signer=stranger).decode()}).encode()]
    assert {CODE.CHECKPOINT_BAD, CODE.CHECKPOINT_MISSING} <= codes(audit(lines=forged))


def test_a_pinned_ledger_key_is_the_only_one_that_counts() -> None:
    ours = VerifierKey(name=ORIGIN, public=WORLD.services[Role.LEDGER].public.raw)
    assert codes(audit(ledger_key=ours)) == set()
    other = VerifierKey(name=ORIGIN, public=Signer.generate("/services/ledger").public.raw)
    assert CODE.CHECKPOINT_BAD in codes(audit(ledger_key=other))


def test_an_offset_the_ledger_lacks_is_named() -> None:
    ledger = MemoryLedger(WORLD)
    ledger.offsets["actions.classified.v1"] += 1
    ledger.allowed()
    assert codes(audit(ledger)) == {CODE.OFFSETS_MISSING}


def test_a_refused_message_is_counted_and_carries_nothing() -> None:
    ledger = MemoryLedger(WORLD)
    message = received(WORLD.seal(WORLD.classified()), signature=None)
    ledger.refuse(message, "unsigned")
    found = audit(ledger)
    assert codes(found) == set()
    assert found.refused == 1
    assert message.value not in b"".join(ledger.export())


# Signatures and trust ----------------------------------------------------------------------------------------------


def test_another_root_makes_nothing_believable() -> None:
    found = verify_export(SOUND, Signer.generate("/root").public)
    assert {CODE.TRUST_BAD, CODE.TRUST_MISSING, CODE.CHECKPOINT_BAD} <= codes(found)
    assert (found.signatures, found.chains) == (0, 0)


def test_an_event_by_a_stranger_is_named_even_when_the_tree_is_whole() -> None:
    ledger = MemoryLedger(WORLD)
    ledger.add(WORLD.classified())
    last = ledger.records[-1]
    signature = last.leaf.signature or ""
    flipped = ("B" if signature[0] != "B" else "C") + signature[1:]
    ledger.records[-1] = replace(last, leaf=replace(last.leaf, signature=flipped))
    assert codes(audit(ledger)) == {CODE.SIGNATURE_BAD}


def test_a_key_is_judged_at_the_moment_of_reception() -> None:
    ledger = MemoryLedger(World())
    ledger.add(ledger.world.classified())
    ledger.world.version = 2
    document = ledger.world.document()
    service = document.services[Role.CLASSIFIER]
    revoked = service.model_copy(
        update={"keys": tuple(key.model_copy(update={"revoked_at": ledger.time}) for key in service.keys)}
    )
    ledger.trust_version(services={**document.services, Role.CLASSIFIER: revoked})
    assert audit(ledger).ok
    ledger.append(received(ledger.world.seal(ledger.world.classified()), offset=1))
    assert CODE.SIGNATURE_BAD in codes(audit(ledger))


def test_an_older_trust_file_does_not_come_back() -> None:
    ledger = MemoryLedger(World())
    ledger.trust_version()
    assert codes(audit(ledger)) == {CODE.TRUST_BAD}


def test_a_trust_file_nobody_recorded_is_named() -> None:
    ledger = MemoryLedger(World())
    ledger.world.version = 2
    ledger.add(ledger.world.classified())
    assert codes(audit(ledger)) == {CODE.TRUST_UNRECORDED}


def test_the_same_event_id_with_other_bytes_is_counted() -> None:
    ledger = MemoryLedger(WORLD)
    classified = WORLD.classified()
    ledger.add(classified)
    ledger.add(classified, time=NOW - timedelta(seconds=1))
    found = audit(ledger)
    assert (found.divergent, found.ok) == (1, True)


# Meaning -----------------------------------------------------------------------------------------------------------


def run_without_grant(ledger: MemoryLedger) -> None:
    resolved = MemoryLedger(WORLD).allowed()
    ledger.ran(resolved)


def second_run(ledger: MemoryLedger) -> None:
    resolved = ledger.allowed()
    ledger.ran(resolved)
    ledger.ran(resolved, attempt=derived_id(resolved.action_id, "attempt", "2"))


def other_bytes_ran(ledger: MemoryLedger) -> None:
    ledger.ran(ledger.allowed(), digest="9" * 64)


def ran_too_late(ledger: MemoryLedger) -> None:
    ledger.ran(ledger.allowed(), started_at=NOW + timedelta(minutes=6), finished_at=NOW + timedelta(minutes=6))


def another_grant_ran(ledger: MemoryLedger) -> None:
    ledger.ran(ledger.allowed(), grant_id=derived_id("x", "y", "z"))


def run_after_denial(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.DENY)
    ledger.add(classified)
    ledger.add(decided)
    resolved = resolution(WORLD, decided, Outcome.DENIED)
    ledger.add(resolved)
    ledger.ran(resolved)


def one_team_only(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("alice", VoteKind.APPROVE),))


def one_person_for_both(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("carol", VoteKind.APPROVE),))


def same_person_twice(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("carol", VoteKind.APPROVE), ("carol", VoteKind.APPROVE)))


def owner_votes(ledger: MemoryLedger) -> None:
    people = (*PEOPLE, EligibleReviewer(person="dave", groups=("security",)))
    ledger.reviewed(votes=(("alice", VoteKind.APPROVE), ("dave", VoteKind.APPROVE)), eligible=people)


def beneficiary_votes(ledger: MemoryLedger) -> None:
    people = (*PEOPLE, EligibleReviewer(person="frank", groups=("security",)))
    votes = (("alice", VoteKind.APPROVE), ("frank", VoteKind.APPROVE))
    ledger.reviewed(votes=votes, eligible=people, on_behalf_of="frank")


def stranger_votes(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("alice", VoteKind.APPROVE), ("mallory", VoteKind.APPROVE)))


def gone_at_the_settlement(ledger: MemoryLedger) -> None:
    """Bob left security before the review closed, so his vote counts for nothing."""

    def bend(step: ReviewRecorded) -> ReviewRecorded:
        left = tuple(person for person in PEOPLE if person.person != "bob")
        return step.model_copy(update={"eligible": left}) if step.step is ReviewStep.CLOSED else step

    ledger.reviewed(bend=bend)


def came_and_went(ledger: MemoryLedger) -> None:
    """Mallory joined after the opening, voted, and left before the closing: eligible then, needed by nobody."""

    def bend(step: ReviewRecorded) -> ReviewRecorded:
        mine = (EligibleReviewer(person="mallory", groups=("security",)),)
        return step.model_copy(update={"eligible": mine}) if step.actor == "mallory" else step

    votes = (("alice", VoteKind.APPROVE), ("bob", VoteKind.APPROVE), ("mallory", VoteKind.APPROVE))
    ledger.reviewed(votes=votes, bend=bend, reviewers=("alice", "bob"))


def excluded_at_the_settlement(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"excluded": ("dave", "bob")}) if step.step is ReviewStep.CLOSED else step

    ledger.reviewed(bend=bend)


def changed_mind(ledger: MemoryLedger) -> None:
    votes = (("alice", VoteKind.APPROVE), ("bob", VoteKind.APPROVE), ("bob", VoteKind.REJECT))
    ledger.reviewed(votes=votes)


def grant_names_another(ledger: MemoryLedger) -> None:
    ledger.reviewed(reviewers=("alice", "mallory"))


def grant_names_too_few(ledger: MemoryLedger) -> None:
    ledger.reviewed(reviewers=("alice",))


def without_step_up(ledger: MemoryLedger) -> None:
    needed = Requirement(approvals=parse("1 from security"), timeout_seconds=60, step_up="passkey")
    ledger.reviewed(votes=(("bob", VoteKind.APPROVE),), requirement=needed)


def other_requirement(ledger: MemoryLedger) -> None:
    easier = Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=900)
    ledger.reviewed(
        bend=lambda step: step.model_copy(update={"requirement": easier}) if step.step is ReviewStep.OPENED else step
    )


def dropped(kind: ReviewStep) -> Callable[[MemoryLedger], None]:
    def bend(step: ReviewRecorded) -> ReviewRecorded | None:
        return None if step.step is kind else step

    def tell(ledger: MemoryLedger) -> None:
        ledger.reviewed(bend=bend)

    return tell


def uncounted(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"counted": False}) if step.actor == "bob" else step

    ledger.reviewed(bend=bend)


def closed_otherwise(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"outcome": Outcome.REJECTED}) if step.step is ReviewStep.CLOSED else step

    ledger.reviewed(bend=bend)


def step_twice(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"sequence": 1}) if step.actor == "bob" else step

    ledger.reviewed(bend=bend)


def rejected_by_nobody(ledger: MemoryLedger) -> None:
    ledger.reviewed(Outcome.REJECTED, votes=())


def approved_without_review(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.REVIEW)
    for data in (classified, decided, resolution(WORLD, decided, Outcome.APPROVED, reviewers=("alice",))):
        ledger.add(data)


def allowed_under_review(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.REVIEW)
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED, reviewers=("alice",))):
        ledger.add(data)


def allowed_against_denial(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.DENY)
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED)):
        ledger.add(data)


def grant_with_another_verdict(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    denying = WORLD.decided(classified, decision=Verdict.DENY)
    allowing = WORLD.decided(classified)
    for data in (classified, denying, resolution(WORLD, allowing, Outcome.ALLOWED)):
        ledger.add(data)


def allowed_without_grant(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED, grant=None)):
        ledger.add(data)


def denied_with_grant(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    grant = sign_claims(grant_claims(WORLD, decided), WORLD.services[Role.SETTLE])
    for data in (classified, decided, resolution(WORLD, decided, Outcome.DENIED, grant=grant)):
        ledger.add(data)


def grant_of_another_action(ledger: MemoryLedger) -> None:
    other = ledger.allowed()
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED, grant=other.grant)):
        ledger.add(data)


def two_outcomes(ledger: MemoryLedger) -> None:
    resolved = ledger.allowed()
    ledger.add(resolved.model_copy(update={"outcome": Outcome.DENIED, "grant": None}))


def contradicting_decisions(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    allowing, denying = WORLD.decided(classified), WORLD.decided(classified, decision=Verdict.DENY)
    for data in (classified, allowing, denying, resolution(WORLD, denying, Outcome.DENIED)):
        ledger.add(data)


def decision_unlike_its_verdict(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.DENY)
    ledger.add(classified)
    ledger.add(decided.model_copy(update={"decision": Verdict.ALLOW}))


def decision_about_another(ledger: MemoryLedger) -> None:
    ledger.add(classified := WORLD.classified())
    other = WORLD.decided()
    ledger.add(WORLD.decided(classified, commitment=other.commitment))


def classification_unlike_its_commitment(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    action = classified.action.model_copy(update={"resource": "postgres://warehouse/other"})
    ledger.add(classified.model_copy(update={"action": action}))


def decision_without_classification(ledger: MemoryLedger) -> None:
    decided = WORLD.decided()
    ledger.add(decided)
    ledger.add(resolution(WORLD, decided, Outcome.DENIED))


def review_without_decision(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    ledger.add(classified)
    ledger.add(
        ReviewRecorded(
            action_id=classified.action_id,
            agent=classified.agent,
            digest=classified.digest,
            sequence=0,
            step=ReviewStep.OPENED,
            actor=None,
            channel="system",
            authentication=Authentication.NONE,
        )
    )


def outcome_out_of_nothing(ledger: MemoryLedger) -> None:
    ledger.add(resolution(WORLD, WORLD.decided(), Outcome.DENIED))


def withdrawn_by_nobody(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.WITHDRAWN)):
        ledger.add(data)


def withdrawn_by_another_agent(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    followed = ActionFollowed(
        action_id=classified.action_id, agent="other-agent", digest=classified.digest, step="withdrawn", sequence=0
    )
    for data in (classified, decided, followed, resolution(WORLD, decided, Outcome.WITHDRAWN)):
        ledger.add(data)


def superseded_by_nothing(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.SUPERSEDED)):
        ledger.add(data)


def no_outcome_in_time(ledger: MemoryLedger) -> None:
    ledger.add(WORLD.classified(WORLD.proposed(deadline=NOW + timedelta(seconds=1))))
    ledger.step = timedelta(minutes=5)
    denied(ledger)


STORIES: dict[Callable[[MemoryLedger], None], set[ProblemCode]] = {
    run_without_grant: {CODE.RUN_WITHOUT_GRANT},
    run_after_denial: {CODE.RUN_WITHOUT_GRANT},
    second_run: {CODE.RUN_REPEATED},
    other_bytes_ran: {CODE.RUN_DIFFERS},
    ran_too_late: {CODE.RUN_DIFFERS},
    another_grant_ran: {CODE.RUN_DIFFERS},
    one_team_only: {CODE.VOTES_MISSING, CODE.GRANT_UNFOUNDED},
    one_person_for_both: {CODE.VOTES_MISSING, CODE.GRANT_UNFOUNDED},
    same_person_twice: {CODE.VOTES_MISSING, CODE.GRANT_UNFOUNDED},
    owner_votes: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    beneficiary_votes: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    stranger_votes: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    came_and_went: set(),
    changed_mind: {CODE.VOTES_MISSING},
    gone_at_the_settlement: {CODE.VOTES_MISSING},
    excluded_at_the_settlement: {CODE.VOTES_MISSING},
    grant_names_another: {CODE.VOTES_MISSING},
    grant_names_too_few: {CODE.GRANT_UNFOUNDED},
    without_step_up: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    other_requirement: {CODE.REVIEW_BAD},
    dropped(ReviewStep.OPENED): {CODE.REVIEW_GAP},
    dropped(ReviewStep.VOTED): {CODE.REVIEW_GAP, CODE.VOTES_MISSING},
    dropped(ReviewStep.CLOSED): {CODE.REVIEW_GAP},
    uncounted: {CODE.VOTES_MISSING},
    closed_otherwise: {CODE.REVIEW_BAD},
    step_twice: {CODE.REVIEW_BAD, CODE.REVIEW_GAP, CODE.VOTES_MISSING},
    rejected_by_nobody: {CODE.VOTES_MISSING},
    approved_without_review: {CODE.VOTES_MISSING},
    allowed_under_review: {CODE.GRANT_UNFOUNDED},
    allowed_against_denial: {CODE.GRANT_BAD},
    grant_with_another_verdict: {CODE.VERDICT_MISSING},
    allowed_without_grant: {CODE.GRANT_BAD},
    denied_with_grant: {CODE.GRANT_BAD},
    grant_of_another_action: {CODE.GRANT_BAD},
    two_outcomes: {CODE.OUTCOME_REPEATED},
    contradicting_decisions: {CODE.DIVERGENT},
    decision_unlike_its_verdict: {CODE.VERDICT_BAD},
    decision_about_another: {CODE.COMMITMENT_BAD},
    classification_unlike_its_commitment: {CODE.COMMITMENT_BAD},
    decision_without_classification: {CODE.ORPHAN},
    review_without_decision: {CODE.ORPHAN},
    outcome_out_of_nothing: {CODE.OUTCOME_UNFOUNDED},
    withdrawn_by_nobody: {CODE.OUTCOME_UNFOUNDED},
    withdrawn_by_another_agent: {CODE.OUTCOME_UNFOUNDED},
    superseded_by_nothing: {CODE.OUTCOME_UNFOUNDED},
    no_outcome_in_time: {CODE.OUTCOME_MISSING},
}


@pytest.mark.parametrize("tell", STORIES, ids=lambda tell: tell.__name__.strip("<>"))
def test_a_story_that_does_not_hold_is_named(tell: Callable[[MemoryLedger], None]) -> None:
    ledger = MemoryLedger(WORLD)
    tell(ledger)
    assert codes(audit(ledger)) == STORIES[tell]


def failed_then_denied(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    failed = ActionFailed(
        action_id=classified.action_id,
        agent=classified.agent,
        digest=classified.digest,
        stage=Stage.CLASSIFY,
        code="too_slow",
        failed_sha256="7" * 64,
    )
    ledger.add(failed)
    ledger.add(resolution(WORLD, WORLD.decided(classified), Outcome.DENIED))


def withdrawn(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    followed = ActionFollowed(
        action_id=classified.action_id, agent=classified.agent, digest=classified.digest, step="withdrawn", sequence=0
    )
    for data in (classified, decided, followed, resolution(WORLD, decided, Outcome.WITHDRAWN)):
        ledger.add(data)


def step_up_done(ledger: MemoryLedger) -> None:
    needed = Requirement(approvals=parse("1 from security"), timeout_seconds=60, step_up="passkey")
    ledger.reviewed(votes=(("bob", VoteKind.APPROVE),), requirement=needed, authentication=Authentication.PASSKEY)


def refused_attempts(ledger: MemoryLedger) -> None:
    resolved = ledger.allowed()
    for number in range(3):
        ledger.ran(
            resolved,
            ExecutionStatus.REFUSED,
            attempt=derived_id(resolved.action_id, "attempt", str(number)),
            started_at=None,
        )
    ledger.ran(MemoryLedger(WORLD).allowed(), ExecutionStatus.REFUSED, started_at=None)


def out_of_order(ledger: MemoryLedger) -> None:
    other = MemoryLedger(WORLD)
    other.ran(other.reviewed())
    for record in reversed(other.records[1:]):
        message = record.leaf.message(record.value or b"")
        ledger.append(replace(message, offset=ledger.offsets[message.topic]))


def still_open(ledger: MemoryLedger) -> None:
    ledger.add(WORLD.classified())


def joined_before_the_settlement(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        before = tuple(person for person in PEOPLE if person.person != "bob")
        return step.model_copy(update={"eligible": before}) if step.step is ReviewStep.OPENED else step

    ledger.reviewed(bend=bend)


def more_votes_than_needed(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=tuple((person, VoteKind.APPROVE) for person in ("alice", "carol", "bob")))


@pytest.mark.parametrize(
    "tell",
    [
        failed_then_denied,
        withdrawn,
        step_up_done,
        refused_attempts,
        out_of_order,
        still_open,
        more_votes_than_needed,
        joined_before_the_settlement,
    ],
)
def test_a_story_that_holds_is_not_suspected(tell: Callable[[MemoryLedger], None]) -> None:
    ledger = MemoryLedger(WORLD)
    tell(ledger)
    assert codes(audit(ledger)) == set()


def test_grace_forgives_what_is_missing_while_it_is_fresh_and_never_a_contradiction() -> None:
    ledger = MemoryLedger(WORLD)
    decision_without_classification(ledger)
    found = audit(ledger, grace=timedelta(seconds=5))
    assert (codes(found), found.pending, found.chains) == (set(), 1, 0)
    ledger.step = timedelta(minutes=1)
    denied(ledger)
    assert codes(audit(ledger, grace=timedelta(seconds=5))) == {CODE.ORPHAN}
    contradiction = MemoryLedger(WORLD)
    two_outcomes(contradiction)
    assert codes(audit(contradiction, grace=timedelta(hours=5))) == {CODE.OUTCOME_REPEATED}


def test_only_so_many_problems_are_kept_and_all_are_counted() -> None:
    found = Report()
    for _ in range(1_500):
        found.add(CODE.ORPHAN, "x")
    assert (len(found.problems), found.problem_count) == (1_000, 1_500)
    assert found.as_text().splitlines()[-2:] == ["… and 500 more", "1500 problems"]


# The leaf ----------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=20).filter(lambda text: text.isprintable() or "\n" in text)


@given(TEXT, st.integers(0, 2**31), st.integers(0, 2**53 - 1), st.none() | TEXT, st.none() | TEXT)
def test_a_leaf_is_canonical_json(topic: str, partition: int, offset: int, key: str | None, type_: str | None) -> None:
    leaf = Leaf(topic, partition, offset, spell_time(NOW), "0" * 64, key=key, type=type_)
    assert leaf.encode() == rfc8785.dumps(json.loads(leaf.encode()))


def test_a_leaf_has_exactly_these_bytes() -> None:
    leaf = Leaf("t", 1, 2, spell_time(NOW), "0" * 64, None, "k", "e", "y", "i", "s")
    assert leaf.encode() == (
        b'{"event_id":"e","format":"placet-ledger-entry-v1","key":"k","key_id":"i","offset":2,"partition":1,'
        b'"received_at":"2026-06-01T12:00:00.000000Z","refused":null,"signature":"s","topic":"t","type":"y",'
        b'"value_hash":"' + b"0" * 64 + b'"}'
    )


@pytest.mark.parametrize("text", ["", "2026-06-01T12:00:00Z", "2026-06-01T12:00:00.0Z", "2026-06-01 12:00:00.000000Z"])
def test_a_time_has_one_spelling(text: str) -> None:
    assert parse_time(spell_time(NOW)) == NOW
    with pytest.raises(VerificationError):
        parse_time(text)
