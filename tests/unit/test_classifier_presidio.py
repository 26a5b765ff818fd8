"""Presidio as it is used here: each hit beside its near misses, no network, nothing logged."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classifier.adapters import presidio
from services.classifier.adapters.detector import Detectors, RuleDetector
from services.classifier.adapters.warm import engines
from services.classifier.analysis import patterns
from services.classifier.analysis.language import where
from services.classifier.errors import DetectorError
from tests.classifier_parts import KEY, bench, classify, configuration, passage


@pytest.fixture(scope="module")
def detector() -> Detectors:
    return Detectors([RuleDetector(), *engines()], key=KEY)


def found(detector: Detectors, text: str, name: str = "", *, number: bool = False) -> set[tuple[str, str]]:
    spans = detector.detect(passage(text, name, number=number))
    return {(span.entity_type, text[span.start : span.end]) for span in spans}


@pytest.mark.parametrize(
    ("text", "name", "kind", "value"),
    [
        ("Contact jane.roe@acme.example today", "", "EMAIL_ADDRESS", "jane.roe@acme.example"),
        ("bob@corp.internal", "", "EMAIL_ADDRESS", "bob@corp.internal"),
        ("WHERE email='jane@acme.com'", "sql", "EMAIL_ADDRESS", "jane@acme.com"),
        ("o'brien@acme.com", "", "EMAIL_ADDRESS", "o'brien@acme.com"),
        ("card 4111 1111 1111 1111", "", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("5555555555554444", "orderId", "CREDIT_CARD", "5555555555554444"),
        ("378282246310005", "", "CREDIT_CARD", "378282246310005"),
        ("GB82 WEST 1234 5698 7654 32", "", "IBAN_CODE", "GB82 WEST 1234 5698 7654 32"),
        ("DE89370400440532013000", "", "IBAN_CODE", "DE89370400440532013000"),
        ("536-22-1234", "", "US_SSN", "536-22-1234"),
        ("536221234", "ssn", "US_SSN", "536221234"),
        ("his ssn is 536 22 1234.", "", "US_SSN", "536 22 1234"),
        ("+1 415 555 2671", "", "PHONE_NUMBER", "+1 415 555 2671"),
        ("(415) 555-2671", "", "PHONE_NUMBER", "(415) 555-2671"),
        ("4155552671", "mobilePhone", "PHONE_NUMBER", "4155552671"),
        ("Call me at 020 7946 0958", "", "PHONE_NUMBER", "020 7946 0958"),
        ("from 8.8.8.8", "", "IP_ADDRESS", "8.8.8.8"),
        ("2001:4860:4860::8888", "", "IP_ADDRESS", "2001:4860:4860::8888"),
        ("00:1B:44:11:3A:B7", "", "MAC_ADDRESS", "00:1B:44:11:3A:B7"),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "", "CRYPTO", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("AB 12 34 56 C", "", "UK_NINO", "AB 12 34 56 C"),
        ("NHS number 943 476 5919", "", "UK_NHS", "943 476 5919"),
        ("12345678Z", "", "ES_NIF", "12345678Z"),
        ("RSSMRA85T10A562S", "", "IT_FISCAL_CODE", "RSSMRA85T10A562S"),
        ("44051401359", "pesel", "PL_PESEL", "44051401359"),
        ("routing 021000021", "", "ABA_ROUTING_NUMBER", "021000021"),
        ("Ship to 12 Main Street, Dayton, OH 45402", "", "STREET_ADDRESS", "12 Main Street, Dayton, OH 45402"),
        ("Hauptstraße 12, 10115 Berlin", "", "STREET_ADDRESS", "Hauptstraße 12, 10115 Berlin"),
        ("born on 12 May 1980", "", "DATE_OF_BIRTH", "12 May 1980"),
        ("DOB: 1980-05-12", "", "DATE_OF_BIRTH", "1980-05-12"),
        ("account number 12345678", "", "BANK_ACCOUNT", "12345678"),
        ("passport no. C01X00T47", "", "PASSPORT", None),
        ("Nightly export for Jane Roe of the customers", "", "PERSON", "Jane Roe"),
        ("Please refund Maria Gonzalez and Wei Chen", "", "PERSON", "Wei Chen"),
        ("Jane Roe", "", "PERSON", "Jane Roe"),
    ],
)  # fmt: skip
def test_a_value_is_found(detector: Detectors, text: str, name: str, kind: str, value: str | None) -> None:
    hits = found(detector, text, name)
    assert value is None or (kind, value) in hits


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("4111 1111 1111 1112", "", "CREDIT_CARD"),  # the check digit
        ("1717243200123456", "timestamp", "CREDIT_CARD"),
        ("order-4111111111111111-a", "", "CREDIT_CARD"),
        ("GB82 WEST 1234 5698 7654 33", "", "IBAN_CODE"),
        ("536221234", "", "US_SSN"),
        ("536221234", "order_id", "US_SSN"),
        ("000-22-1234", "", "US_SSN"),
        ("build-536-22-1234", "", "US_SSN"),
        ("4155552671", "", "PHONE_NUMBER"),
        ("550e8400-e29b-41d4-a716-446655440000", "", "PHONE_NUMBER"),
        ("2026-06-01 12:00:00", "", "PHONE_NUMBER"),
        ("run at 2026-06-01 12:00:00 please", "", "PHONE_NUMBER"),
        ("1717243200", "", "PHONE_NUMBER"),
        ("10.0.0.1", "", "IP_ADDRESS"),
        ("127.0.0.1", "", "IP_ADDRESS"),
        ("version 1.2.3.4", "", "IP_ADDRESS"),
        ("https://8.8.8.8/x", "", "IP_ADDRESS"),  # a destination: a fact, not somebody
        ("9434765919", "", "UK_NHS"),
        ("44051401359", "order", "PL_PESEL"),
        ("021000021", "", "ABA_ROUTING_NUMBER"),
        ("in 12 steps to the Road", "", "STREET_ADDRESS"),
        ("on 12 May 1980", "", "DATE_OF_BIRTH"),
        ("logs/199.csv", "", "PERSON"),
        ("Token expired for Kafka in Berlin", "", "PERSON"),
        ("Nightly export of the customers", "", "PERSON"),
        ("SELECT Name FROM Customers", "sql", "PERSON"),
        ("user@", "", "EMAIL_ADDRESS"),
        ("@decorator", "", "EMAIL_ADDRESS"),
        ("arn:aws:iam::123456789012:role/x", "", "PHONE_NUMBER"),
    ],
)  # fmt: skip
def test_a_near_miss_is_not(detector: Detectors, text: str, name: str, kind: str) -> None:
    assert kind not in {hit for hit, _ in found(detector, text, name)}


@pytest.mark.parametrize(
    "text",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "3f2a9c1e8b7d6540aa11bb22cc33dd44",
        "2026-06-01T12:00:00.123Z",
        "v2.31.0-rc.1",
        "eu-west-1",
        "s3://placet-internal-x/orders/part-00001.snappy.parquet",
        "ORD-2024-000123",
        "sha256:" + "ab" * 32,
        "1717243200123",
        "The job failed after 300 seconds with exit code 137.",
        "SELECT id, total FROM orders WHERE created_at > '2026-06-01' LIMIT 100",
        "kubectl rollout restart deployment/payments-api -n production",
    ],
)
def test_what_is_clean_but_tricky_is_clean(detector: Detectors, text: str) -> None:
    assert found(detector, text) == set()


def test_numbers_as_values(detector: Detectors) -> None:
    assert found(detector, "4111111111111111", number=True) == {("CREDIT_CARD", "4111111111111111")}
    assert found(detector, "4155552671", number=True) == set()
    assert found(detector, "4155552671", "phone", number=True) == {("PHONE_NUMBER", "4155552671")}
    assert found(detector, "536221234", "ssn", number=True) == {("US_SSN", "536221234")}
    assert found(detector, "536221234", "id", number=True) == set()


def test_a_whole_action() -> None:
    result = classify(
        bench(*engines()),
        name="mail.send",
        resource="mail://outside",
        arguments={"to": "partner@other.example", "body": "Jane Roe paid with 4111 1111 1111 1111."},
        purpose="Reply for Jane Roe",
        preview=[{"email": "jane@acme.example", "card": 4111111111111111}],
    )
    assert result.arguments == {"to": "‹EMAIL_ADDRESS_1›", "body": "‹PERSON_1› paid with ‹CREDIT_CARD_1›."}
    assert result.purpose == "Reply for ‹PERSON_1›"
    # Written with spaces there and without here: another text, so another number.
    assert result.preview == [{"email": "‹EMAIL_ADDRESS_2›", "card": "‹CREDIT_CARD_2›"}]
    assert result.labels == ("financial", "pii")
    assert result.facts.destination_domains == ("other.example",)
    assert result.facts.external_destination
    assert result.facts.preview_records == 1


def test_nothing_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    presidio.PresidioDetector().detect(passage("Jane Roe jane@acme.museum 4111111111111111 +1 415 555 2671 8.8.8.8"))


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for engine in engines():
            engine.detect(passage("Jane Canary called +1 415 555 2671 about canary@acme.example"))
    assert "anary" not in caplog.text


def test_versions_of_everything_that_decides(detector: Detectors) -> None:
    assert set(detector.models) == {"presidio", "rampart", "rules"}


def test_long_prose_is_not_guessed_about_but_long_data_is_looked_into(detector: Detectors) -> None:
    with pytest.raises(DetectorError) as error:
        detector.detect(passage("Jane Roe wrote to Bob. " * 1_000))
    assert error.value.reason == "too_large"
    assert ("EMAIL_ADDRESS", "a@b.example") in found(detector, "0123456789abcdef-" * 2_000 + " a@b.example")


def test_prose_is_read_to_its_end(detector: Detectors) -> None:
    text = "the export of the orders was late. " * 300 + "Please ask Jane Roe about it."
    assert ("PERSON", "Jane Roe") in found(detector, text)


def test_every_type_that_is_asked_for_has_a_meaning() -> None:
    types = configuration().taxonomy.types
    recognizers = presidio.PresidioDetector()._engine.registry.recognizers
    asked = {kind for recognizer in recognizers for kind in recognizer.supported_entities}
    assert asked <= set(types)
    assert {rule.entity_type for rule in patterns.RULES} <= set(types)


def test_what_was_seen_once_is_remembered_without_its_text() -> None:
    calls: list[str] = []

    class Counting:
        models: Mapping[str, str] = MappingProxyType({})

        def detect(self, given_passage: Any) -> list[Any]:
            calls.append(given_passage.text)
            return []

    remembering = Detectors([Counting()], key=KEY)
    for _ in range(3):
        remembering.detect(passage("canary!", "a"))
    remembering.detect(passage("canary!", "b"))
    assert calls == ["canary!", "canary!"]
    assert b"canary" not in b"".join(remembering._remembered._found)


@pytest.mark.parametrize(
    "hostile",
    ["1" * 60_000, "1-" * 30_000, "a@" * 30_000, "a." * 30_000, "12:" * 20_000, "+1 415 55" * 6_000, "gb82 " * 12_000,
     "x.y@z-" * 10_000, "9-" * 30_000 + "@", "A1" * 30_000],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_near_matches_do_not_take_for_ever(detector: Detectors, hostile: str) -> None:
    started = time.process_time()
    detector.detect(passage(hostile))
    assert time.process_time() - started < 20


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["", "phone", "ssn", "name", "note"]))
def test_any_text_gives_spans_inside_it(detector: Detectors, text: str, name: str) -> None:
    for span in detector.detect(passage(text, name)):
        assert 0 <= span.start < span.end <= len(text)
        assert 0 <= span.score <= 1


@pytest.mark.parametrize(
    ("text", "name", "language"),
    [
        ("Jane Roe", "", True),
        ("Nightly export for Jane", "", True),
        ("Jane", "name", True),
        ("Jane", "", False),
        ("Nightly export of the customers", "", False),
        ("logs/199.csv", "", False),
        ("Export CSV of SQL", "", False),
        ("eu-west-1", "", False),
        ("2024-01-01T00:00:00Z", "", False),
        ("JANE ROE", "", True),
    ],
)
def test_what_reads_like_language(text: str, name: str, *, language: bool) -> None:
    assert bool(where.parts(passage(text, name))) is language
