"""What makes a text somebody: what lists know of its words, what stands around them, how sure the model is of them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from services.classifier import settings
from services.classifier.adapters.lexicon import lexicon
from services.classifier.adapters.name_detector import NameDetector
from services.classifier.analysis.language import addresses, again, around, evidence, letters, trimmed
from services.classifier.analysis.language.lexicon import Lexicon, folded
from services.classifier.analysis.language.reading import Word
from services.classifier.model import Passage, Span

LISTS = Lexicon(
    given=frozenset({"olivia", "jane", "austin", "grace"}),
    family=frozenset({"okafor", "roe", "lincoln", "king", "austin", "may"}),
    words=frozenset({"reporter", "wrench", "king", "grace", "high", "kantoor"}),
    places=frozenset({"austin", "lincoln", "jane okafor"}),
)


@pytest.fixture(scope="module")
def detector() -> NameDetector:
    return NameDetector()


def kept(text: str, *shares: float) -> str | None:
    """What of the words with a capital is a name, where the model gives them these shares as given and family name."""
    places = [match.span() for match in re.finditer(r"[^\W\d_a-z][^\W\d_]+", text)][: len(shares)]
    words = [
        Word(start, end, share if number == 0 else 0.0, 0.0 if number == 0 else share, 0.0, 0.0, 0.0)
        for number, ((start, end), share) in enumerate(zip(places, shares, strict=True))
    ]
    found = evidence.proven(text, words, LISTS)
    return None if found is None else text[words[found[0]].start : words[found[1]].end]


@pytest.mark.parametrize(
    ("text", "shares", "name"),
    [
        ("Olivia Okafor", (0.3, 0.3), "Olivia Okafor"),
        ("Olivia Okafor", (0.2, 0.3), None),
        ("Reporter Olivia Okafor", (0.9, 0.9, 0.9), "Olivia Okafor"),
        ("Olivia Okafor Wrench", (0.9, 0.9, 0.9), "Olivia Okafor"),
        ("Olivia Wrench Okafor", (0.9, 0.9, 0.9), None),
        ("Grace Okafor", (0.5, 0.5), None),
        ("Grace Okafor", (0.6, 0.6), "Grace Okafor"),
        ("Grace King", (0.8, 0.8), None),
        ("Grace King", (0.9, 0.9), "Grace King"),
        ("ask Grace King", (0.5, 0.5), "Grace King"),
        ("Olivia Qwertz", (0.6, 0.6), None),
        ("Olivia Qwertz", (0.7, 0.7), "Olivia Qwertz"),
        ("Asdf Qwertz", (0.8, 0.95), None),
        ("Asdf Qwertz", (0.9, 0.9), "Asdf Qwertz"),
        ("Qwertz Lincoln", (1.0, 1.0), None),
        ("Jane May", (0.9, 0.9), None),
        ("Jane Okafor", (0.9, 0.9), None),
        ("ask Jane Okafor", (0.9, 0.9), "Jane Okafor"),
    ],
)
def test_the_less_is_known_of_a_pair_the_surer_the_model_must_be(
    text: str, shares: tuple[float, ...], name: str | None
) -> None:
    assert kept(text, *shares) == name


@pytest.mark.parametrize(
    ("text", "share", "somebody"),
    [
        ("for Olivia today", 0.5, True),
        ("for Olivia today", 0.4, False),
        ("sent by Olivia today", 0.2, True),
        ("sent by Olivia today", 0.1, False),
        ("sent by Austin today", 0.9, False),
        ("Hi Olivia,", 0.02, True),
        ("for Austin", 1.0, False),
        ("for Austin today", 0.97, True),
        ("for Austin today", 0.96, False),
        ("ask Austin today", 0.4, True),
        ("that Austin said so", 0.4, True),
        ("for Qwertz", 1.0, False),
        ("for Qwertz today", 0.85, True),
        ("for Qwertz today", 0.84, False),
        ("Release Notes: Qwertz / Some Other Thing", 1.0, False),
        ("told Qwertz today", 0.9, True),
        ("told Qwertz today", 0.8, False),
        ("for Okafor", 1.0, False),
        ("for Okafor today", 0.8, True),
        ("for Okafor today", 0.79, False),
        ("for Mr Okafor", 1.0, False),
        ("Thanks,\nOlivia", 0.02, True),
    ],
)
def test_one_word_alone_needs_somebody_about_it_unless_it_is_only_a_given_name(
    text: str, share: float, *, somebody: bool
) -> None:
    name = re.findall(r"Olivia|Austin|Qwertz|Okafor", text)[0]
    start = text.index(name)
    word = Word(start, start + len(name), share, 0.0, 0.0, 0.0, 0.0)
    assert (evidence.proven(text, [word], LISTS) is not None) is somebody


@pytest.mark.parametrize(
    "text",
    [
        "the release Olivia is late",
        "all servers Olivia and more",
        "the Olivia cluster",
        "Olivia 3.2 is out",
        "use Olivia Sans for it",
        "in our Kantoor Olivia now",
    ],
)
def test_beside_a_thing_it_is_its_name(text: str) -> None:
    start = text.index("Olivia")
    assert evidence.proven(text, [Word(start, start + 6, 1.0, 0.0, 0.0, 0.0, 0.0)], LISTS) is None


def test_a_doubtful_name_that_goes_on_is_a_title() -> None:
    assert kept("for Jane Lincoln High now", 1.0, 1.0) is None
    assert kept("for Olivia Okafor High now", 1.0, 1.0) == "Olivia Okafor"
    assert not around.goes_on("Jane I", 4, LISTS)


def test_a_verb_behind_a_doubtless_name_is_no_thing() -> None:
    assert kept("then Olivia Okafor tests it", 1.0, 1.0) == "Olivia Okafor"
    assert kept("then Grace Okafor tests it", 1.0, 1.0) is None
    assert kept("the server Olivia Okafor is up", 1.0, 1.0) is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("for Olivia Okafor", [("Olivia Okafor", 0.0)]),
        ("for Okafor, Olivia", [("Olivia Okafor", 0.0)]),
        ("for Okafor, Qwertz", []),
        ("for Grace Okafor", [("Grace Okafor", 0.3)]),
        ("for Olivia Qwertz", [("Olivia Qwertz", 0.6)]),
        ("for Grace King", []),
        ("tell Grace King", [("Grace King", 0.3)]),
        ("for Qwertz Okafor", []),
        ("for Olivia Wrench", []),
        ("for Austin, Olivia", []),
        ("Grace Okafor, Olivia Okafor", [("Grace Okafor", 0.3), ("Olivia Okafor", 0.0)]),
        ("the server Olivia Okafor", []),
    ],
)
def test_the_model_is_asked_again_about_what_could_be_somebody(text: str, asked: list[tuple[str, float]]) -> None:
    assert [(shown, least) for _, _, shown, least in again.overlooked(text, (), 9, LISTS)] == asked


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hi Olivia,\n\nfine.\n\nBest regards,\nJane Roe", {"Olivia", "Jane Roe"}),
        ("> Hola Jane:\n> A presto\n> Olivia", {"Jane", "Olivia"}),
        ("Hello Wrench,\n\nCheers\nReporter Grace", set()),
        ("Best regards,\nFreight Wrench", set()),
        ("Dear OLIVIA,", set()),
        ("asked Olivia R. Qwertz, then", {"Olivia R. Qwertz"}),
        ("asked Olivia R. Wrench, then", set()),
        ("see Figure A. Qwertz", set()),
    ],
)
def test_letters_name_somebody_at_their_top_and_end(text: str, names: set[str]) -> None:
    assert {text[span.start : span.end] for span in letters.find(text, LISTS)} == names


@pytest.mark.parametrize(
    ("text", "name", "whole"),
    [
        ("ANNE-MARIE", "given", False),
        ("Jérôme", "given", False),
        ("O'Brien", "family", False),
        ("Kowalski", "family", True),
        ("Priya", "given", True),
        ("Wrench", "common", True),
        ("Deployment", "common", True),
        ("Jenkins", "thing", False),
    ],
)
def test_a_word_is_known_whatever_its_case_and_accents(text: str, name: str, *, whole: bool) -> None:
    known = lexicon().known(text)
    assert getattr(known, name)
    assert not whole or [known.given, known.family, known.common, known.thing].count(True) == 1


@pytest.mark.parametrize("name", ["given", "family", "words", "places"])
def test_a_list_is_sorted_and_folded_each_word_once(name: str) -> None:
    lines = (Path(settings.__file__).parent / "lexicon" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines))
    assert all(folded(line) == line and len(line) > 2 for line in lines)


def test_places_of_several_words_are_known() -> None:
    assert lexicon().is_called("San José")
    assert lexicon().is_called("Monte Carlo")
    assert not lexicon().is_called("Jane Roe")


@pytest.mark.parametrize(
    "text",
    [
        "Rollout order: Austin, Charlotte, Florence, Sydney, then Victoria. Jordan and Georgia follow in June.",
        "Jenkins is down again, Hudson too. Restarting both; builds queued since Tuesday will run by noon.",
        "Bump Jackson Databind, Apache Tomcat and Spring Security, then upgrade Victoria Metrics.",
        "Run Terraform Destroy, then Helm Rollback. Team Falcon reviews, Squad Heron merges.",
        "Der Server Wotan am Standort Bad Nauheim ist seit Anfang März gestört.",
        "Reunión en Sala Cervantes, luego visita a Planta San Fernando.",
    ],
)
def test_what_is_called_like_people_is_nobody(detector: NameDetector, text: str) -> None:
    assert [text[span.start : span.end] for span in detector.detect(Passage(text))] == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ask Jasmine whether Jenkins is down; Austin said the Paris region is fine.", {"Jasmine", "Austin"}),
        (
            "Handover to Ximena Echeverría and Ville Virtanen before the release.",
            {"Ximena Echeverría", "Ville Virtanen"},
        ),
        ("your host is Dwayne R. Callahan", {"Dwayne R. Callahan"}),
        ("staff no\tperson\tsite\n17\tWilla Gallagher\tVictoria\n", {"Willa Gallagher"}),
    ],
)
def test_people_are_found_among_things(detector: NameDetector, text: str, names: set[str]) -> None:
    assert {text[span.start : span.end] for span in detector.detect(Passage(text))} >= names


def test_an_address_ends_where_a_name_begins(detector: NameDetector) -> None:
    text = "The site visit on Friday is at Via Mazzini 105, Markéta M. Procházková joins us."
    found = [(span.entity_type, text[span.start : span.end].rstrip(", ")) for span in detector.detect(Passage(text))]
    assert ("STREET_ADDRESS", "Via Mazzini 105") in found
    assert ("PERSON", "Markéta M. Procházková") in found


def test_what_is_counted_is_no_street() -> None:
    def told(text: str) -> list[str]:
        places = [match.span() for match in re.finditer(r"\w+", text)]
        words = [Word(*place, 0.0, 0.0, 0.9, 0.9 if text[place[0]].isdigit() else 0.0, 0.0) for place in places]
        return [text[span.start : span.end] for span in addresses.find(text, words)]

    assert told("Harbour Road 214") == ["Harbour Road 214"]
    assert told("Jenkins Pipeline 214") == []


def test_a_number_before_a_name_is_no_address() -> None:
    def left(text: str, recognizer: str) -> list[str]:
        start = text.index("Emre")
        name = Span("PERSON", start, start + len("Emre Karaca"), 0.75, recognizer)
        spans = trimmed.apart(text, [Span("STREET_ADDRESS", 0, len(text), 0.9, "rampart/address"), name])
        return [text[span.start : span.end] for span in spans]

    assert left("12\tEmre Karaca", "lists/name") == ["Emre Karaca"]
    assert left("12 Emre Karaca Road", "lists/name") == ["12 Emre Karaca Road", "Emre Karaca"]
    assert left("Road 12, Emre Karaca", "pattern/middle_initial") == ["Road 12, ", "Emre Karaca"]
    assert left("Road 12, Emre Karaca", "rampart/name") == ["Road 12, Emre Karaca", "Emre Karaca"]


def test_no_name_and_no_address_goes_on_in_the_next_cell(detector: NameDetector) -> None:
    text = "staff no\tperson\tsite\n17\tMarkéta Svobodová\tSan Jose\n18\tWilla Gallagher\tVictoria\n"
    assert {text[span.start : span.end] for span in detector.detect(Passage(text))} == {
        "Markéta Svobodová",
        "Willa Gallagher",
    }


@pytest.mark.parametrize("part", ["Aa ", "Aa, ", "Hi A", "Best\n", "A. ", "Aa A. ", "\n\n", "> ", "regards ,", "Aa-"])
def test_near_matches_do_not_take_for_ever(part: str) -> None:
    text = part * (60_000 // len(part))
    started = time.process_time()
    list(letters.find(text, LISTS))
    again.overlooked(text, (), 600, LISTS)
    assert time.process_time() - started < 5
