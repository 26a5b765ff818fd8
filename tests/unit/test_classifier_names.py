"""The name model as it is used here: where it is asked, and what of its answers is kept."""

from __future__ import annotations

import time

import pytest

from services.classifier.adapters.lexicon import lexicon
from services.classifier.adapters.name_detector import NameDetector
from services.classifier.adapters.rampart import WINDOW
from services.classifier.analysis import sql
from services.classifier.analysis.language import people, where
from services.classifier.analysis.language.reading import Word
from services.classifier.errors import DetectorError
from services.classifier.model import NOWHERE, Passage
from tests.classifier_parts import passage


@pytest.fixture(scope="module")
def detector() -> NameDetector:
    return NameDetector()


def found(detector: NameDetector, text: str, name: str = "") -> set[tuple[str, str]]:
    return {(span.entity_type, text[span.start : span.end]) for span in detector.detect(passage(text, name))}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Nightly export for Jane Roe of the customers", "Jane Roe"),
        ("Please refund Maria Gonzalez and Wei Chen", "Wei Chen"),
        ("Jane Roe", "Jane Roe"),
        ("JANE ROE", "JANE ROE"),
        ("did you hear, zara hollis is getting more now", "zara hollis"),
        ("please call quentin o'donnell back before noon", "quentin o'donnell"),
        ("Dear Siobhan O'Donnell, thank you", "Siobhan O'Donnell"),
        ("Thanks to Anne-Marie Saint-Clair for it", "Anne-Marie Saint-Clair"),
        ("Ask Ludwig van der Berg about it", "Ludwig van der Berg"),
        ("the file of Whitfield, Olivia is closed", "Whitfield, Olivia"),
        ("Moin, Annika Baumgärtner vertritt mich nächste Woche.", "Annika Baumgärtner"),
        ("Bitte den Zugang von Ivana Horvat sperren.", "Ivana Horvat"),
        ("Merci de convoquer Étienne Lefèvre pour un contrôle.", "Étienne Lefèvre"),
        ("Solicito el alta de Carlos Montalvo en el sistema.", "Carlos Montalvo"),
        ("Il contratto di Giacomo Moretti scade domani.", "Giacomo Moretti"),
        ("Proszę o kontakt z Agnieszka Wójcik w sprawie umowy", "Agnieszka Wójcik"),
        (
            "2026-01-01 ERROR [exec-4] c.h.ChargeService - charge failed for customer Jamal Haddad (card)",
            "Jamal Haddad",
        ),
        ("rejected User(name='Grace Mensah', terms=False)", "Grace Mensah"),
        ("<p>Sent by <b>Grace Mensah</b> today</p>", "Grace Mensah"),
        ("level=info customer=Grace Mensah status=late", "Grace Mensah"),
        ("+Grace Mensah,late,42", "Grace Mensah"),
        ("| Grace Whitfield | late |", "Grace Whitfield"),
        ("-- asked for by Owen Sutherland\nUPDATE t SET x = 1", "Owen Sutherland"),
        ('+  {"id": 17, "owner": "Priya Ramanathan"},', "Priya Ramanathan"),
    ],
)
def test_a_person_is_found(detector: NameDetector, text: str, value: str) -> None:
    assert ("PERSON", value) in found(detector, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ship to 12 Main Street, Dayton, OH 45402 today", "12 Main Street, Dayton, OH 45402"),
        ("Is this still yours?\n\n38 Cedar Lane\nPortland, ME 04101\n\nYours", "38 Cedar Lane\nPortland, ME 04101"),
        ("wohnt in der Lindenstraße 12, 70173 Stuttgart seit", "Lindenstraße 12, 70173 Stuttgart"),
        ("domiciliée 12 avenue Jean-Jaurès, 44000 Nantes, pour", "12 avenue Jean-Jaurès, 44000 Nantes"),
        ("con domicilio en Avenida de la Constitución 42, 28013 Madrid", "Avenida de la Constitución 42, 28013 Madrid"),
        ("Adres: ul. Długa 9, 30-001 Kraków", "ul. Długa 9, 30-001 Kraków"),
    ],
)
def test_an_address_is_found_whole(detector: NameDetector, text: str, value: str) -> None:
    assert ("STREET_ADDRESS", value) in found(detector, text)


