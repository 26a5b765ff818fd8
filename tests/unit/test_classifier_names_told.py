"""Names told by where they stand: beside mail, on devices, in columns, beside the other part; and things so called."""

from __future__ import annotations

import time

import pytest

from services.classifier.adapters.name_detector import NameDetector
from services.classifier.analysis.language import marked, things
from services.classifier.analysis.unwrapping import columns
from services.classifier.model import Passage, Span
from tests.classifier_parts import bench, classify, passage


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("On Tuesday, Grace A. Okafor <g@example.org> wrote:", ["Grace A. Okafor"]),
        ('"Virtanen, Aino" <a@example.org>', ["Virtanen, Aino"]),
        ("Sanne van der Meer <s@example.org>", ["Sanne van der Meer"]),
        ("Customer Support <support@example.org>, Release Bot <b@example.org>", []),
        ("List<String> <a@example.org>", []),
        ('ATTENDEE;CN="Aino Ruth Virtanen";ROLE=CHAIR:mailto:a@example.org', ["Aino Ruth Virtanen"]),
        ("ORGANIZER;CN=Conference Room:mailto:r@example.org", []),
        ("DHCPACK to (Marias-iPhone) and Tom's iPad, Galaxy-von-Lutz", ["Maria", "Tom", "Lutz"]),
        ("iPhone de Inês joined", ["Inês"]),
        ("Guests-iPad, Sales-iPhone, Students-MacBook, the user's laptop, it's PC-based", []),
        ("Wireless-Phone, Cross-Tablet, HP-LaserJet, Samsung-Galaxy-Tab", []),
    ],
)
def test_a_name_is_told_by_what_stands_beside_it(text: str, values: list[str]) -> None:
    assert sorted(text[span.start : span.end] for span in marked.find(Passage(text))) == sorted(values)


@pytest.mark.parametrize(
    ("name", "text", "person"),
    [
        ("approved_by", "J. Okafor", True),
        ("passenger", "Ji-woo Park", True),
        ("holder", "Virtanen, Aino", True),
        ("approved_by", "Release Bot", False),
        ("created_by", "Terraform Cloud", False),
        ("sorted_by", "Unit Price", False),
        ("passenger", "two adults", False),
        ("approved_by", "okafor", False),
    ],
)
def test_a_field_that_only_people_fill_holds_a_name(name: str, text: str, *, person: bool) -> None:
    assert bool(list(marked.find(passage(text, name)))) is person


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        ({"nombre": "Bo", "apellido": "Li", "calle": "Olmo 4"}, {"nombre", "apellido", "calle"}),
        ({"nom": "Li", "prénom": "Bo", "rue": "du Bac 4"}, {"nom", "prénom", "rue"}),
        ({"nome": "Bo", "cognome": "Li", "via": "Roma 4"}, {"nome", "cognome", "via"}),
        ({"Vorname": "Bo", "Nachname": "Li", "Strasse": "Am Tor 4"}, {"Vorname", "Nachname", "Strasse"}),
        ({"nombre": "silla", "precio": 4}, set()),
        ({"Via": "1.1 Varnish", "Host": "cache"}, set()),
    ],
)
def test_beside_a_part_of_a_name_the_rest_is_told(arguments: dict[str, object], masked: set[str]) -> None:
    result = classify(bench(), arguments={"record": arguments})
    shown = result.arguments["record"]
    assert {key for key, value in arguments.items() if shown[key] != value} == masked


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE alumnos SET nombre = 'Bo', apellido = 'Li' WHERE id = 4",
        "nr;Vorname;Nachname\n4;Bo;Li\n",
        "https://example.com/?nom=Bo&prénom=Li",
    ],
)
def test_so_it_is_in_columns_and_pairs(text: str) -> None:
    shown = classify(bench(), arguments={"sql": text}).arguments["sql"]
    assert not {"Bo", "Li"} & set(shown.replace("=", " ").replace("'", " ").replace(";", " ").replace("&", " ").split())


@pytest.mark.parametrize(
    ("hints", "value", "name", "thing"),
    [
        (("vessel", "name"), "Nina Star", "Nina", True),
        (("products", "name"), "Madison Desk", "Madison", True),
        (("datasets",), "Ames Housing", "Ames Housing", True),
        (("title",), "Jane Eyre", "Jane Eyre", True),
        (("title",), "Interview Jane Roe", "Jane Roe", False),
        (("vessel",), "named after Jane Roe", "Jane Roe", False),
        (("customer", "name"), "Jane Roe", "Jane Roe", False),
        (("name",), "Jane Roe", "Jane Roe", False),
    ],
)
def test_a_thing_may_be_called_like_somebody(hints: tuple[str, ...], value: str, name: str, *, thing: bool) -> None:
    start = value.index(name)
    assert things.names_thing(hints, value, Span("PERSON", start, start + len(name), 0.9, "rampart/name")) is thing


def test_in_a_column_of_things_nobody_is_found() -> None:
    detector = NameDetector()
    text = "price,{}\n9.00,Olivia Whitfield\n8.00,Marcus Okafor\n"
    assert detector.detect(passage(text.format("product"))) == []
    assert len(detector.detect(passage(text.format("seller")))) == 2


def test_what_is_listed_under_things_is_one() -> None:
    vessels, drivers = [{"name": "Olivia Whitfield"}], [{"name": "Marcus Okafor"}]
    result = classify(bench(NameDetector()), arguments={"vessels": vessels, "drivers": drivers})
    assert result.arguments["vessels"] == vessels
    assert result.arguments["drivers"] != drivers


@pytest.mark.parametrize(
    "part",
    [
        "A'",
        "A B ",
        "Aa-",
        "as-",
        "a,",
        '"',
        "a's iPa",
        "Mac de ",
        "A. ",
        "Ab, ",
        ";CN=Ab ",
        'x,"',
        "Aa Bb <",
        "a;\n",
        "de ",
    ],
)
def test_near_matches_do_not_take_for_ever(part: str) -> None:
    text = part * (100_000 // len(part))
    started = time.process_time()
    list(marked.find(Passage(f"{text}@<phone CN=")))
    list(columns.find(f"a,b\n{text}"))
    assert time.process_time() - started < 5
