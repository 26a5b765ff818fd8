"""Annotations: what a rule may say about itself, and how several reviews become one."""

from __future__ import annotations

import pytest
from cedarpy import PolicySet

from placet.errors import DecodeError
from placet.requirement import AllOf, Escalation, Quorum, Requirement, parse, spell
from services.policy.errors import Problem
from services.policy.model import Rule
from services.policy.reviews import MAX_TIMEOUT_SECONDS, combined, read_rule

WELL = '@id("a/b") @reason("Because.")'
FULL = f'{WELL} @review("Look.") @approvals("1 from security") @timeout("15m")'


def read(annotations: str, effect: str = "permit") -> Rule | list[Problem]:
    parsed = PolicySet.from_str(f"{annotations} {effect} (principal, action, resource);").to_pst()
    return read_rule("rules.cedar", parsed.static_policies["policy0"])


def codes(annotations: str, effect: str = "permit") -> list[str]:
    found = read(annotations, effect)
    assert isinstance(found, list), "the annotations were accepted"
    return [problem.code for problem in found]


def test_a_review_says_all_it_needs() -> None:
    rule = read(
        f'{FULL} @escalate("after 5m to oncall, after 10m to admins") @channels("slack:#approvals, console")'
        ' @stepup("passkey") @rejections("2")'
    )
    assert isinstance(rule, Rule)
    assert rule.review is not None
    assert rule.review.requirement == Requirement(
        approvals=Quorum(count=1, group="security"),
        timeout_seconds=900,
        escalations=(Escalation(after_seconds=300, group="oncall"), Escalation(after_seconds=600, group="admins")),
        channels=("slack:#approvals", "console"),
        step_up="passkey",
        rejections=2,
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("15m", 900), ("24h", 86_400), ("7d", MAX_TIMEOUT_SECONDS)]
)
def test_durations(text: str, seconds: int) -> None:
    rule = read(FULL.replace("15m", text))
    assert isinstance(rule, Rule)
    assert rule.review is not None
    assert rule.review.requirement.timeout_seconds == seconds


@pytest.mark.parametrize(
    ("case", "annotations", "effect", "code"),
    [
        ("no id", '@reason("x")', "permit", "missing_annotation"),
        ("no reason", '@id("a")', "permit", "missing_annotation"),
        ("an empty reason", '@id("a") @reason(" ")', "permit", "missing_annotation"),
        ("a bare id", '@id @reason("x")', "permit", "missing_annotation"),
        ("an id in capitals", '@id("A") @reason("x")', "permit", "bad_id"),
        ("an id of Placet's own", '@id("trust/agent_disabled") @reason("x")', "permit", "bad_id"),
        ("another id of Placet's own", '@id("no_policy") @reason("x")', "permit", "bad_id"),
        ("an annotation nobody knows", f'{WELL} @advice("x")', "permit", "unknown_annotation"),
        ("a misspelt annotation", FULL.replace("@approvals", "@aprovals"), "permit", "unknown_annotation"),
        ("a reason without end", f'@id("a") @reason("{"x" * 501}")', "permit", "too_long"),
        ("a forbid with a review", FULL, "forbid", "review_of_forbid"),
        ("approvals without review", f'{WELL} @approvals("1 from a")', "permit", "without_review"),
        ("a review without approvals", f'{WELL} @review("x") @timeout("1m")', "permit", "missing_annotation"),
        ("a review without timeout", f'{WELL} @review("x") @approvals("1 from a")', "permit", "missing_annotation"),
        ("approvals by nobody", FULL.replace("1 from", "0 from"), "permit", "bad_expression"),
        ("empty approvals", FULL.replace("1 from security", ""), "permit", "bad_expression"),
        ("approvals that do not parse", FULL.replace("1 from", "one of"), "permit", "bad_expression"),
        ("a timeout of nothing", FULL.replace("15m", "0m"), "permit", "bad_duration"),
        ("a timeout without unit", FULL.replace("15m", "15"), "permit", "bad_duration"),
        ("a timeout longer than proposals are kept", FULL.replace("15m", "8d"), "permit", "timeout_too_long"),
        ("one second longer", FULL.replace("15m", f"{MAX_TIMEOUT_SECONDS + 1}s"), "permit", "timeout_too_long"),
        ("an escalation without group", f'{FULL} @escalate("after 5m")', "permit", "bad_escalation"),
        ("an escalation to no group", f'{FULL} @escalate("after 5m to §")', "permit", "bad_escalation"),
        ("an escalation after the end", f'{FULL} @escalate("after 15m to a")', "permit", "late_escalation"),
        ("a channel nobody knows", f'{FULL} @channels("fax:1")', "permit", "bad_annotation"),
        ("a step-up nobody knows", f'{FULL} @stepup("password")', "permit", "bad_annotation"),
        ("no rejections", f'{FULL} @rejections("0")', "permit", "bad_annotation"),
        ("rejections in words", f'{FULL} @rejections("two")', "permit", "bad_annotation"),
    ],
)
def test_what_is_not_understood_does_not_load(case: str, annotations: str, effect: str, code: str) -> None:
    assert code in codes(annotations, effect), case


def requirement(text: str, **more: object) -> Requirement:
    return Requirement.model_validate({"approvals": parse(text), "timeout_seconds": 900, **more})


def test_one_review_stays_as_it_is() -> None:
    one = requirement("1 from a or 2 from b", channels=("console",), rejections=2)
    assert combined([one]) == one


def test_several_reviews_are_one() -> None:
    both = combined(
        [
            requirement("1 from a", timeout_seconds=600, channels=("console",), rejections=3),
            requirement(
                "1 from b or 1 from c",
                channels=("api", "console"),
                escalations=(Escalation(after_seconds=60, group="oncall"),),
                step_up="passkey",
                rejections=2,
            ),
        ]
    )
    assert spell(both.approvals) == "1 from a and (1 from b or 1 from c)"
    assert isinstance(both.approvals, AllOf)
    assert (both.timeout_seconds, both.rejections, both.step_up) == (600, 2, "passkey")
    assert both.channels == ("api", "console")
    assert both.escalations == (Escalation(after_seconds=60, group="oncall"),)


def test_the_same_demand_twice_does_not_ask_for_twice_the_people() -> None:
    assert combined([requirement("1 from a"), requirement("1 from a")]).approvals == Quorum(count=1, group="a")


def test_a_demand_larger_than_any_may_be_is_refused() -> None:
    with pytest.raises(DecodeError, match="too_many_quorums"):
        combined([requirement(" and ".join(f"1 from g{i}" for i in range(start, start + 9))) for start in (0, 9)])
