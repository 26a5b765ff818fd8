"""From what was claimed about an action to what was found, missed and wrongly claimed. Pure.

Rules (after SemEval-2013 task 9.1, whose `type` measure asks for some overlap and the right type, and whose boundary
measures ask for no type; presidio-evaluator's span evaluator takes overlap for a match as well, above a threshold):
- A labelled span is *found* when a claim of an accepted type overlaps it (`types.yaml` says what is accepted).
- It is *covered* when claims of any type, together, hold every character of it. Half a card number is not covered.
- A claim is *right* when it overlaps a span whose label accepts its type; *neither* when its type is unscored, or it
  overlaps a neutral span that accepts it; otherwise *wrong*. Recall is found / spans; precision is right / (right +
  wrong); F2 = 5PR / (4P + R), which weighs recall twice.
- A place that was not looked into counts as covered (it is masked whole) and as not found.
- An action is clean when no span of it is sensitive. Every wrong claim in a clean action is a false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.corpora.model import Gold, Labelled, Place
from tests.corpora.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Claim:
    """A span that a detector reports."""

    entity_type: str
    place: Place
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a detector says of an action."""

    claims: tuple[Claim, ...]
    whole: frozenset[Place] = frozenset()
    """Places that it did not look into, and that are masked whole for that."""


Verdict = Literal["right", "neither", "wrong"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One action, judged."""

    action: Labelled
    clean: bool
    spans: tuple[tuple[Gold, bool, int], ...]
    """Sensitive span, whether it was found, and how many of its characters are covered."""
    claims: tuple[tuple[Claim, Verdict], ...]


@dataclass(slots=True)
class Tally:
    """Counts over some actions, of one type or of several."""

    spans: int = 0
    found: int = 0
    covered: int = 0
    right: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float | None:
        return self.found / self.spans if self.spans else None

    @property
    def coverage(self) -> float | None:
        return self.covered / self.spans if self.spans else None

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def f2(self) -> float | None:
        recall, precision = self.recall, self.precision
        if recall is None or precision is None:
            return None
        return 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0


@dataclass(slots=True)
class Sums:
    """What is said of a set of actions as a whole."""

    actions: int = 0
    clean: int = 0
    false_alarms: int = 0
    characters: int = 0
    masked: int = 0
    misses: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(template, type) → spans with an uncovered character."""
    alarms: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(template, type) → wrong claims."""

    @property
    def masked_share(self) -> float | None:
        return self.masked / self.characters if self.characters else None

    @property
    def per_thousand_clean(self) -> float | None:
        return 1000 * self.false_alarms / self.clean if self.clean else None


def judge(action: Labelled, seen: Seen, words: Vocabulary) -> Judged:
    """One action."""
    sensitive = [gold for gold in action.gold if words.is_sensitive(gold.entity_type)]
    by_place: dict[Place, list[Claim]] = {}
    for claim in seen.claims:
        by_place.setdefault(claim.place, []).append(claim)
    spans = []
    for gold in sensitive:
        claims = [claim for claim in by_place.get(gold.place, ()) if _overlap(claim, gold)]
        found = any(claim.entity_type in words.accepted[gold.entity_type] for claim in claims)
        size = gold.end - gold.start if gold.place in seen.whole else _characters(gold, claims)
        spans.append((gold, found, size))
    judged = tuple((claim, _verdict(claim, action.gold, words)) for claim in seen.claims)
    return Judged(action, not sensitive, tuple(spans), judged)


def tallies(judged: Iterable[Judged]) -> dict[str, Tally]:
    """By type: of its label for spans, of its own for claims."""
    counts: dict[str, Tally] = {}
    for one in judged:
        for gold, found, size in one.spans:
            tally = counts.setdefault(gold.entity_type, Tally())
            tally.spans += 1
            tally.found += found
            tally.covered += size == gold.end - gold.start
        for claim, verdict in one.claims:
            tally = counts.setdefault(claim.entity_type, Tally())
            tally.right += verdict == "right"
            tally.wrong += verdict == "wrong"
    return counts


def together(counts: Iterable[Tally]) -> Tally:
    """Several types as one."""
    total = Tally()
    for one in counts:
        total.spans += one.spans
        total.found += one.found
        total.covered += one.covered
        total.right += one.right
        total.wrong += one.wrong
    return total


def sums(judged: Iterable[Judged], words: Vocabulary) -> Sums:
    """What does not ask for types."""
    total = Sums()
    for one in judged:
        wrong = [claim for claim, verdict in one.claims if verdict == "wrong"]
        total.actions += 1
        total.clean += one.clean
        total.false_alarms += len(wrong) if one.clean else 0
        total.alarms.update((one.action.template, claim.entity_type) for claim in wrong)
        for gold, _, size in one.spans:
            if words.types[gold.entity_type].open:
                continue
            length = gold.end - gold.start
            total.characters += length
            total.masked += size
            if size < length:
                total.misses[one.action.template, gold.entity_type] += 1
    return total


def _overlap(claim: Claim, gold: Gold) -> bool:
    return claim.place == gold.place and claim.start < gold.end and gold.start < claim.end


def _characters(gold: Gold, claims: Sequence[Claim]) -> int:
    """How many characters of a span the claims hold, together."""
    held = {at for claim in claims for at in range(max(claim.start, gold.start), min(claim.end, gold.end))}
    return len(held)


def _verdict(claim: Claim, golds: Sequence[Gold], words: Vocabulary) -> Verdict:
    touched = [gold.entity_type for gold in golds if _overlap(claim, gold)]
    if any(claim.entity_type in words.accepted.get(label, ()) for label in touched):
        return "right"
    if claim.entity_type in words.unscored or any(
        claim.entity_type in words.neutral.get(label, ()) for label in touched
    ):
        return "neither"
    return "wrong"
