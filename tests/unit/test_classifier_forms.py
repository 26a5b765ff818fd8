"""What a reviewer may see of a masked value, and what of it is never told."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.forms import FORMS, is_form
from services.classifier.adapters.worker import Bench
from services.classifier.analysis import forms, masking
from services.classifier.model import Passage, Span
from tests.classifier_parts import Marks, bench, classify, configuration, owned

CARD, MAIL, IBAN, PHONE = "4111 1111 1111 1111", "sales@example.org", "DE89 3704 0044 0532 0130 00", "+49 30 90182045"


class Accounts:
    """Finds that one account, as the engine does."""

    models: Mapping[str, str] = {"accounts": "1"}

    def detect(self, passage: Passage) -> Sequence[Span]:
        at = passage.text.find(IBAN)
        return [] if at < 0 else [Span("IBAN_CODE", at, at + len(IBAN), 1.0, "presidio/IbanRecognizer")]


BENCH = bench(Marks(), Accounts())


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("CREDIT_CARD", "4111 1111 1111 1111", "ending 1111"),
        ("CREDIT_CARD", "378282246310005", "ending 0005"),
        ("CREDIT_CARD", "5018 0000 0009", "ending 0009"),  # twelve digits, the fewest
        ("CREDIT_CARD", "4111 1111 1111 1112", ""),  # its check digit is wrong
        ("CREDIT_CARD", "1111", ""),
        ("CREDIT_CARD", "x4111 1111 1111 1111", ""),  # not that value alone
        ("CREDIT_CARD", "4111 1111 1111 1111 4111 1111 1111 1111", ""),
        ("IBAN_CODE", IBAN, "of DE"),
        ("IBAN_CODE", "gb82west12345698765432", "of GB"),
        ("IBAN_CODE", "DE88 3704 0044 0532 0130 00", ""),
        ("PHONE_NUMBER", PHONE, "of +49"),
        ("PHONE_NUMBER", "0049 (30) 90182045", "of +49"),
        ("PHONE_NUMBER", "+1 415 555 2671", "of +1"),
        ("PHONE_NUMBER", "030 90182045", ""),  # of which country?
        ("PHONE_NUMBER", "+49 30", ""),
        ("IP_ADDRESS", "8.8.8.8", "public v4"),
        ("IP_ADDRESS", "10.1.2.3", "private v4"),
        ("IP_ADDRESS", "2001:4860:4860::8888", "public v6"),
        ("IP_ADDRESS", "8.8.8.8.8", ""),
        ("EMAIL_ADDRESS", MAIL, "at example.org"),
        ("EMAIL_ADDRESS", "Jane.Roe@MAIL.Example.ORG", "at mail.example.org"),
        ("EMAIL_ADDRESS", "jane@gmail.com", "at gmail.com"),
        ("EMAIL_ADDRESS", "mailbox@gmail.com", "at gmail.com"),  # shared words say nothing where anybody may be
        ("EMAIL_ADDRESS", "jane@janeroe.com", ""),
        ("EMAIL_ADDRESS", "jane.roe@roe.de", ""),
        ("EMAIL_ADDRESS", "jroe@roe-family.net", ""),
        ("EMAIL_ADDRESS", "contact@mail.janeroe.contact.de", ""),
        ("EMAIL_ADDRESS", "anna.müller@mueller-bau.de", ""),
        ("EMAIL_ADDRESS", "anna.muller@müller.de", ""),
        ("EMAIL_ADDRESS", "me@janeroe.com", ""),  # whose, only the domain says
        ("EMAIL_ADDRESS", "j.r@janeroe.com", ""),
        ("EMAIL_ADDRESS", "office@jane-roe.name", ""),
        ("EMAIL_ADDRESS", "sales@" + "x" * 63 + ".org", ""),  # longer than a form may be
        ("EMAIL_ADDRESS", "a@b@example.org", ""),
        ("SECRET", CARD, ""),
        ("GITHUB_TOKEN", MAIL, ""),
        ("US_SSN", "078-05-1120", ""),
        ("PERSON", "Jane Roe", ""),
    ],
)
def test_the_form_of_a_value(kind: str, value: str, form: str) -> None:
    assert forms.of(kind, value) == form
    assert not form or is_form(kind, form)


def test_what_a_reviewer_sees_beside_each_placeholder() -> None:
    result = classify(
        BENCH,
        arguments={"card": CARD, "to": MAIL, "iban": IBAN, "again": f"charge {CARD}", "n": 4111111111111111},
        preview=[{"phone": PHONE, "ip": "8.8.8.8", "name": "Jane Roe"}],
    )
    assert result.forms == {
        "‹CREDIT_CARD_1›": "ending 1111",
        "‹CREDIT_CARD_2›": "ending 1111",
        "‹EMAIL_ADDRESS_1›": "at example.org",
        "‹IBAN_CODE_1›": "of DE",
        "‹PHONE_NUMBER_1›": "of +49",
        "‹IP_ADDRESS_1›": "public v4",
    }
    assert result.arguments["again"] == "charge ‹CREDIT_CARD_1›"
    assert result.arguments["n"] == "‹CREDIT_CARD_2›"


def test_what_is_hidden_has_the_form_of_what_it_reads() -> None:
    hidden = base64.b64encode(f"please charge the card {CARD} today".encode()).decode()
    result = classify(BENCH, arguments={"note": hidden})
    assert list(result.forms.values()) == ["ending 1111"]


def test_what_was_not_inspected_has_no_form() -> None:
    result = classify(BENCH, arguments={"a": 1}, preview=[MAIL, *(["Jane Roe"] * 2_001)])
    assert result.preview == "‹NOT_INSPECTED_1›"
    assert result.forms == {}


def test_a_part_of_a_value_has_no_form() -> None:
    result = classify(BENCH, arguments={"pieces": ["4111 1111", " 1111 1111"], "card": "5500 0000 0000 0004"})
    assert [f.recognizer for f in result.findings if f.recognizer.startswith("split/")], "taken apart, and found"
    assert list(result.forms.values()) == ["ending 0004"]


def test_a_credential_has_no_form_wherever_it_stands() -> None:
    result = classify(BENCH, arguments={"password": MAIL})
    assert result.arguments == {"password": "‹SECRET_1›"}
    assert result.forms == {}
    for arguments in (
        {"password": MAIL, "to": MAIL},
        {"to": MAIL, "password": MAIL},
        {"to": MAIL, "password": f"x1-{MAIL}-y2"},  # a part of one
        {"to": f"q7w{MAIL}", "password": f"q7w{MAIL[:7]}"},  # holds one
    ):
        result = classify(BENCH, arguments=arguments)
        assert "EMAIL_ADDRESS" in {f.entity_type for f in result.findings} or "‹EMAIL" not in json.dumps(arguments)
        assert result.forms == {}, arguments


def test_a_credential_in_a_place_that_is_masked_whole_counts_as_well() -> None:
    closed = base64.b64encode(b"Salted__" + random.Random(1).randbytes(40)).decode()
    result = classify(BENCH, arguments={"to": MAIL, "note": f"password={MAIL} {closed}"})
    assert result.arguments["note"] == "‹NOT_INSPECTED_1›"
    assert result.forms == {}
    result = classify(BENCH, arguments={"to": MAIL, "note": f"it is for {MAIL} {closed}"})
    assert result.arguments["note"] == "‹NOT_INSPECTED_1›"
    assert result.forms == {"‹EMAIL_ADDRESS_1›": "at example.org"}


@pytest.mark.parametrize(
    ("term", "left"),
    [
        ("example.org", []),
        ("EXAMPLE.ORG", []),
        ("example", []),
        ("4444", ["at example.org"]),  # no term of the action's
    ],
)
def test_a_form_that_holds_a_detected_value_is_not_told(tmp_path: Path, term: str, left: list[str]) -> None:
    on = Bench.of(owned(tmp_path, term), 60, ())
    result = classify(on, arguments={"to": MAIL, "about": f"the word {term} here"})
    assert list(result.forms.values()) == left
    assert result.incomplete == ()


def test_the_last_four_of_a_card_are_not_told_where_they_are_a_value_of_their_own(tmp_path: Path) -> None:
    for term in ("1111", "111"):  # also one that is too short to be looked for elsewhere
        on = Bench.of(owned(tmp_path, term), 60, ())
        result = classify(on, arguments={"card": CARD, "project": term})
        assert result.arguments == {"card": "‹CREDIT_CARD_1›", "project": "‹OURS_1›"}
        assert (result.forms, result.incomplete) == ({}, ())
    assert classify(BENCH, arguments={"card": CARD, "pin": 1111}).forms == {}
    assert classify(BENCH, arguments={"card": CARD, "pin": 2222}).forms == {"‹CREDIT_CARD_1›": "ending 1111"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("office@roe-partner.com", False),
        ("office@janeroe.com", False),
        ("office@jane.example", False),
        ("office@heroes.example", True),  # three letters inside a word are chance
        ("office@example.org", True),
        ("office@gmail.com", True),
    ],
)
def test_a_domain_that_holds_a_name_that_was_masked_is_not_told(address: str, *, told: bool) -> None:
    result = classify(BENCH, arguments={"to": address, "note": "for Jane Roe"})
    assert result.arguments == {"to": "‹EMAIL_ADDRESS_1›", "note": "for ‹PERSON_1›"}
    assert list(result.forms.values()) == ([f"at {address.partition('@')[2]}"] if told else [])


def test_colleagues_share_their_domain_and_a_namesake_does_not_show_another_s() -> None:
    result = classify(BENCH, arguments={"to": ["sales@example.org", "office@example.org"]})
    assert set(result.forms.values()) == {"at example.org"}
    result = classify(BENCH, arguments={"to": ["somebody@gmail.com", "office@somebody.de"]})
    assert list(result.forms.values()) == ["at gmail.com"]


def test_a_form_that_would_hold_a_value_makes_the_whole_action_uninspected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last look is one of its own: it holds where whatever chose the forms was wrong."""
    monkeypatch.setattr(masking, "_forms", lambda *_: {"‹CREDIT_CARD_1›": "ending 1111"})
    result = classify(BENCH, arguments={"card": CARD, "pin": 1111})
    assert result.forms == {}
    assert [(place.pointer, place.reason) for place in result.incomplete] == [("/arguments", "error")]
    assert classify(BENCH, arguments={"card": CARD}).forms == {"‹CREDIT_CARD_1›": "ending 1111"}


