"""Hostile text stays legible and whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.approver.desk.text import Kind, in_the_open, segments


def shown(text: str, masked: frozenset[str] = frozenset()) -> str:
    return "".join(part.text for part in segments(text, masked))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("pay\u202egpj.exe", "payU+202Egpj.exe"),
        ("a\u200bb\ufeffc", "aU+200BbU+FEFFc"),
        ("bell\x07 esc\x1b[31m", "bellU+0007 escU+001B[31m"),
        ("nbsp\u00a0here", "nbspU+00A0here"),
        ("hangul filler\u3164", "hangul fillerU+3164"),
        ("line\u2028separator", "lineU+2028separator"),
        ("e\u0301 fine, Z\u0301\u0302\u0303\u0304", "e\u0301 fine, Z\u0301\u0302U+0303U+0304"),
        ("variant\ufe0f", "variantU+FE0F"),
        ("line\nbreak", "line↵break"),
        ("naïve Ünïcödé 日本 שלום", "naïve Ünïcödé 日本 שלום"),
    ],
)
def test_what_misleads_is_shown_by_its_number(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text())
def test_nothing_is_dropped_and_nothing_invisible_is_left(text: str) -> None:
    parts = segments(text)
    back = "".join(
        chr(int(part.text.replace("U+", "0x"), 0))
        if part.kind is Kind.CODE_POINT
        else "\n"
        if part.kind is Kind.BREAK
        else part.text
        for part in parts
    )
    assert back == text
    assert not any(mark in in_the_open(text) for mark in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\n\r\x00")


def test_a_placeholder_counts_only_where_something_was_masked() -> None:
    text = "to ‹EMAIL_ADDRESS_1› and ‹NOT_INSPECTED_2›"
    believed = segments(text, frozenset({"EMAIL_ADDRESS", "NOT_INSPECTED"}))
    assert [part.text for part in believed if part.kind is Kind.MASK] == ["email address 1", "not inspected 2"]
    doubted = segments(text, frozenset({"PERSON"}))
    assert [part.text for part in doubted if part.kind is Kind.IMITATION] == ["‹EMAIL_ADDRESS_1›", "‹NOT_INSPECTED_2›"]


def test_a_masked_value_is_shown_with_what_is_told_of_it() -> None:
    text = "pay ‹CREDIT_CARD_1› and ‹CREDIT_CARD_2› for ‹PERSON_1›"
    told = segments(text, frozenset({"CREDIT_CARD", "PERSON"}), {"‹CREDIT_CARD_1›": "ending 1111"})
    assert [(part.text, part.form) for part in told if part.kind is Kind.MASK] == [
        ("credit card 1", "ending 1111"),
        ("credit card 2", ""),
        ("person 1", ""),
    ]
    doubted = segments(text, frozenset({"PERSON"}), {"‹CREDIT_CARD_1›": "ending 1111"})
    assert [part.form for part in doubted if part.form] == [], "what the agent wrote itself is told nothing of"
