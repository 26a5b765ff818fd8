"""Who must assent: approval expressions and the search for an assignment.

Grammar (`and` binds tighter than `or`):

    expression = term *( "or" term )
    term       = factor *( "and" factor )
    factor     = COUNT "from" GROUP / "(" expression ")"

Rules:
- A person counts once. `1 from a and 1 from b` needs two people, even when one person is in both groups.
- An expression holds when *some* assignment of distinct people to its quorums satisfies it (a matching, not a
  greedy count), so more votes can never make it fail.
- Nothing is trivially satisfied: a count is at least one and there is at least one quorum.
- An expression is small, whether it was read from a policy or from a message: so many quorums, so deep, and as a text
  so long. Finding an assignment is cheap only because of that.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from placet.base import PersonId, Strict
from placet.errors import DecodeError
from placet.limits import (
    MAX_EXPRESSION_CHARACTERS,
    MAX_EXPRESSION_DEPTH,
    MAX_EXPRESSION_QUORUMS,
    MAX_TIMEOUT_SECONDS,
)

GroupId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^(console|api|(slack|teams):[#@A-Za-z0-9._:-]{1,120})$")]


class Quorum(Strict):
    """So many distinct people of one group."""

    kind: Literal["quorum"] = "quorum"
    count: Annotated[int, Field(ge=1, le=20)]
    group: GroupId


class AllOf(Strict):
    """Every part, each with people of its own."""

    kind: Literal["all"] = "all"
    of: Annotated[tuple[Expression, ...], Field(min_length=1, max_length=MAX_EXPRESSION_QUORUMS)]


class AnyOf(Strict):
    """At least one part."""

    kind: Literal["any"] = "any"
    of: Annotated[tuple[Expression, ...], Field(min_length=1, max_length=MAX_EXPRESSION_QUORUMS)]


Expression = Annotated[Quorum | AllOf | AnyOf, Field(discriminator="kind")]


def quorums(expression: Expression) -> int:
    """How many quorums the expression names."""
    return 1 if isinstance(expression, Quorum) else sum(quorums(part) for part in expression.of)


def _depth(expression: Expression) -> int:
    return 0 if isinstance(expression, Quorum) else 1 + max(_depth(part) for part in expression.of)


def _small(expression: Expression) -> Expression:
    # Several matching reviews are joined by one more AllOf around what each policy says.
    if quorums(expression) > MAX_EXPRESSION_QUORUMS or _depth(expression) > MAX_EXPRESSION_DEPTH + 1:
        raise ValueError("an approval expression is too large")
    return expression


class Escalation(Strict):
    """After so many seconds without a settlement, a further group is told."""

    after_seconds: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_SECONDS)]
    group: GroupId


class Requirement(Strict):
    """What a review needs before it may be approved."""

    approvals: Annotated[Expression, AfterValidator(_small)]
    timeout_seconds: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_SECONDS)]
    escalations: tuple[Escalation, ...] = ()
    channels: tuple[Channel, ...] = ()
    step_up: Literal["passkey"] | None = None
    rejections: Annotated[int, Field(ge=1, le=20)] = 1
    """So many rejections close the review as rejected."""


AllOf.model_rebuild()
AnyOf.model_rebuild()
Requirement.model_rebuild()

_TOKEN: Final = re.compile(r"\s*(?:([0-9]{1,9})\s+from\s+([a-z0-9][a-z0-9_-]{0,62})(?![a-z0-9_-])|(and|or)\b|([()]))")


def parse(text: str) -> Expression:
    """Read an approval expression; raise `DecodeError` (`bad_expression`) that names the place."""
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise DecodeError("bad_expression", f"more than {MAX_EXPRESSION_CHARACTERS} characters")
    tokens: list[Quorum | str] = []
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise DecodeError("bad_expression", f"character {position + 1}: expected `N from GROUP`, and, or, ( or )")
        count, group, word, parenthesis = found.groups()
        if group is None:
            tokens.append(word or parenthesis)
        elif 1 <= int(count) <= 20:  # noqa: PLR2004 - the bound of Quorum.count
            tokens.append(Quorum(count=int(count), group=group))
        else:
            raise DecodeError("bad_expression", f"character {position + 1}: a count lies between 1 and 20")
        position = found.end()
    if len([token for token in tokens if isinstance(token, Quorum)]) > MAX_EXPRESSION_QUORUMS:
        raise DecodeError("bad_expression", f"more than {MAX_EXPRESSION_QUORUMS} quorums")
    expression, rest = _parse_any(tokens, 0)
    if rest:
        raise DecodeError("bad_expression", "a parenthesis or a word is left over")
    if _depth(expression) > MAX_EXPRESSION_DEPTH:
        raise DecodeError("bad_expression", f"nested more than {MAX_EXPRESSION_DEPTH} deep")
    return expression


def spell(expression: Expression) -> str:
    """The expression as text that `parse` reads back to the same tree's meaning."""
    match expression:
        case Quorum():
            return f"{expression.count} from {expression.group}"
        case AllOf():
            return " and ".join(f"({spell(p)})" if isinstance(p, AnyOf) else spell(p) for p in expression.of)
        case AnyOf():
            return " or ".join(spell(part) for part in expression.of)


