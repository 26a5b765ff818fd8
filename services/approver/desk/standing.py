"""What a person may do about a review, and what the review still lacks. Pure.

This only explains: the judge is settle, which looks again at the vote and at the settlement. So everything said here
is said in the form "you may", "you may not, because", never "approved".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from placet.events import VoteKind
from placet.requirement import AllOf, AnyOf, Expression, Quorum, groups
from services.approver.desk.model import Heading, Reviewer, Vote


@dataclass(frozen=True, slots=True)
class Standing:
    """Which votes would make sense, and the sentence that says why or why not."""

    may: frozenset[VoteKind]
    code: str
    sentence: str
    step_up: bool = False
    """Whether an approval leads to the identity provider first."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One approval that is needed: from which group, and who gave it."""

    group: str
    reviewer: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The ways to fulfil a requirement, the nearest first; each is a row of seats."""

    ways: tuple[tuple[Seat, ...], ...]

    @property
    def given(self) -> int:
        """Approvals that count, on the nearest way."""
        return sum(seat.reviewer is not None for seat in self.ways[0])

    @property
    def needed(self) -> int:
        """Approvals that the nearest way needs altogether."""
        return len(self.ways[0])

    @property
    def missing(self) -> str:
        """What is still missing, in words: `1 from security`, or either of several ways; empty when it is complete."""
        if self.given == self.needed:
            return ""
        return " or ".join(dict.fromkeys(_missing(way) for way in self.ways))


def standing(heading: Heading, votes: Sequence[Vote], person: Reviewer, channel: str) -> Standing:
    """Where this person stands with this review, at the time it was read. A passkey can be used in the console."""
    asked = groups(heading.requirement.approvals)
    if not heading.open:
        return _none("settled", f"This review is settled: {heading.state}.")
    if heading.read_at >= heading.expires_at:
        return _none("expired", "Its time is up; it is about to be closed as expired.")
    if own := _own(heading, person.id):
        return _none("own_action", own)
    if not asked & person.groups:
        return _none("not_in_group", f"It needs {_either(asked)}; you are in {_list(person.groups)}.")
    cast = [vote for vote in votes if vote.reviewer == person.id and vote.counted is not False]
    found = _after(cast, f"You are asked as a member of {_list(asked & person.groups)}.")
    if heading.requirement.step_up is None or VoteKind.APPROVE not in found.may:
        return found
    if channel == "console":
        return replace(found, step_up=True, sentence=f"{found.sentence} Approving asks for your passkey.")
    sentence = f"{found.sentence} Approving needs a passkey: do it in the console."
    return Standing(found.may - {VoteKind.APPROVE}, "step_up_required", sentence)


def progress(expression: Expression, approvals: Mapping[str, AbstractSet[str]]) -> Progress:
    """How far the approvals (who, with the groups each is in) fill the expression's seats."""
    ways = [_fill(seats, approvals) for seats in _ways(expression)]
    ways.sort(key=lambda way: sum(seat.reviewer is None for seat in way))
    return Progress(tuple(dict.fromkeys(ways)))


def approvals_of(votes: Sequence[Vote], groups_of: Callable[[str], frozenset[str]]) -> dict[str, frozenset[str]]:
    """Who approved, did not reject instead, and counts, with the groups each is in now."""
    counted = [vote for vote in votes if vote.counted]
    against = {vote.reviewer for vote in counted if vote.vote is VoteKind.REJECT}
    return {vote.reviewer: groups_of(vote.reviewer) for vote in counted if vote.reviewer not in against}


def _after(cast: Sequence[Vote], asked: str) -> Standing:
    """Where somebody who may vote stands, after what they cast already."""
    if cast and cast[-1].counted is None:
        return _none("being_judged", "Your vote is in and is being judged.")
    if any(vote.vote is VoteKind.REJECT for vote in cast):
        return _none("voted", "You rejected it. One person counts once.")
    if cast:
        return Standing(frozenset({VoteKind.REJECT}), "voted", "You approved it. You may still reject it instead.")
    return Standing(frozenset(VoteKind), "asked", asked)


def _none(code: str, sentence: str) -> Standing:
    return Standing(frozenset(), code, sentence)


def _own(heading: Heading, person: str) -> str | None:
    if person == heading.owner:
        return f"You answer for the agent {heading.agent}, so somebody else has to decide."
    if person == heading.on_behalf_of:
        return "The agent acts on your behalf, so somebody else has to decide."
    if person in heading.excluded:
        return "You had a hand in this action, so somebody else has to decide."
    return None


def _ways(expression: Expression) -> Iterator[list[str]]:
    match expression:
        case Quorum():
            yield [expression.group] * expression.count
        case AllOf():
            for choice in itertools.product(*(list(_ways(part)) for part in expression.of)):
                yield list(itertools.chain.from_iterable(choice))
        case AnyOf():
            for part in expression.of:
                yield from _ways(part)


def _fill(seats: list[str], people: Mapping[str, AbstractSet[str]]) -> tuple[Seat, ...]:
    """As many seats as these people can fill together, one each (augmenting paths)."""
    taken: dict[int, str] = {}

    def place(person: str, tried: set[int]) -> bool:
        for index, group in enumerate(seats):
            if group in people[person] and index not in tried:
                tried.add(index)
                if index not in taken or place(taken[index], tried):
                    taken[index] = person
                    return True
        return False

    for person in sorted(people):
        place(person, set())
    return tuple(Seat(group, taken.get(index)) for index, group in enumerate(seats))


def _missing(way: tuple[Seat, ...]) -> str:
    counts: dict[str, int] = {}
    for seat in way:
        if seat.reviewer is None:
            counts[seat.group] = counts.get(seat.group, 0) + 1
    return " and ".join(f"{count} from {group}" for group, count in counts.items())


def _list(names: AbstractSet[str]) -> str:
    return ", ".join(sorted(names)) or "no group"


def _either(names: AbstractSet[str]) -> str:
    return f"somebody from {' or '.join(sorted(names))}"
