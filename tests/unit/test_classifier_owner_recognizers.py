"""An owner's recognizers: what they find, and that no text makes them slow."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classifier.analysis.owners import checks, recognizers
from services.classifier.analysis.owners.form import OwnRecognizer
from services.classifier.errors import DetectorError
from tests.classifier_parts import passage


def found(text: str, name: str = "", **changes: Any) -> list[tuple[str, float]]:
    """What a recognizer finds, with its score."""
    one = OwnRecognizer(**{"name": "one", "type": "OURS", "pattern": r"\bKD-\d{4}\b", **changes})
    assert recognizers.refusal(one.pattern) is None
    spans = [match.span for match in recognizers.Recognizers([one]).find(passage(text, name))]
    return [(text[span.start : span.end], round(span.score, 2)) for span in spans]


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("for KD-1234.", {}, [("KD-1234", 0.6)]),
        ("KD-1234 KD-5678", {}, [("KD-1234", 0.6), ("KD-5678", 0.6)]),
        ("for KD-123.", {}, []),
        ("for kd-1234.", {}, []),
        ("for kd-1234.", {"ignore_case": True}, [("kd-1234", 0.6)]),
        ("for KD-1234.", {"pattern": r"KD-(\d{4})"}, [("1234", 0.6)]),
        ("for KD-1234.", {"pattern": r"KD-\d{4}|(XX)"}, []),  # the group is what is found, and it is not there
        ("ſſ-1234", {"pattern": r"ss-\d{4}", "ignore_case": True}, [("ſſ-1234", 0.6)]),
    ],
)
def test_a_pattern_finds_its_matches(text: str, changes: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    assert found(text, **changes) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("12345678", "", []),
        ("12345678", "customerNumber", [("12345678", 0.55)]),
        ("our customer 12345678", "", [("12345678", 0.55)]),
        ("our Customer 12345678", "", [("12345678", 0.55)]),
        ("our customers 12345678", "", []),  # a word, not a part of one
        ("12345678 is a customer", "", []),  # after it
        ("customer " + "x " * 40 + "12345678", "", []),  # too long before
    ],
)
def test_a_word_beside_it_raises_the_score(text: str, name: str, expected: list[tuple[str, float]]) -> None:
    assert found(text, name, pattern=r"\b\d{8}\b", score=0.2, context=("customer",)) == expected


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        ("luhn", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("verhoeff", "2363", "2364"),
        ("damm", "5724", "5725"),
        ("mod_11_2", "07940", "07941"),
        ("mod_11_10", "07945", "07946"),
        ("mod_37_2", "G123489654321Y", "G123489654322Y"),
        ("mod_37_36", "A12425GABC1234002M", "A12425GABC1234003M"),
        ("mod_97_10", "99991234567890121414-90", "99991234567890121414-91"),
        ("iban", "GR16 0110 1050 0000 1054 7023 795", "GR16 0110 1050 0000 1054 7023 796"),
        ("random", "q8Wmz2LkP0sTbXv7", "aaaaaaaaaaaaaaa1"),
        ("random", "q8Wmz2LkP0sTbXv7", "customerlistings"),
        ("random", "q8Wmz2LkP0sTbXv7", "q8Wmz2"),
    ],
)
def test_a_validator_tells_right_from_wrong(check: Any, right: str, wrong: str) -> None:
    assert checks.passes(check, right)
    assert not checks.passes(check, wrong)
    pattern = r"^.{4,40}$"
    assert found(right, pattern=pattern, validator=check) == [(right, 0.6)]
    assert found(wrong, pattern=pattern, validator=check) == []


@given(st.text(max_size=40))
def test_a_check_raises_nothing(value: str) -> None:
    for check in checks._CHECKS:
        checks.passes(check, value)


HOSTILE = (
    r"(a+)+b",
    r"(?:\w+\s?)+$",
    r"(a|aa)+b",
    r"(?:a|ab|b)+c",
    r"(.*)*x",
    r"((a{0,5}){0,5})*b",
    r"(x+x+)+y",
    r"(?:[A-Z]{3}-?)+\d",
    r"(?=(a+)+b)a",
    r"(?:(?:a?){30})+b",
)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    assert "repeats what itself repeats" in (recognizers.refusal(pattern) or "")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(", "is no pattern"),
        (r"\p{L}+", "is no pattern"),
        ("a?", "matches nothing at all"),
        ("(?=x)", "matches nothing at all"),
        ("|a", "matches nothing at all"),
        (r"\b", "matches nothing at all"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern: str, says: str) -> None:
    assert says in (recognizers.refusal(pattern) or "")


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bKD-\d{8}\b",
        r"\d+X",
        r"(?:\d{1,3}\.){3}\d{1,3}",
        r"(\d{4} ?){2,5}",
        r"([A-Z]{2}\d{6}|[A-Z]\d{7})",
        r"(?:[a-z]+\.){0,8}[a-z]+",
        r"(?i)emp-\d+",
    ],
)
def test_a_sound_pattern_is_taken(pattern: str) -> None:
    assert recognizers.refusal(pattern) is None


def test_what_gets_through_is_bounded_by_its_budget() -> None:
    """It looks harmless to the look at its form; on this text it would take 2^200 steps."""
    one = recognizers.Recognizers([OwnRecognizer(name="one", type="OURS", pattern=r"(?:\w|[a-z])+c\d")])
    started = time.process_time()
    with pytest.raises(DetectorError) as refused:
        list(one.find(passage("a" * 200 + "! c")))
    assert refused.value.reason == "too_slow"
    assert time.process_time() - started < 2


def test_near_misses_by_the_hundred_thousand_cost_their_length() -> None:
    """The processor's time, not the clock's."""
    one = recognizers.Recognizers([OwnRecognizer(name="one", type="OURS", pattern=r"\d{1,64}[a-z]X")])
    started = time.process_time()
    assert list(one.find(passage("1" * 99_998 + " x"))) == []
    assert time.process_time() - started < 2
