"""Each guard of the verdict is tripped by the fact it is about, and by nothing that is whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from placet.events import ExecutionStatus, Outcome
from tests.crash.flow import EXPECTED, GRANTED, Kind, number_in, wanted
from tests.crash.verdict import Action, Facts, problems

ACTIONS = {kind.value: Action(kind, number, EXPECTED[kind]) for number, kind in enumerate(Kind)}
WHOLE = Facts(
    journal=ACTIONS,
    broker=set(ACTIONS),
    rows={kind: EXPECTED[kind] for kind in Kind},
    resolved={kind: {b"resolved"} for kind in Kind},
    reports={kind: {"1": ExecutionStatus.SUCCEEDED} for kind in Kind if EXPECTED[kind] in GRANTED},
    ran=Counter({ACTIONS[kind].number: 1 for kind in Kind if EXPECTED[kind] in GRANTED}),
    unrecorded=0,
    ledger=(),
)


def test_what_is_whole_is_no_problem() -> None:
    assert problems(WHOLE) == []


def test_a_run_that_was_killed_is_reported_as_unknown_and_may_not_have_run() -> None:
    unknown = {**WHOLE.reports, Kind.ALLOW: {"1": ExecutionStatus.UNKNOWN}}
    assert problems(replace(WHOLE, reports=unknown)) == []
    assert problems(replace(WHOLE, reports=unknown, ran=Counter({ACTIONS[Kind.APPROVE].number: 1}))) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"broker": {*ACTIONS, "x"}}, "x: on the broker, unknown to its agent"),
        ({"broker": set(ACTIONS) - {"deny"}}, "deny: its proposal is not on the broker"),
        ({"rows": {**WHOLE.rows, "reject": Outcome.APPROVED}}, "by its settle it is approved"),
        ({"rows": {kind: EXPECTED[kind] for kind in Kind if kind != "deny"}}, "by its settle it is None"),
        ({"journal": {**ACTIONS, "deny": replace(ACTIONS["deny"], outcome=None)}}, "by its agent it is None"),
        ({"resolved": {**WHOLE.resolved, "deny": set()}}, "deny: no outcome was published"),
        ({"resolved": {**WHOLE.resolved, "deny": {b"1", b"2"}}}, "deny: 2 different outcomes"),
        ({"reports": {**WHOLE.reports, "allow": {}}}, "allow: granted, and no report"),
        ({"ran": Counter({2: 1})}, "allow: reported as run, and did not run"),
        ({"ran": WHOLE.ran + Counter({0: 1})}, "allow: ran 2 times"),
        ({"ran": WHOLE.ran + Counter({1: 1})}, "deny: ran without a grant"),
        ({"ran": WHOLE.ran + Counter({99: 1})}, "ran without a grant (99)"),
        (
            {"reports": {**WHOLE.reports, "allow": dict.fromkeys("12", ExecutionStatus.SUCCEEDED)}},
            "allow: 2 attempts",
        ),
        ({"unrecorded": 3}, "3 messages have no entry"),
        ({"ledger": ("fork: two trees",)}, "ledger: fork: two trees"),
    ],
)
def test_each_guard_can_fail(change: dict[str, Any], sentence: str) -> None:
    found = problems(replace(WHOLE, **change))
    assert [each for each in found if sentence in each]


@pytest.mark.parametrize("kind", Kind)
def test_an_action_is_known_again_by_its_number(kind: Kind) -> None:
    arguments = wanted(kind, 4711).arguments
    assert number_in(arguments.get("sql") or arguments["destination"]) == 4711