@pytest.mark.parametrize(
    "text",
    [
        "logs/199.csv",
        "Token expired for Kafka in Berlin",
        "Nightly export of the customers",
        "Restart Jenkins and Grafana in Vienna",
        "Julia notebooks stay, the Victoria dashboard goes",
        "the Maxine dashboard shows 61 %",
        "Störung im Rechenzentrum Frankfurt, bitte den Lieferanten anrufen",
        "Die Rechnung liegt im Ordner Buchhaltung",
        "Secret scanning alert on line 28 of Login.java",
        "password = walnut-harbour-6819",
        "at com.halberd.billing.ChargeService.charge(ChargeService.java:118)",
        "https://jane.example.com/Roe",
        "SELECT Name FROM Customers",
    ],
)
def test_what_is_nobody_is_not(detector: NameDetector, text: str) -> None:
    assert found(detector, text) == set()


def test_what_its_field_says_it_is_weighs_more(detector: NameDetector) -> None:
    assert found(detector, "Olivia Whitfield", "vessel") == set()
    assert found(detector, "Olivia Whitfield", "driver") == {("PERSON", "Olivia Whitfield")}
    assert found(detector, "named after Olivia Whitfield", "vessel") == {("PERSON", "Olivia Whitfield")}


def test_what_a_field_told_already_is_not_asked_about(detector: NameDetector) -> None:
    assert detector.detect(Passage("Olivia Whitfield", spoken=NOWHERE)) == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("the build is green", []),
        ("eyJhbGciOiJIUzI1NiJ9 c2VjcmV0IHZhbHVl", []),
        ("SELECT id FROM orders", []),
        ("550e8400-e29b-41d4-a716-446655440000", []),
        ('{"id": 1, "kind": "abc", "flags": "def", "other": "ghi", "last": "jkl"}', []),
        ("see Jane Roe", ["see Jane Roe"]),
        ("please tell jane roe about it", ["please tell jane roe about it"]),
        ("nightly export of the customers table", []),
        ("select jane from roe where doe and poe", []),
        ("a = 1\nb = 2\n# by Jane Roe\nc = 3\nd = 4", ["b = 2\n# by Jane Roe\nc = 3"]),
        ("by Jane Roe\nx\n\ny\n\nz\nfor John Roe", ["by Jane Roe\nx\n\ny\n\nz\nfor John Roe"]),  # one question
        ("by Jane Roe\nx\n" + "y = 1\n" * 40 + "z\nfor John Roe", ["by Jane Roe\nx", "z\nfor John Roe"]),
    ],
)
def test_only_lines_with_a_word_that_could_be_somebody_are_read(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in where.parts(Passage(text))] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("INSERT INTO Jobs (Owner, Note) VALUES (7, 'ask Jane Roe')", ["'ask Jane Roe'"]),
        ("INSERT INTO t (a, b) VALUES ('Jane', 'Roe')", ["'Jane', 'Roe'"]),
        ("SELECT a AS Jane, b AS Roe FROM Kunden WHERE Stadt = 'x'", []),
        ('UPDATE t SET data = \'{"a": "Jane Roe"}\'', []),  # read as JSON
        ("SELECT 1 -- for Jane Roe\n", ["-- for Jane Roe"]),
        ("SELECT 1 /* for Jane Roe */ FROM t", ["/* for Jane Roe */"]),
        ('SELECT "Jane Roe" FROM "Kunden"', ['"Jane Roe"']),
        ("DO $$ BEGIN PERFORM tell('Jane Roe'); END $$", ["$$ BEGIN PERFORM tell('Jane Roe'); END $$"]),
        ("SELECT E'it\\'s Jane Roe', N'by John Doe'", ["E'it\\'s Jane Roe', N'by John Doe'"]),
    ],
)
def test_of_a_statement_what_can_hold_language_is_read(text: str, parts: list[str]) -> None:
    spoken = sql.inspect(text, frozenset()).spoken
    assert [text[start:end].strip() for start, end in where.parts(Passage(text, spoken=spoken))] == parts


