"""The classifier's accuracy on the dev half never falls below its floors, and a floor can trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from services.classifier.adapters.warm import engines
from services.classifier.model import Passage, Span
from tests.corpora import floors
from tests.corpora.floors import Floors
from tests.corpora.model import Gold, Labelled
from tests.corpora.ours import Ours
from tests.corpora.scoring import Claim, Judged, Seen, judge, sums, tallies
from tests.corpora.vocabulary import vocabulary

AT = ("/arguments/text", False)
NO_ALARM = Floors({}, 0.0, 0.0, 0.0)


class Without:
    """The engines with one of their recognizers switched off."""

    def __init__(self, entity_type: str) -> None:
        self._entity_type = entity_type

    @property
    def models(self) -> Mapping[str, str]:
        return {name: version for one in engines() for name, version in one.models.items()}

    def detect(self, passage: Passage) -> Sequence[Span]:
        return [span for one in engines() for span in one.detect(passage) if span.entity_type != self._entity_type]


@pytest.fixture(scope="module")
def reached() -> list[Judged]:
    return floors.measured()


def test_no_type_falls_below_its_floor(reached: list[Judged]) -> None:
    assert floors.shortfalls(reached, floors.read()) == []


def test_every_type_has_a_floor_and_no_floor_is_behind_what_is_reached(reached: list[Judged]) -> None:
    standing = floors.read()
    assert set(vocabulary().types) == set(standing.types)
    raised = floors.raised(reached, standing)
    behind = [
        (kind, name)
        for kind, wanted in raised.types.items()
        for name, value in wanted.items()
        if value - standing.types.get(kind, {}).get(name, 0.0) > 0.05
    ]
    assert not behind, "raise the floors: python -m tests.corpora.floors"


def test_a_recognizer_that_is_switched_off_falls_below_its_floor() -> None:
    faults = floors.shortfalls(floors.measured(Ours(Without("IBAN_CODE"))), floors.read())
    assert any(fault.startswith("IBAN_CODE: recall") for fault in faults)


def action(text: str, *golds: tuple[str, int, int]) -> Labelled:
    spans = tuple(Gold(kind, AT, start, end) for kind, start, end in golds)
    return Labelled("t", "s", "k", "n", "r", {"text": text}, "", None, {AT: text}, spans)


@pytest.mark.parametrize(
    ("claims", "found", "covered", "right", "wrong"),
    [
        ([("CREDIT_CARD", 5, 15)], 1, 1, 1, 0),
        ([("CREDIT_CARD", 0, 20)], 1, 1, 1, 0),
        ([("CREDIT_CARD", 5, 10)], 1, 0, 1, 0),  # half a number is found, and can still be read
        ([("CREDIT_CARD", 5, 10), ("CREDIT_CARD", 10, 15)], 1, 1, 2, 0),
        ([("PHONE_NUMBER", 5, 15)], 0, 1, 0, 1),  # masked under another name
        ([("DATE_TIME", 5, 15)], 0, 1, 0, 0),  # a type that nothing here is about
        ([("CREDIT_CARD", 0, 5)], 0, 0, 0, 1),  # beside it
        ([], 0, 0, 0, 0),
    ],
)
def test_what_counts_as_found_covered_right_and_wrong(
    claims: list[tuple[str, int, int]], found: int, covered: int, right: int, wrong: int
) -> None:
    seen = Seen(tuple(Claim(kind, AT, start, end) for kind, start, end in claims))
    one = judge(action("x" * 20, ("CREDIT_CARD", 5, 15)), seen, vocabulary())
    total = tallies([one])
    card = total["CREDIT_CARD"]
    assert (card.spans, card.found, card.covered) == (1, found, covered)
    assert (sum(t.right for t in total.values()), sum(t.wrong for t in total.values())) == (right, wrong)


def test_an_accepted_type_is_right_and_a_neutral_span_is_neither() -> None:
    text = action("x" * 20, ("GITHUB_TOKEN", 0, 5), ("PRIVATE_IP", 10, 15))
    claims = (Claim("SECRET", AT, 0, 5), Claim("IP_ADDRESS", AT, 10, 15), Claim("PERSON", AT, 10, 15))
    one = judge(text, Seen(claims), vocabulary())
    assert [verdict for _, verdict in one.claims] == ["right", "neither", "wrong"]
    assert tallies([one])["GITHUB_TOKEN"].found == 1


def test_what_was_not_looked_into_is_covered_and_not_found() -> None:
    one = judge(action("x" * 20, ("PERSON", 5, 15)), Seen((), frozenset({AT})), vocabulary())
    person = tallies([one])["PERSON"]
    assert (person.found, person.covered) == (0, 1)


def test_false_alarms_are_counted_in_clean_actions() -> None:
    wrong = Seen((Claim("PERSON", AT, 0, 5), Claim("US_SSN", AT, 6, 9)))
    clean = judge(action("x" * 20, ("PRIVATE_IP", 10, 15)), wrong, vocabulary())
    other = judge(action("x" * 20, ("EMAIL_ADDRESS", 10, 15)), wrong, vocabulary())
    total = sums([clean, other], vocabulary())
    assert (total.clean, total.false_alarms, total.per_thousand_clean) == (1, 2, 2000.0)
    assert (total.characters, total.masked) == (5, 0)


@pytest.mark.parametrize(
    ("least", "faults"),
    [
        (Floors({}, 0.0, 1000.0), 0),
        (Floors({"PERSON": {"recall": 0.4, "precision": 0.4}}, 0.5, 1000.0), 0),
        (Floors({"PERSON": {"recall": 0.6, "precision": 0.6}}, 0.6, 999.0), 4),
        (Floors({"JWT": {"recall": 0.1}}, 0.0, 1000.0), 1),  # what is not there any more has fallen, too
    ],
)
def test_a_floor_that_is_not_reached_is_named(least: Floors, faults: int) -> None:
    people = action("x" * 20, ("PERSON", 0, 5), ("PERSON", 10, 15))
    half = judge(people, Seen((Claim("PERSON", AT, 0, 5),)), vocabulary())
    alarm = judge(action("x" * 20), Seen((Claim("PERSON", AT, 0, 5),)), vocabulary())
    assert len(floors.shortfalls([half, alarm], least)) == faults


def test_tricky_actions_have_their_own_floor() -> None:
    wrong = Seen((Claim("PERSON", AT, 0, 5),))
    plain, tricky = action("x" * 20), replace(action("x" * 20), tricky=True)
    faults = floors.shortfalls([judge(plain, wrong, vocabulary()), judge(tricky, Seen(()), vocabulary())], NO_ALARM)
    assert [fault.partition(":")[0] for fault in faults] == ["false alarms per 1,000 clean actions"]
    faults = floors.shortfalls([judge(plain, Seen(()), vocabulary()), judge(tricky, wrong, vocabulary())], NO_ALARM)
    assert [fault.partition(":")[0] for fault in faults] == ["false alarms per 1,000 tricky clean actions"]


def test_floors_are_only_raised() -> None:
    half = judge(action("x" * 20, ("PERSON", 0, 5)), Seen(()), vocabulary())
    before = Floors({"PERSON": {"recall": 0.7}}, 0.9, 3.0)
    after = floors.raised([half], before)
    assert after.types["PERSON"]["recall"] == 0.7
    assert (after.masked, after.false_alarms) == (0.9, 3.0)