def groups(expression: Expression) -> frozenset[str]:
    """Every group the expression names."""
    match expression:
        case Quorum():
            return frozenset({expression.group})
        case AllOf() | AnyOf():
            return frozenset().union(*(groups(part) for part in expression.of))


def assignment(expression: Expression, people: Mapping[PersonId, AbstractSet[str]]) -> frozenset[PersonId] | None:
    """The people (of those given, with the groups each is in) who satisfy the expression together, or None.

    Deterministic: the same people give the same answer whatever their order.
    """
    for quorums in _alternatives(expression):
        seats = [quorum.group for quorum in quorums for _ in range(quorum.count)]
        chosen = _match(seats, people)
        if chosen is not None:
            return chosen
    return None


def _alternatives(expression: Expression) -> list[tuple[Quorum, ...]]:
    match expression:
        case Quorum():
            return [(expression,)]
        case AllOf():
            parts = itertools.product(*(_alternatives(part) for part in expression.of))
            return [tuple(itertools.chain.from_iterable(choice)) for choice in parts]
        case AnyOf():
            return [choice for part in expression.of for choice in _alternatives(part)]


def _match(seats: list[str], people: Mapping[PersonId, AbstractSet[str]]) -> frozenset[PersonId] | None:
    """Kuhn's augmenting paths: a seat per needed vote, a person per seat."""
    seat_of: dict[PersonId, int] = {}

    def seat(index: int, tried: set[PersonId]) -> bool:
        for person in sorted(people):
            if seats[index] in people[person] and person not in tried:
                tried.add(person)
                if person not in seat_of or seat(seat_of[person], tried):
                    seat_of[person] = index
                    return True
        return False

    if all(seat(index, set()) for index in range(len(seats))):
        return frozenset(seat_of)
    return None


def _parse_any(tokens: list[Quorum | str], depth: int) -> tuple[Expression, list[Quorum | str]]:
    first, rest = _parse_all(tokens, depth)
    parts = [first]
    while rest and rest[0] == "or":
        part, rest = _parse_all(rest[1:], depth)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else AnyOf(of=tuple(parts))), rest


def _parse_all(tokens: list[Quorum | str], depth: int) -> tuple[Expression, list[Quorum | str]]:
    first, rest = _parse_factor(tokens, depth)
    parts = [first]
    while rest and rest[0] == "and":
        part, rest = _parse_factor(rest[1:], depth)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else AllOf(of=tuple(parts))), rest


def _parse_factor(tokens: list[Quorum | str], depth: int) -> tuple[Expression, list[Quorum | str]]:
    match tokens:
        case [Quorum() as quorum, *rest]:
            return quorum, rest
        case ["(", *inside]:
            if depth == MAX_EXPRESSION_DEPTH:
                raise DecodeError("bad_expression", f"parentheses more than {MAX_EXPRESSION_DEPTH} deep")
            expression, rest = _parse_any(inside, depth + 1)
            if rest[:1] != [")"]:
                raise DecodeError("bad_expression", "a parenthesis is not closed")
            return expression, rest[1:]
        case _:
            raise DecodeError("bad_expression", "expected `N from GROUP` or a parenthesis")
