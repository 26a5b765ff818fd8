"""Telephones, days of birth and security codes that words, names and places tell: each hit beside its near misses."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.classifier.analysis import identifiers
from tests.classifier_parts import bench, classify, passage

PHONES = [
    ("call 1-800-FLOWERS today", "1-800-FLOWERS"),
    ("Hotline: (888) GO-FEDEX", "(888) GO-FEDEX"),
    ("see https://wa.me/4915123456789 please", "4915123456789"),
    ("whatsapp://send?phone=447400123456", "447400123456"),
    ("https://api.whatsapp.com/send?phone=%2B447400123456&text=hi", "447400123456"),
    ("callto:+447400123456", "+447400123456"),
    ("my number is 612 345 678", "612 345 678"),
    ("text me at 4155552671", "4155552671"),
    ("meine neue Nummer: 0151 23456789", "0151 23456789"),
    ("mon numéro est le 06 12 34 56 78", "06 12 34 56 78"),
    ("TEL;TYPE=CELL:0151 23456789", "0151 23456789"),
    ("tlf. 22 33 44 55", "22 33 44 55"),
    ("phone 078.123.45.67", "078.123.45.67"),
    ("puh. 040 1234567", "040 1234567"),
    ("τηλ. 210 1234567", "210 1234567"),
    ("mobile 9123 4567", "9123 4567"),  # Singapore
    ("phone (+351) 912 345 678", "(+351) 912 345 678"),
    ("+49 (0) 30 901820", "+49 (0) 30 901820"),
    ("+41 44 668 18 00 ext. 12", "+41 44 668 18 00"),
    ("phone 415-555-2671 ext 12", "415-555-2671"),
    ("Tel. 030/901820-12 (Durchwahl)", "030/901820-12"),
    ("msisdn=4915123456789 seq=17", "4915123456789"),
    ("phones: " + ", ".join(f"415555267{digit}" for digit in range(9)), "4155552678"),  # a long list
    ("Phones:\n- 4155552671\n- 4155552672", "4155552672"),
]
NO_PHONES = [
    "my order number is 4155552671",
    "order number 612 345 678",
    "version 1.612.345.678",
    "EAN 4006381333931",
    "ticket 0151-2345 opened",
    "sku 0401-234567",
    "container id 0123 4567",
    "price 612 345 678 PLN",
    "lat 48.85837 lon 2.29448 at 1717243200",
    "part 1-800-TIMEOUT-MS",
    "error 800-ABC-DEFG",
    "https://example.com/wa.me/12345678",
    "https://example.com/wa/4915123456789",
    "ids: 4155552671, 4155552672",
    "took 4155552671 ns, 4155552672 ns",
]


def found(text: str, name: str = "", *, number: bool = False) -> set[tuple[str, str]]:
    spans = identifiers.find(passage(text, name, number=number))
    return {(span.entity_type, text[span.start : span.end]) for span in spans}


@pytest.mark.parametrize(("text", "value"), PHONES)
def test_a_telephone_number_is_found(text: str, value: str) -> None:
    assert ("PHONE_NUMBER", value) in found(text)


@pytest.mark.parametrize("text", NO_PHONES)
def test_no_other_number_is_a_telephone(text: str) -> None:
    assert "PHONE_NUMBER" not in {kind for kind, _ in found(text)}


def test_a_name_of_another_number_is_believed() -> None:
    assert "PHONE_NUMBER" not in {kind for kind, _ in found("0401-234567", "batch_no")}
    assert "PHONE_NUMBER" in {kind for kind, _ in found("0401-234567", "note")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("John Doe (b. 12.03.1985)", "12.03.1985"),
        ("b. 3 March 1985 in Leeds", "3 March 1985"),
        ("née le 3 mars 1985", "3 mars 1985"),
        ("nacido el 12/03/1985", "12/03/1985"),
        ("urodzony 12.03.1985", "12.03.1985"),
        ("född 1985-03-12", "1985-03-12"),
        ("syntynyt 12.3.1985", "12.3.1985"),
        ("datum narození: 12.3.1985", "12.3.1985"),
        ("nascida em 12/03/1985", "12/03/1985"),
        ("BDAY:19850312", "19850312"),
        ("BDAY;VALUE=date:1985-03-12", "1985-03-12"),
        ("DOB 12/03/85", "12/03/85"),
        ("dob=1985-03-12T00:00:00Z", "1985-03-12"),
        ("patient, age 41, 12.03.1985", "12.03.1985"),
        ("Jane, 1985-03-12 (age 41)", "1985-03-12"),
        ("Alter: 41 Jahre, 12.03.1985", "12.03.1985"),
        ("birth 12/03/1985", "12/03/1985"),
        ("refund for Jane Roe (1985-03-12), please", "1985-03-12"),
        ("Jane O'Neill (F, 12.03.1985)", "12.03.1985"),
        ("7;Jane Roe;F;12.03.1985;Leeds", "12.03.1985"),
        ("id|name|day\n7|Roe, Jane|12.03.1985", "12.03.1985"),
        ("PID|1||12345^^^H^MR||Doe^Jane||19850312|F|||1 Main St||(415)555-2671||", "19850312"),
        ("PID|1||12345^^^H^MR||Doe^Jane||198503121030|F", "198503121030"),
    ],
)
def test_a_day_of_birth_is_found(text: str, value: str) -> None:
    assert ("DATE_OF_BIRTH", value) in found(text)


def test_a_patients_telephone_stands_at_its_place() -> None:
    segment = "PID|1||12345^^^H^MR||Doe^Jane||19850312|F|||1 Main St||^PRN^PH^^1^415^5552671~(415)555-2671||EN"
    assert ("PHONE_NUMBER", "(415)555-2671") in found(segment)


@pytest.mark.parametrize(
    "text",
    [
        "build age 3 days, 2026-11-22",
        "cache age: 41, 2026-11-22",
        "page 41, 1985-03-12",
        "version b.1 of 2026-11-22",
        "MSH|1||12345|||Doe||19850312|F",
        "OBX|1||12345^^^H^MR||Doe^Jane||19850312|F",
        "born to be wild",
        "birth certificate issued 12.03.1985",
        "signed by Jane Roe on 12.03.1985",
        "since 2001 with Jane Roe (2024-03-12)",
        "7;Jane Roe;F;12.03.2024;Leeds",
        "Release Notes 1985-03-12",
        "7;open;F;12.03.1985;Leeds",
    ],
)
def test_no_other_date_is_a_day_of_birth(text: str) -> None:
    assert "DATE_OF_BIRTH" not in {kind for kind, _ in found(text)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patient_dob", "1985-03-12"), ("patient_dob", "1985-03-12T00:00:00.000Z"), ("dobUtc", "19850312"),
        ("birth_ts", "479433600000"), ("birth_epoch", "-86400000"), ("birth_year", "1985"),
        ("guest_birth_date", "12.03.85"),
        ("syntymaaika_hlo", "12.3.1985"), ("geburtsdatum_kind", "12.03.1985"), ("born_at", "3 March 1985"),
    ],
)  # fmt: skip
def test_all_of_a_value_under_a_name_of_birth_is_one(name: str, value: str) -> None:
    assert ("DATE_OF_BIRTH", value) in found(value, name, number=value.lstrip("-").isdigit())


@pytest.mark.parametrize(
    ("name", "value"),
    [("birth_place", "1985"), ("birth_order", "12345678"), ("birth_rate", "1985"), ("created", "1985-03-12"),
     ("birth_time_zone", "Europe/Rome"), ("reborn", "19850312")],
)  # fmt: skip
def test_under_another_name_it_is_none(name: str, value: str) -> None:
    assert found(value, name) == set()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"birth": {"date": "12.03.1985", "city": "Rome"}}, "DATE_OF_BIRTH"),
        ({"birth": {"year": 1985}}, "DATE_OF_BIRTH"),
        ({"text": '{"birth": {"date": "12.03.1985"}}'}, "DATE_OF_BIRTH"),
        ({"födelsedatum": "1985-03-12"}, "DATE_OF_BIRTH"),
        ({"child_birthdate": "19850312"}, "DATE_OF_BIRTH"),
        ({"payment_cvv": "123"}, "CARD_SECURITY_CODE"),
        ({"card_verification_value": 123}, "CARD_SECURITY_CODE"),
        ({"billing_phone": "612345678"}, "PHONE_NUMBER"),
        ({"text": "INSERT INTO c (pan, exp, cvv) VALUES (1, '12/27', 737), (2, '11/28', '738')"}, "CARD_SECURITY_CODE"),
    ],
)
def test_a_name_tells(arguments: dict[str, Any], kind: str) -> None:
    assert kind in {finding.entity_type for finding in classify(bench(), arguments=arguments).findings}


@pytest.mark.parametrize(
    "arguments",
    [
        {"release": {"date": "12.03.1985"}},
        {"birth": {"place": "Rome"}},
        {"has_phone": True, "phone_count": 7},
        {"text": "INSERT INTO c (id, exp, n) VALUES (1, '12/27', 737)"},
    ],
)
def test_another_name_tells_nothing(arguments: dict[str, Any]) -> None:
    assert classify(bench(), arguments=arguments).findings == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cvv 123", "123"),
        ("CVC: 123", "123"),
        ("CVV2/CVC2 123", "123"),
        ("cvv code is 737", "737"),
        ("security code on the back is 737", "737"),
        ("card security code 7373", "7373"),
        ("código de seguridad 123", "123"),
        ("Sicherheitscode 123", "123"),
        ("beveiligingscode: 123", "123"),
        ("the last three digits on the back are 737", "737"),
        ("Prüfnummer: 123", "123"),
        ("4111111111111111 12/27 737", "737"),
        ("4111 1111 1111 1111, exp 12/2027, 737", "737"),
        ("4111111111111111|12|2027|737", "737"),
    ],
)
def test_a_security_code_is_found(text: str, value: str) -> None:
    assert ("CARD_SECURITY_CODE", value) in found(text)


@pytest.mark.parametrize(
    "text",
    ["security code 4711 for the gate", "CVV: n/a", "cvc 1.2.3", "cve 2024", "PR 123 fixes cvv in 456", "cvv 12345",
     "4111111111111112 12/27 737", "4111111111111111 12/27 EUR 737", "cvv rejected 3 times, 123 left"],
)  # fmt: skip
def test_no_other_number_is_a_security_code(text: str) -> None:
    assert "CARD_SECURITY_CODE" not in {kind for kind, _ in found(text)}


@pytest.mark.parametrize(
    "part",
    ["wa.me/1", "my number is ", "text me ", "1-800-AB", "800 A-", "phone 1-800-", "age 41, ", "1985-03-12 (age ",
     "PID|", "PID|1|2|3|4|5|6|19850312|", "b. 3 ", "cvv ", "security code ", "4111111111111111 12/27 ", "4111 ",
     "phones 415555", "Jane Roe (1985", "Jane Roe;F;1985-03-1", "1985 Jane Roe Roe Roe Roe; ",
     "1985 ;Aa", "phone 4155552671, ", "dob "],
)  # fmt: skip
def test_near_matches_take_linear_time(part: str) -> None:
    small, large = (_seconds((part * size)[:size]) for size in (10_000, 100_000))
    assert large < max(30 * small, 1.0)


def _seconds(text: str) -> float:
    begun = time.thread_time()
    list(identifiers.find(passage(text)))
    return time.thread_time() - begun
