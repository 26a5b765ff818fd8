"""All marks at once tell what each would tell alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.classifier.analysis import credentials
from services.classifier.analysis.credentials.marks import Marks

MARKED = [("ghp_", 1), ("-", 2), ("gh", 3), ("passwor", 4), ("pass", 5), ("пароль", 4), ("密码", 6), ("ghp_", 7)]


def one_by_one(text: str) -> list[int]:
    """As if every mark were asked for, in the order of the marks."""
    order = dict.fromkeys(mark for mark, _ in MARKED)
    return list(dict.fromkeys(told for mark in order if mark in text for one, told in MARKED if one == mark))


@settings(max_examples=200)
@given(st.text("ghp_-asworпароль密码\ud83d é", max_size=40))
@example("ghpassword")
@example("\ud83dghp_\ude00")
@example("")
def test_what_stands_is_what_each_mark_alone_says(text: str) -> None:
    assert list(Marks(MARKED).standing(text)) == one_by_one(text)


@pytest.mark.parametrize("rule", credentials.RULES, ids=lambda rule: rule.name)
def test_every_rule_is_asked_where_one_of_its_marks_stands(rule: credentials.Rule) -> None:
    for mark in rule.marks:
        standing = [*credentials._ISSUED.standing(f"…{mark}…"), *credentials._OTHERS.standing(f"…{mark}…")]
        assert rule in standing, mark


def test_a_text_of_nothing_but_marks_takes_linear_time() -> None:
    marks = Marks((mark, rule.name) for rule in credentials.RULES for mark in rule.marks)
    started = time.process_time()
    list(marks.standing("a" * 250_000 + "ghp_eyj" * 30_000))
    assert time.process_time() - started < 2