@pytest.mark.parametrize(
    "text",
    [
        "COPY people FROM stdin;\n1\tJane Roe\n\\.",
        "SELECT * FROM t; and please tell Jane Roe about it",
        "tell Jane Roe about it",
        "INSERT INTO t VALUES ('it\\'s', 'for Jane Roe",
    ],
)
def test_what_does_not_parse_is_read_whole(text: str) -> None:
    assert sql.inspect(text, frozenset()).spoken is None
    assert any("Jane Roe" in text[start:end] for start, end in where.parts(Passage(text)))


def test_of_a_long_line_only_a_piece_is_read() -> None:
    text = "x = 1; " * 200 + "asked for by Jane Roe; " + "y = 2; " * 200
    ((start, end),) = where.parts(Passage(text))
    assert "Jane Roe" in text[start:end]
    assert end - start <= 480


def test_a_long_log_costs_what_its_sentences_cost(detector: NameDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(detector, "_model", _Reads(read))
    lines = ["2026-11-25 10:12:01 GET /healthz 200 2 rt=0.000"] * 1_000
    lines[500] = "charge failed for Jane Roe"
    detector.detect(Passage("\n".join(lines)))
    assert read == ["\n".join(lines[499:502]), "Jane Roe"]


@pytest.mark.parametrize(
    "text",
    [
        "Jane Roe wrote to Bob. " * 1_000,
        ("Jane Roe " + "1 2 3 4 5 6 7 8 " * 12) * 95,  # few characters, many tokens
        ("Jane R\n\n" + "=" * 90 + "\n\n") * 900,  # few characters that are read, many questions
    ],
)
def test_what_would_take_too_long_is_named_as_too_large(detector: NameDetector, text: str) -> None:
    started = time.process_time()
    with pytest.raises(DetectorError) as error:
        detector.detect(Passage(text))
    assert error.value.reason == "too_large"
    assert time.process_time() - started < 20


def test_prose_of_the_longest_length_is_read(detector: NameDetector) -> None:
    text = "the order was late again and nobody knew why. " * 430 + "Please ask Jane Roe."
    assert ("PERSON", "Jane Roe") in found(detector, text)


class _Reads:
    def __init__(self, read: list[str]) -> None:
        self._read = read

    def tokens(self, text: str) -> str:
        return text

    def cost(self, tokens: str) -> int:
        return len(tokens)

    def words(self, tokens: str) -> list[Word]:
        self._read.append(tokens)
        return []


@pytest.mark.parametrize("shift", range(0, 4 * WINDOW, 23))
def test_a_name_is_found_wherever_the_windows_fall(detector: NameDetector, shift: int) -> None:
    before = "the order was late again today " * (shift // 6 + 1)
    text = f"{before}and Jane Roe called, {'and the parcel came back ' * 60}"
    assert ("PERSON", "Jane Roe") in found(detector, text)


def test_a_pair_that_was_overlooked_is_shown_alone(detector: NameDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(detector, "_model", _Reads(read))
    detector.detect(
        Passage("we met Carlos Fuentes, Grace Underhill; Roe, Jane and the Black Dashboard on Monday Morning")
    )
    assert read[1:] == ["Grace Underhill"]


def _sure(start: int, end: int) -> list[Word]:
    return [Word(start, end, 1.0, 0.0, 0.0, 0.0, 0.0)]


@pytest.mark.parametrize(
    ("text", "name", "kept"),
    [
        ("for Olivia today", "Olivia", True),
        ("for Olivia.", "Olivia", True),
        ("/srv/Olivia today", "Olivia", False),
        ("Olivia.py", "Olivia", False),
        ("Olivia(x)", "Olivia", False),
        ("for Olivia-2", "Olivia", False),
        ("a Kafka day", "Kafka", False),
        ("the Olivia cluster", "Olivia", False),
        ("for olivia today", "olivia", False),
        ("for Jo today", "Jo", False),
        ("for OLIVIA today", "OLIVIA", False),
        ("a KeySet of it", "KeySet", False),
        ("ask McDonald today", "McDonald", True),
    ],
)
def test_what_the_model_is_sure_of_can_be_nobody_all_the_same(text: str, name: str, *, kept: bool) -> None:
    start = text.index(name)
    assert bool(list(people.find(text, _sure(start, start + len(name)), lexicon()))) is kept
