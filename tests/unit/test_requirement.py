"""Approval expressions and the search for an assignment."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from placet.errors import DecodeError
from placet.limits import MAX_EXPRESSION_DEPTH
from placet.requirement import (
    AllOf,
    AnyOf,
    Escalation,
    Expression,
    Quorum,
    Requirement,
    assignment,
    groups,
    parse,
    spell,
)

GROUPS = ("a", "b", "c")
QUORUMS = st.builds(Quorum, count=st.integers(1, 3), group=st.sampled_from(GROUPS))
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    QUORUMS,
    lambda inner: (
        st.builds(AllOf, of=st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(AnyOf, of=st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=4,
)
PEOPLE = st.dictionaries(st.sampled_from("uvwxyz"), st.frozensets(st.sampled_from(GROUPS)), max_size=6)


def holds(expression: Expression, people: dict[str, frozenset[str]]) -> bool:
    """The rule by brute force: give each person one seat or none, in every possible way."""

    def satisfied(part: Expression, seats: dict[str, str]) -> list[frozenset[str]]:
        match part:
            case Quorum():
                mine = [p for p, g in seats.items() if g == part.group]
                return [frozenset(some) for some in itertools.combinations(mine, part.count)]
            case AnyOf():
                return [s for inner in part.of for s in satisfied(inner, seats)]
            case AllOf():
                ways: list[frozenset[str]] = [frozenset()]
                for inner in part.of:
                    ways = [w | s for w in ways for s in satisfied(inner, seats) if not w & s]
                return ways

    names = sorted(people)
    return any(
        satisfied(expression, {n: g for n, g in zip(names, choice, strict=True) if g is not None})
        for choice in itertools.product(*([None, *sorted(people[n])] for n in names))
    )


@pytest.mark.parametrize(
    ("text", "people", "expected"),
    [
        ("1 from a and 1 from b", {"u": "ab"}, None),
        ("1 from a and 1 from b", {"u": "ab", "v": "a"}, "uv"),
        ("1 from a and 1 from b", {"u": "a", "v": "ab"}, "uv"),
        ("2 from a", {"u": "a"}, None),
        ("2 from a", {"u": "a", "v": "a", "w": "a"}, "uv"),
        ("2 from a and 1 from b", {"u": "ab", "v": "ab", "w": "a"}, "uvw"),
        ("(1 from a and 1 from b) or 2 from c", {"x": "c", "y": "c"}, "xy"),
        ("1 from a or 1 from b", {}, None),
        ("1 from a", {"u": "b"}, None),
    ],
)
def test_assignments(text: str, people: dict[str, str], expected: str | None) -> None:
    found = assignment(parse(text), {name: frozenset(groups) for name, groups in people.items()})
    assert found == (None if expected is None else frozenset(expected))


@given(EXPRESSIONS, PEOPLE)
def test_an_assignment_is_found_exactly_when_there_is_one(
    expression: Expression, people: dict[str, frozenset[str]]
) -> None:
    found = assignment(expression, people)
    assert (found is not None) == holds(expression, people)
    if found is not None:
        assert found
        assert found <= set(people)


@given(EXPRESSIONS, PEOPLE, st.frozensets(st.sampled_from(GROUPS)))
def test_one_more_person_never_hurts(
    expression: Expression, people: dict[str, frozenset[str]], more: frozenset[str]
) -> None:
    if assignment(expression, people) is not None:
        assert assignment(expression, {**people, "newcomer": more}) is not None


@given(EXPRESSIONS)
def test_nobody_satisfies_nothing(expression: Expression) -> None:
    assert assignment(expression, {}) is None
    assert groups(expression)


@given(EXPRESSIONS, PEOPLE)
def test_spelled_and_parsed_again_it_means_the_same(expression: Expression, people: dict[str, frozenset[str]]) -> None:
    again = parse(spell(expression))
    assert (assignment(again, people) is None) == (assignment(expression, people) is None)


@pytest.mark.parametrize(
    "text",
    [
        "", "0 from a", "21 from a", "from a", "1 from", "1 a", "1 from a and", "and 1 from a",
        "(1 from a", "1 from a)",
        "()", "1 from A", "1 from a 1 from b", "-1 from a", "1.5 from a", "1 from a b", "1 from a;1 from b",
        " or ".join(["1 from a"] * 17), "1 from a" + "\x00",
        "9" * 5_000 + " from a", "0" * 5_000 + "1 from a", "\u0661 from a",
        "(" * 1_500 + "1 from a" + ")" * 400, "(" * 9 + "1 from a" + ")" * 9, " " * 2_000 + "1 from a",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="bad_expression"):
        parse(text)


@given(st.text(max_size=60))
def test_only_the_named_error_comes_out(text: str) -> None:
    with contextlib.suppress(DecodeError):
        spell(parse(text))


def nested(depth: int) -> Expression:
    """The smallest expression so deep."""
    found: Expression = Quorum(count=1, group="a")
    for level in range(depth):
        found = (AllOf if level % 2 else AnyOf)(of=(found, Quorum(count=1, group="b")))
    return found


def test_an_expression_is_small_wherever_it_comes_from() -> None:
    deepest = nested(MAX_EXPRESSION_DEPTH)
    assert not isinstance(deepest, Quorum)
    assert parse(spell(deepest)) == deepest
    Requirement(approvals=AllOf(of=(deepest, deepest.of[1])), timeout_seconds=1)  # joined with another review
    with pytest.raises(DecodeError, match="deep"):
        parse(spell(nested(MAX_EXPRESSION_DEPTH + 1)))
    either = AnyOf(of=(Quorum(count=1, group="a"), Quorum(count=1, group="b")))
    for expression in (nested(MAX_EXPRESSION_DEPTH + 2), AllOf(of=(either,) * 9)):  # 2^9 ways, and the next 16^16
        with pytest.raises(ValidationError, match="too large"):
            Requirement(approvals=expression, timeout_seconds=1)


def test_an_escalation_comes_within_the_longest_review() -> None:
    with pytest.raises(ValidationError):
        Escalation(after_seconds=2**40, group="oncall")


def test_and_binds_tighter_than_or() -> None:
    assert parse("1 from a or 1 from b and 1 from c") == parse("1 from a or (1 from b and 1 from c)")