def test_what_is_masked_already_has_no_form_when_it_is_masked_again() -> None:
    once = classify(BENCH, arguments={"to": MAIL, "note": f"‹EMAIL_ADDRESS_2› {MAIL}"})
    assert once.forms == {"‹EMAIL_ADDRESS_1›": "at example.org"}
    twice = classify(BENCH, arguments=dict(once.arguments))
    assert (twice.arguments, twice.forms) == (once.arguments, {})


@given(
    st.lists(
        st.sampled_from([CARD, MAIL, IBAN, PHONE, "8.8.8.8", "Jane Roe", "1111", "jane@janeroe.com", "x"]), max_size=6
    ),
    st.sampled_from(["to", "password", "pin", "note", "card"]),
)
@settings(max_examples=60, deadline=None)
def test_no_form_holds_a_detected_value_whatever_the_action(values: list[str], name: str) -> None:
    result = classify(BENCH, arguments={name: " ".join(values), "list": values})
    assert result.incomplete == ()
    for placeholder, form in result.forms.items():
        kind = placeholder[1:].rpartition("_")[0]
        assert is_form(kind, form)
        assert kind not in configuration().taxonomy.credentials
        assert placeholder in json.dumps(result.arguments, ensure_ascii=False)
        assert not any(value in form for value in ("Jane", "Roe", "janeroe", CARD, MAIL, IBAN))


def test_no_credential_is_among_the_types_that_have_a_form() -> None:
    assert configuration().taxonomy.credentials.isdisjoint(FORMS)
    assert set(forms._DERIVED) == set(FORMS) <= set(configuration().taxonomy.types)
