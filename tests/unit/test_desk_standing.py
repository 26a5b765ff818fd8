"""What a person may do, said in a sentence, and what a review still lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from placet.events import Authentication, Facts, VoteKind
from placet.requirement import Requirement, assignment, parse
from services.approver.desk.model import Heading, Reviewer, Vote
from services.approver.desk.standing import Standing, approvals_of, progress, standing
from tests.factories import NOW

BOTH = frozenset({VoteKind.APPROVE, VoteKind.REJECT})
HEADING = Heading(
    action_id="01a207fe-aad4-7326-907a-366e97dd3dcd",
    agent="nightly-export",
    owner="dave",
    on_behalf_of="frank",
    digest="0" * 64,
    name="db.query",
    resource="postgres://warehouse/customers",
    sensitivity="internal",
    labels=(),
    facts=Facts(),
    requirement=Requirement(approvals=parse("1 from dev-leads and 1 from security"), timeout_seconds=900),
    excluded=("dave", "frank", "grace"),
    satisfiable=True,
    state="open",
    opened_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    closed_at=None,
    closed_code=None,
    closed_sentence=None,
    read_at=NOW + timedelta(minutes=1),
)
STEP_UP = replace(HEADING, requirement=HEADING.requirement.model_copy(update={"step_up": "passkey"}))


def person(name: str, *groups: str) -> Reviewer:
    return Reviewer(name, name.title(), frozenset(groups))


def vote(reviewer: str, kind: VoteKind = VoteKind.APPROVE, *, counted: bool | None = True) -> Vote:
    return Vote(
        request_id="0",
        action_id=HEADING.action_id,
        digest=HEADING.digest,
        reviewer=reviewer,
        vote=kind,
        reason=None,
        channel="console",
        authentication=Authentication.SESSION,
        cast_at=NOW,
        counted=counted,
    )


def of(who: Reviewer, *votes: Vote, heading: Heading = HEADING, channel: str = "console") -> Standing:
    return standing(heading, votes, who, channel)


ALICE = person("alice", "dev-leads")


@pytest.mark.parametrize(
    ("found", "code", "may", "words"),
    [
        (of(ALICE), "asked", BOTH, "as a member of dev-leads"),
        (of(person("dave", "dev-leads", "admins")), "own_action", (), "You answer for the agent nightly-export"),
        (of(person("frank", "security")), "own_action", (), "acts on your behalf"),
        (of(person("grace", "security")), "own_action", (), "had a hand in"),
        (of(person("heidi", "admins")), "not_in_group", (), "needs somebody from dev-leads or security"),
        (of(person("ivan")), "not_in_group", (), "you are in no group"),
        (of(ALICE, vote("alice", counted=None)), "being_judged", (), "being judged"),
        (of(ALICE, vote("alice")), "voted", {VoteKind.REJECT}, "You approved it"),
        (of(ALICE, vote("alice"), vote("alice", VoteKind.REJECT)), "voted", (), "You rejected it"),
        (of(ALICE, vote("alice", counted=False)), "asked", BOTH, "You are asked"),
        (of(ALICE, vote("bob")), "asked", BOTH, "You are asked"),
        (of(ALICE, heading=replace(HEADING, state="approved")), "settled", (), "settled: approved"),
        (of(ALICE, heading=replace(HEADING, read_at=HEADING.expires_at)), "expired", (), "time is up"),
        (of(ALICE, heading=STEP_UP), "asked", BOTH, "Approving asks for your passkey."),
        (of(ALICE, heading=STEP_UP, channel="api"), "step_up_required", {VoteKind.REJECT}, "do it in the console"),
        (of(ALICE, vote("alice"), heading=STEP_UP, channel="api"), "voted", {VoteKind.REJECT}, "You approved it"),
        (of(person("dave", "dev-leads"), heading=STEP_UP), "own_action", (), "You answer for"),
    ],
)  # fmt: skip
def test_a_standing_has_a_sentence(found: Standing, code: str, may: frozenset[VoteKind], words: str) -> None:
    assert (found.code, found.may) == (code, frozenset(may))
    assert words in found.sentence


def test_an_approval_leads_to_the_provider_only_where_a_passkey_is_needed_and_it_makes_sense() -> None:
    assert of(ALICE, heading=STEP_UP).step_up
    assert not of(ALICE).step_up
    assert not of(ALICE, vote("alice"), heading=STEP_UP).step_up


@pytest.mark.parametrize(
    ("expression", "approvals", "given", "needed", "missing"),
    [
        ("2 from a", {}, 0, 2, "2 from a"),
        ("2 from a", {"x": {"a"}}, 1, 2, "1 from a"),
        ("1 from a and 1 from b", {"x": {"a", "b"}}, 1, 2, "1 from b"),
        ("1 from a and 1 from b", {"x": {"a", "b"}, "y": {"a"}}, 2, 2, ""),
        ("1 from a and 1 from b", {"x": {"c"}}, 0, 2, "1 from a and 1 from b"),
        ("2 from a or 1 from b", {"x": {"a"}}, 1, 2, "1 from a or 1 from b"),
        ("(1 from a or 1 from b) and 1 from c", {"x": {"b"}}, 1, 2, "1 from c or 1 from a and 1 from c"),
    ],
)
def test_progress_counts_each_person_once(
    expression: str, approvals: dict[str, set[str]], given: int, needed: int, missing: str
) -> None:
    found = progress(parse(expression), approvals)
    assert (found.given, found.needed, found.missing) == (given, needed, missing)
    # The explanation never says more than the judge's own assignment does.
    assert (found.missing == "") == (assignment(parse(expression), approvals) is not None)


def test_an_approval_that_became_a_rejection_is_none() -> None:
    votes = (vote("alice"), vote("bob"), vote("bob", VoteKind.REJECT), vote("carol", counted=False))
    assert approvals_of(votes, lambda _: frozenset({"g"})) == {"alice": {"g"}}
