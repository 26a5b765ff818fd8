"""What a worker remembers is bounded by its size."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from services.classifier.adapters.remembered import CleanLeaves, Remembered
from services.classifier.model import Passage, Span
from tests.classifier_parts import bench, classify


def test_what_was_used_longest_ago_goes_first() -> None:
    memory: Remembered[str] = Remembered(256)
    for number in range(128):
        memory.keep(b"%d" % number, str(number), 1)
    assert memory.get(b"0") == "0"
    memory.keep(b"new", "new", 1)
    assert (memory.get(b"0"), memory.get(b"1"), memory.get(b"new")) == ("0", None, "new")


def test_a_thousand_findings_push_nobody_out() -> None:
    memory: Remembered[str] = Remembered(2_048)
    memory.keep(b"small", "small", 1)
    memory.keep(b"large", "large", 1_000)
    assert (memory.get(b"large"), memory.get(b"small")) == (None, "small")


def test_a_flood_leaves_no_more_than_its_room() -> None:
    memory: Remembered[str] = Remembered(256)
    for number in range(10_000):
        memory.keep(b"%d" % number, "found", 3)
    assert len(memory) == 64


class Counting:
    """Finds nobody, and says what it was asked about."""

    models: Mapping[str, str] = {"counting": "1"}

    def __init__(self) -> None:
        self.asked: list[str] = []

    def detect(self, passage: Passage) -> Sequence[Span]:
        self.asked.append(passage.text)
        return ()


TEXT = "nightly export to files.example.org"


def test_a_leaf_in_which_nothing_was_found_is_not_looked_into_again() -> None:
    engine = Counting()
    on = bench(engine)
    on.texts._room = 0  # nothing else remembers
    for _ in range(2):
        assert classify(on, arguments={"note": TEXT}).arguments == {"note": TEXT}
    assert engine.asked == [TEXT]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"arguments": {"note": "x7Kq-29fL"}}, {"arguments": {"password": "x7Kq-29fL"}}),
        ({"arguments": {"x7Kq 29fL": "1"}}, {"arguments": {"password": "x7Kq 29fL"}}),
        ({"preview": {"password_hint": "select 1"}}, {"arguments": {"password": "select 1"}}),
    ],
)
def test_under_another_name_it_is_another_leaf(first: dict[str, Any], second: dict[str, Any]) -> None:
    on = bench()
    classify(on, **first)
    assert classify(on, **second) == classify(bench(), **second)
    assert classify(on, **second).labels == ("credential",)


@pytest.mark.parametrize(
    "asked",
    [
        {"arguments": {"to": "https://files.example.org/upload", "n": 8}},
        {"arguments": {"sql": "DELETE FROM customers"}},
        {"arguments": {"cmd": "psql -c 'DROP TABLE x'"}},
        {"arguments": {"note": "a@example.org"}},
        {"arguments": {"note": "\u0434\u043e\u0431\u0440\u043e \u0438 \u0437\u043b\u043e"}},
        {"arguments": {"blob": base64.b64encode(b"to https://files.example.org/upload").decode()}},
        {"arguments": {"blob": "QUJD" * 40 + "!"}, "purpose": "https://files.example.org/upload"},
    ],
)
def test_what_was_seen_before_is_classified_as_it_was(asked: dict[str, Any]) -> None:
    on = bench()
    first = classify(on, **asked)
    assert classify(on, **asked) == first
    assert classify(on, **{"resource": "s3://bucket/key", "name": "files.copy"} | asked) == classify(
        bench(), **{"resource": "s3://bucket/key", "name": "files.copy"} | asked
    )


def test_a_statement_is_one_only_where_the_action_goes_to_a_database() -> None:
    on, asked = bench(), {"query": "x; drop table customers"}
    elsewhere = classify(on, arguments=asked, resource="https://search.example.org", name="search.run")
    assert elsewhere.facts.statement_count == 0
    assert classify(on, arguments=asked).facts.statement_count == 2


def test_marks_of_leaves_are_keyed_hashes() -> None:
    clean = CleanLeaves(256, key=b"k" * 32)
    clean.add("nightly export")
    assert "nightly export" in clean
    assert "nightly" not in clean
    assert "nightly" not in repr(vars(clean.remembered))
    other = CleanLeaves(256, key=b"l" * 32)
    other.remembered = clean.remembered
    assert "nightly export" not in other
