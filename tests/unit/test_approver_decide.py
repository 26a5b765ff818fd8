"""The judge, as properties: whatever people do in whatever order, and the faults seen in systems that do this job.

Numbers in test names are those of the list of faults found elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.events import Authentication, Outcome, Retry, Verdict, VoteKind
from placet.requirement import AllOf, AnyOf, Escalation, Expression, Quorum, Requirement, assignment, groups, parse
from services.approver.decide import judge, next_escalation, open_review, repeated, too_many, withdraw
from services.approver.electorate import eligible, may_vote, satisfiable, standing
from services.approver.evidence import admit
from services.approver.model import (
    Asked,
    Bounds,
    Claim,
    Decision,
    Person,
    Refused,
    Review,
    ReviewState,
    Settlement,
    Standing,
    Vote,
)
from tests.factories import NOW, World, new_action_id, position

DIGEST = "a" * 64
CLAIM = Claim(action_id=new_action_id(), agent="nightly-export", digest=DIGEST)
GROUPS = ("leads", "security", "admins")
NAMES = ("ann", "ben", "cal", "dot", "eve", "fay")


def a_review(requirement: Requirement, **changes: Any) -> Review:
    decision = Decision(
        claim=CLAIM,
        commitment="c",
        verdict="v",
        resource="db://x",
        deadline=NOW + timedelta(hours=1),
        rules=("test/rule",),
        labels=(),
        likeness="b" * 64,
        proposal=position("actions.proposed.v1"),
    )
    content: dict[str, Any] = {
        "decision": decision,
        "owner": "eve",
        "on_behalf_of": None,
        "name": "db.query",
        "purpose": "",
        "classified": {},
        "classification": position("actions.classified.v1"),
        "reasons": (),
        "requirement": requirement,
        "eligible": (),
        "excluded": frozenset({"eve"}),
        "satisfiable": True,
        "opened_at": NOW,
        "expires_at": NOW + timedelta(seconds=requirement.timeout_seconds),
        "next_sequence": 1,
    }
    return Review(**{**content, **changes})


def needing(text: str, **changes: Any) -> Requirement:
    return Requirement(approvals=parse(text), **{"timeout_seconds": 900, **changes})


def people(**held: str) -> dict[str, Person]:
    """ann="leads security": active, in these groups."""
    return {name: Person(name=name, groups=frozenset(text.split()), active=True) for name, text in held.items()}


def standing_of(directory: Mapping[str, Person], *, excluded: frozenset[str] = frozenset({"eve"})) -> Standing:
    return Standing(directory=directory, excluded=excluded, machines=frozenset({"nightly-export"}), agent_enabled=True)


_ids = iter(range(1, 10**9))


def a_vote(reviewer: str, kind: VoteKind = VoteKind.APPROVE, **changes: Any) -> Vote:
    content: dict[str, Any] = {
        "id": next(_ids),
        "request_id": new_action_id(),
        "action_id": CLAIM.action_id,
        "digest": DIGEST,
        "reviewer": reviewer,
        "kind": kind,
        "reason": None,
        "channel": "console",
        "authentication": Authentication.SESSION,
        "cast_at": NOW,
    }
    return Vote(**{**content, **changes})


class Case:
    """A review through time, as settle drives the judge: votes in batches, what counted is remembered."""

    def __init__(self, requirement: Requirement, directory: Mapping[str, Person]) -> None:
        self.review, self.now = a_review(requirement), NOW
        self.standing = standing_of(directory)
        self.counted: list[Vote] = []
        self.codes: dict[int, str] = {}
        self.settlements: list[Settlement] = []

    def vote(self, *votes: Vote) -> Settlement | None:
        ruling = judge(self.review, self.counted, votes, self.standing, self.now)
        assert sorted(vote.id for vote, _ in ruling.judged) == sorted(vote.id for vote in votes)
        for vote, judgement in ruling.judged:
            self.codes[vote.id] = judgement.code
            if judgement.counted:
                self.counted.append(vote)
        self.counted.sort(key=lambda vote: vote.id)
        if ruling.settlement is not None:
            self.settlements.append(ruling.settlement)
            self.review = replace(
                self.review,
                state=ReviewState(ruling.settlement.outcome.value),
                closed_at=self.now,
                closed_sentence=ruling.settlement.sentence,
            )
        return ruling.settlement


# Properties -----------------------------------------------------------------------------------------------------------

quorums = st.builds(Quorum, count=st.integers(1, 3), group=st.sampled_from(GROUPS))
expressions: st.SearchStrategy[Expression] = st.recursive(
    quorums,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda of: AllOf(of=tuple(of))),
        st.lists(parts, min_size=1, max_size=3).map(lambda of: AnyOf(of=tuple(of))),
    ),
    max_leaves=5,
)
requirements = st.builds(
    Requirement,
    approvals=expressions,
    timeout_seconds=st.just(900),
    rejections=st.integers(1, 3),
    step_up=st.sampled_from([None, "passkey"]),
)
directories = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(
        Person, name=st.just("x"), groups=st.frozensets(st.sampled_from((*GROUPS, "other"))), active=st.booleans()
    ),
    min_size=1,
)
events = st.lists(
    st.one_of(
        st.tuples(
            st.just("votes"),
            st.lists(
                st.tuples(
                    st.sampled_from((*NAMES, "nightly-export", "stranger")),
                    st.sampled_from(VoteKind),
                    st.sampled_from(Authentication),
                    st.sampled_from([DIGEST, DIGEST, DIGEST, "b" * 64]),
                ),
                min_size=1,
                max_size=5,
            ),
        ),
        st.tuples(st.just("directory"), directories),
        st.tuples(st.just("clock"), st.integers(0, 400)),
        st.tuples(st.just("disable"), st.just(None)),
    ),
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(requirement=requirements, directory=directories, story=events)
def test_whatever_happens_there_is_at_most_one_outcome_and_no_approval_that_was_not_earned(
    requirement: Requirement, directory: dict[str, Person], story: list[tuple[str, Any]]
) -> None:
    case = Case(requirement, directory)
    for kind, content in story:
        match kind:
            case "directory":
                case.standing = replace(case.standing, directory=content)
            case "clock":
                case.now += timedelta(seconds=content)
            case "disable":
                case.standing = replace(case.standing, agent_enabled=False)
            case _:
                votes = [a_vote(who, what, authentication=how, digest=digest) for who, what, how, digest in content]
                check(case, case.vote(*votes))


def check(case: Case, settlement: Settlement | None) -> None:
    """What must hold right after a batch of votes that came to this settlement."""
    assert len(case.settlements) <= 1
    assert not {vote.reviewer for vote in case.counted} & {"eve", "nightly-export", "stranger"}
    assert all(vote.digest == DIGEST for vote in case.counted)
    if settlement is None or settlement.outcome is not Outcome.APPROVED:
        return
    approving = {vote.reviewer: vote for vote in case.counted}
    assert case.now < case.review.expires_at
    assert case.standing.agent_enabled
    assert len(set(settlement.reviewers)) == len(settlement.reviewers)
    for person in settlement.reviewers:
        assert approving[person].kind is VoteKind.APPROVE
        assert case.standing.directory[person].active
        if case.review.requirement.step_up is not None:
            assert approving[person].authentication is Authentication.PASSKEY
    those = {one: case.standing.directory[one].groups for one in settlement.reviewers}
    assert assignment(case.review.requirement.approvals, those) == frozenset(settlement.reviewers)


@settings(deadline=None)
@given(requirement=requirements, directory=directories, seconds=st.integers(0, 10**6), votes=st.integers(0, 6))
def test_time_never_approves(requirement: Requirement, directory: dict[str, Person], seconds: int, votes: int) -> None:
    case = Case(requirement, directory)
    case.now = case.review.expires_at + timedelta(seconds=seconds)
    settlement = case.vote(*(a_vote(name, authentication=Authentication.PASSKEY) for name in NAMES[:votes]))
    assert settlement is not None
    assert (settlement.outcome, settlement.code, settlement.retry) == (Outcome.EXPIRED, "timeout", Retry.LATER)
    assert set(case.codes.values()) <= {"already_settled"}


@settings(deadline=None)
@given(requirement=requirements, directory=directories, order=st.permutations(NAMES))
def test_the_same_votes_together_come_to_the_same_in_any_order(
    requirement: Requirement, directory: dict[str, Person], order: list[str]
) -> None:
    cast = [a_vote(name, authentication=Authentication.PASSKEY) for name in NAMES]
    one, other = Case(requirement, directory), Case(requirement, directory)
    by_name = {vote.reviewer: vote for vote in cast}
    assert one.vote(*cast) == other.vote(*(by_name[name] for name in order))
    assert one.codes == other.codes


@settings(deadline=None)
@given(requirement=requirements, directory=directories)
def test_what_the_eligible_cannot_satisfy_is_known_beforehand(
    requirement: Requirement, directory: dict[str, Person]
) -> None:
    case = Case(requirement, directory)
    can = satisfiable(requirement, eligible(requirement, case.standing))
    settlement = case.vote(*(a_vote(name, authentication=Authentication.PASSKEY) for name in NAMES))
    assert can == (settlement is not None and settlement.outcome is Outcome.APPROVED)


@settings(deadline=None)
@given(requirement=requirements, directory=directories)
def test_who_may_vote_is_active_in_a_named_group_and_not_concerned(
    requirement: Requirement, directory: dict[str, Person]
) -> None:
    now = standing_of(directory)
    expected = {
        name
        for name, person in directory.items()
        if person.active and name != "eve" and person.groups & groups(requirement.approvals)
    }
    found = eligible(requirement, now)
    assert {one.person for one in found} == expected
    assert [one.person for one in found] == sorted(expected)
    assert all(set(one.groups) <= groups(requirement.approvals) for one in found)


# Faults found elsewhere -----------------------------------------------------------------------------------------------


def test_fault_1_and_16_one_person_in_two_groups_is_one_person() -> None:
    case = Case(needing("1 from leads and 1 from security"), people(ann="leads security", ben="security"))
    assert case.vote(a_vote("ann")) is None
    assert case.vote(a_vote("ann", channel="slack")) is None
    settlement = case.vote(a_vote("ben"))
    assert settlement is not None
    assert settlement.reviewers == ("ann", "ben")


def test_fault_1_more_votes_than_needed_never_leave_it_pending() -> None:
    case = Case(needing("1 from leads"), people(ann="leads", ben="leads", cal="leads"))
    settlement = case.vote(a_vote("ann"), a_vote("ben"), a_vote("cal"))
    assert settlement is not None
    assert settlement.reviewers == ("ann",)
    assert sorted(case.codes.values()) == ["already_settled", "already_settled", "counted"]


def test_fault_2_and_16_administrators_and_owners_do_not_approve_their_own() -> None:
    case = Case(needing("1 from admins or 1 from leads"), people(eve="admins leads"))
    own = a_vote("eve")
    assert case.vote(own) is None
    assert case.codes == {own.id: "own_action"}


def test_fault_6_nothing_is_trivially_satisfied() -> None:
    for build in (AllOf, AnyOf):
        with pytest.raises(ValueError, match="at least 1"):
            build(of=())
    case = Case(needing("1 from leads"), {})
    assert case.vote() is None


def test_fault_8_a_timeout_is_nobodys_rejection_and_a_rejection_no_timeout() -> None:
    late, rejected = (Case(needing("1 from leads"), people(ann="leads")) for _ in range(2))
    late.now += timedelta(seconds=900)
    expired = late.vote(a_vote("ann", VoteKind.REJECT))
    refused = rejected.vote(a_vote("ann", VoteKind.REJECT, reason="not today"))
    assert expired is not None
    assert refused is not None
    assert (expired.outcome, refused.outcome) == (Outcome.EXPIRED, Outcome.REJECTED)
    assert "ann" not in expired.sentence
    assert refused.sentence.endswith(": not today")


def test_fault_7_what_was_rejected_is_not_to_be_asked_again() -> None:
    case = Case(needing("1 from leads"), people(ann="leads"))
    settlement = case.vote(a_vote("ann", VoteKind.REJECT))
    assert settlement is not None
    assert settlement.retry is Retry.NEVER


def test_fault_11_and_25_an_agents_vote_never_counts_even_if_the_directory_lists_it() -> None:
    case = Case(needing("1 from leads"), {**people(ann="leads"), **people(**{"nightly-export": "leads"})})
    own = a_vote("nightly-export")
    assert case.vote(own) is None
    assert case.codes == {own.id: "not_a_person"}


@pytest.mark.parametrize("how", [one for one in Authentication if one is not Authentication.PASSKEY])
def test_fault_15_a_weak_sign_in_does_not_approve_what_needs_a_strong_one(how: Authentication) -> None:
    case = Case(needing("1 from leads", step_up="passkey"), people(ann="leads"))
    weak, strong = a_vote("ann", authentication=how), a_vote("ann", authentication=Authentication.PASSKEY)
    assert case.vote(weak) is None
    assert case.codes == {weak.id: "step_up_required"}
    assert case.vote(strong) is not None


def test_fault_20_a_vote_is_for_the_content_it_saw() -> None:
    case = Case(needing("1 from leads"), people(ann="leads"))
    stale = a_vote("ann", digest="b" * 64)
    assert case.vote(stale) is None
    assert case.codes == {stale.id: "digest_mismatch"}


def test_fault_22_a_second_decision_never_overwrites_the_first() -> None:
    case = Case(needing("1 from leads"), people(ann="leads", ben="leads"))
    first = case.vote(a_vote("ann"))
    second = a_vote("ben", VoteKind.REJECT)
    assert case.vote(second) is None
    assert case.codes[second.id] == "already_settled"
    assert case.settlements == [first]


def test_fault_26_a_stranger_or_a_role_outside_the_directory_is_nobody() -> None:
    case = Case(needing("1 from leads"), people(ann="leads", ben="other"))
    stranger, outsider = a_vote("mallory"), a_vote("ben")
    assert case.vote(stranger, outsider) is None
    assert case.codes == {stranger.id: "unknown_person", outsider.id: "not_in_group"}


def test_fault_30_a_missed_quorum_expires() -> None:
    case = Case(needing("2 from leads"), people(ann="leads", ben="leads"))
    assert case.vote(a_vote("ann")) is None
    case.now += timedelta(seconds=900)
    settlement = case.vote(a_vote("ben"))
    assert settlement is not None
    assert settlement.outcome is Outcome.EXPIRED


@pytest.mark.parametrize("same_person", [True, False])
@pytest.mark.parametrize("approve_first", [True, False])
def test_fault_31_a_rejection_sent_together_with_an_approval_wins(*, same_person: bool, approve_first: bool) -> None:
    case = Case(needing("1 from leads"), people(ann="leads", ben="leads"))
    kinds = (VoteKind.APPROVE, VoteKind.REJECT) if approve_first else (VoteKind.REJECT, VoteKind.APPROVE)
    names = ("ann", "ann") if same_person else ("ann", "ben")
    votes = [a_vote(name, kind) for name, kind in zip(names, kinds, strict=True)]
    settlement = case.vote(*votes)
    assert settlement is not None
    assert settlement.outcome is Outcome.REJECTED
    assert sorted(case.codes.values()) == ["already_settled", "counted"]


# Tables ---------------------------------------------------------------------------------------------------------------


def test_a_leavers_vote_falls_away_and_counts_again_when_they_are_back() -> None:
    directory = people(ann="leads", ben="leads", cal="leads")
    case = Case(needing("2 from leads"), directory)
    case.vote(a_vote("ann"))
    case.standing = standing_of({**directory, "ann": replace(directory["ann"], active=False)})
    assert case.vote(a_vote("ben")) is None
    case.standing = standing_of(directory)
    settlement = case.vote(a_vote("cal"))
    assert settlement is not None
    assert settlement.outcome is Outcome.APPROVED


def test_rejections_are_counted_by_person() -> None:
    case = Case(needing("2 from leads", rejections=2), people(ann="leads", ben="leads", cal="leads"))
    first, again = a_vote("ann", VoteKind.REJECT), a_vote("ann", VoteKind.REJECT)
    assert case.vote(first) is None
    assert case.vote(again) is None
    assert case.codes[again.id] == "already_voted"
    settlement = case.vote(a_vote("ben", VoteKind.REJECT))
    assert settlement is not None
    assert settlement.sentence.startswith("Rejected by ann and ben at ")


def test_the_order_of_escalations_is_that_of_their_times() -> None:
    steps = (Escalation(after_seconds=300, group="oncall"), Escalation(after_seconds=60, group="admins"))
    review = a_review(needing("1 from leads", escalations=steps))
    due: list[tuple[str, datetime]] = []
    while (following := next_escalation(review)) is not None:
        due.append((following[0].group, following[1]))
        review = replace(review, escalated=review.escalated + 1)
    assert due == [("admins", NOW + timedelta(seconds=60)), ("oncall", NOW + timedelta(seconds=300))]


def test_no_escalation_after_the_end() -> None:
    review = a_review(needing("1 from leads", escalations=(Escalation(after_seconds=900, group="oncall"),)))
    assert next_escalation(review) is None


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.WITHDRAWN),
        ({"expires_at": NOW}, Outcome.EXPIRED),
        ({"state": ReviewState.APPROVED, "closed_sentence": "x"}, None),
    ],
)
def test_withdrawing(changes: dict[str, Any], outcome: Outcome | None) -> None:
    settlement = withdraw(a_review(needing("1 from leads"), **changes), standing_of({}), NOW)
    assert (None if settlement is None else settlement.outcome) == outcome


def test_standing_excludes_the_owner_of_then_and_of_now_and_on_behalf_of() -> None:
    trust = World().trust()
    now = standing(people(ann="leads"), trust, agent="nightly-export", concerned=("olga", "frank", None))
    assert now.excluded == {"olga", "frank", "dave"}
    assert now.machines == {"nightly-export", "other-agent", "warehouse"}
    assert now.agent_enabled
    gone = standing({}, trust, agent="nobody", concerned=())
    assert not gone.agent_enabled


def test_an_inactive_person_may_not_vote() -> None:
    directory = {"ann": Person(name="Ann", groups=frozenset({"leads"}), active=False)}
    refused = may_vote("ann", needing("1 from leads"), standing_of(directory))
    assert isinstance(refused, Refused)
    assert refused.code == "inactive_person"


# People's attention ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pending", "held_back"), [(0, None), (2, None), (3, "too_many_pending"), (4, "too_many_pending")]
)
def test_an_agent_has_at_most_so_many_open_reviews(pending: int, held_back: str | None) -> None:
    found = too_many(Asked(pending, rejected_at=None), Bounds(pending_at_most=3))
    assert (None if found is None else found.code) == held_back
    if found is not None:
        assert (found.outcome, found.retry) == (Outcome.DENIED, Retry.LATER)
        assert found.sentence == f"{pending} actions of this agent wait for people already; at most 3 may."


@pytest.mark.parametrize(
    ("ago", "held_back"),
    [
        (None, None),
        (timedelta(0), "repeat_of_rejected"),
        (timedelta(minutes=15) - timedelta(microseconds=1), "repeat_of_rejected"),
        (timedelta(minutes=15), None),
        (timedelta(days=1), None),
    ],
)
def test_a_rejection_stands_for_a_while_against_a_repeat(ago: timedelta | None, held_back: str | None) -> None:
    found = repeated(Asked(0, None if ago is None else NOW - ago), Bounds(), NOW)
    assert (None if found is None else found.code) == held_back
    if found is not None and ago is not None:
        assert (found.outcome, found.retry) == (Outcome.DENIED, Retry.AFTER_CHANGE)
        assert f"was rejected at {NOW - ago:%H:%M:%S} UTC on {NOW - ago:%Y-%m-%d}" in found.sentence


@pytest.mark.parametrize(
    ("asked", "late", "code"),
    [
        (Asked(0, None), False, None),
        (Asked(49, None), False, None),
        (Asked(50, None), False, "too_many_pending"),
        (Asked(0, NOW), False, "repeat_of_rejected"),
        (Asked(50, NOW), False, "repeat_of_rejected"),
        (Asked(50, NOW), True, "deadline_passed"),
    ],
)
def test_opening_a_review_asks_for_peoples_attention(asked: Asked, late: bool, code: str | None) -> None:
    world = World()
    classified = world.classified()
    decided = world.decided(classified, decision=Verdict.REVIEW, requirement=needing("1 from leads"))
    decision = admit(decided, world.trust(), at=NOW)
    assert isinstance(decision, Decision)
    opened = open_review(
        decision,
        decided,
        classified,
        owner="eve",
        standing=standing_of({}),
        asked=asked,
        bounds=Bounds(),
        now=decision.deadline if late else NOW,
    )
    assert (opened.code if isinstance(opened, Settlement) else None) == code
