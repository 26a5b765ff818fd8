"""People's own text before it is stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.redaction import personal_text, plain, redact


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123",
        "ada@example.com",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "078-05-1120",
        "DE89 3704 0044 0532 0130 00",
        "postgres://admin:hunter2@db.internal/prod",
        "+44 20 7946 0958",
    ],
)
def test_what_looks_sensitive_goes(secret: str) -> None:
    for text in (secret, f"see {secret}, thanks", f"({secret})"):
        kept = redact(text)
        assert secret not in kept
        assert "‹" in kept


@pytest.mark.parametrize(
    "text",
    ["password: hunter2", "api_key=abc123", "Authorization: Bearer abcdefghijklmnop", "authorization: basic abc123"],
)
def test_what_follows_a_telling_word_goes(text: str) -> None:
    assert not {"hunter2", "abc123", "abcdefghijklmnop"} & set(redact(text).replace("›", " ").split())


@pytest.mark.parametrize(
    "text",
    ["Looks fine, 3000 rows as agreed on 2026-01-15.", "No: wrong bucket.", "see action 42", "approve by 17:30"],
)
def test_ordinary_reasons_stay(text: str) -> None:
    assert personal_text(text) == text


def test_hostile_text_becomes_one_plain_line() -> None:
    assert plain("ok\u202e gnp.exe\u0000\n\r\napproved\u2028by \u200ball") == "ok gnp.exe approved by all"


@given(st.text(max_size=300))
def test_plain_is_plain_and_redaction_is_idempotent(text: str) -> None:
    once = personal_text(text)
    assert once == plain(once)
    assert personal_text(once) == once
