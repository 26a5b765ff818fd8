"""An owner's dictionaries, and markings: what makes no difference to how they are written, and what does."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classifier.analysis.owners.dictionaries import Index, Terms
from services.classifier.analysis.owners.folding import Fold, fold
from services.classifier.analysis.owners.form import Dictionary, Markings, OwnMarking
from services.classifier.analysis.owners.markings import Marks
from tests.classifier_parts import passage

# Dictionaries --------------------------------------------------------------------------------------------------------


def hits(text: str, terms: str, *folds: Fold, whole_words: bool = True) -> list[str]:
    dictionary = Dictionary(
        name="d", type="OURS", file="d", folds=folds or ("case", "accents"), whole_words=whole_words
    )
    index = Index([Terms(dictionary, tuple(enumerate(terms.split("|"), start=1)))])
    return [text[hit.span.start : hit.span.end] for hit in index.find(text)]


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("about Blue Heron today", "Blue Heron", ["Blue Heron"]),
        ("about BLUE  heron.", "Blue Heron", ["BLUE  heron"]),
        ("about blue\n\theron", "Blue Heron", ["blue\n\theron"]),
        ("blue herons", "Blue Heron|Blue", ["blue"]),  # the longer is no whole word: the shorter is still found
        ("Blue Heron", "Blue|Blue Heron", ["Blue", "Blue Heron"]),
        ("bluebird", "blue|bird", []),
        ("blue_bird, blue.bird", "bird", ["bird", "bird"]),
        ("blue-heron", "Blue Heron", []),
        ("Crédit Lointain", "credit lointain", ["Crédit Lointain"]),
        ("CRE\u0301DIT LOINTAIN!", "Crédit Lointain", ["CRE\u0301DIT LOINTAIN"]),
        ("Credi\u0301", "credi", ["Credi\u0301"]),  # the mark that follows belongs to the letter
        ("Straße STRASSE", "strasse", ["Straße", "STRASSE"]),
        ("(Ｂｌｕｅ)", "blue", ["Ｂｌｕｅ"]),
        ("bl\u200bue", "blue", ["bl\u200bue"]),
        ("計画は青い鳥です", "青い鳥", ["青い鳥"]),  # no spaces between words: no whole words to ask for
        ("O'Neil's", "o'neil", ["O'Neil"]),
        ("x", "blue", []),
        ("", "blue", []),
    ],
)
def test_terms_are_found_as_they_are_written_anywhere(text: str, terms: str, expected: list[str]) -> None:
    assert hits(text, terms) == expected


@pytest.mark.parametrize(
    ("text", "folds", "whole_words", "expected"),
    [
        ("blue-heron blue_heron", ("case", "separators"), True, ["blue-heron", "blue_heron"]),
        ("blue heron", ("accents",), True, []),
        ("BLUE HERON", ("accents",), True, []),
        ("Blue Heron", ("accents",), True, ["Blue Heron"]),
        ("Blué Heron", ("case",), True, []),
        ("xblue heronx", ("case",), False, ["blue heron"]),
    ],
)
def test_what_makes_no_difference_is_the_owners_choice(
    text: str, folds: tuple[Fold, ...], expected: list[str], *, whole_words: bool
) -> None:
    assert hits(text, "Blue Heron", *folds, whole_words=whole_words) == expected


@given(st.text(max_size=60), st.sets(st.sampled_from(["case", "accents", "separators"])))
def test_a_folded_text_leads_back_to_its_original(text: str, folds: set[Any]) -> None:
    folded = fold(text, frozenset(folds))
    for start in range(len(folded.text)):
        begins, ends = folded.original(start, start + 1)
        assert 0 <= begins < ends <= len(text)
        assert folded.text[start] in fold(text[begins:ends], frozenset(folds)).text
    if folded.text:
        assert folded.original(0, len(folded.text))[1] <= len(text)


def test_ten_thousand_terms_cost_no_more_than_ten() -> None:
    def seconds(count: int) -> float:
        dictionary = Dictionary(name="d", type="OURS", file="d")
        index = Index([Terms(dictionary, tuple((n, f"term number {n}x") for n in range(count)))])
        text = "term number of nothing " * 4_000
        started = time.process_time()
        assert not list(index.find(text))
        return time.process_time() - started

    few = min(seconds(10) for _ in range(3))
    many = min(seconds(10_000) for _ in range(3))
    assert many < 0.05 + 20 * few  # a look at each would be a thousand times


# Markings ------------------------------------------------------------------------------------------------------------


def marked(text: str, name: str = "", markings: Markings | None = None) -> list[tuple[str, str]]:
    spans = Marks(markings or Markings()).find(passage(text, name))
    return sorted({(span.entity_type, text[span.start : span.end]) for span in spans})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CONFIDENTIAL draft", "CONFIDENTIAL"),
        ("*** Confidential ***", None),
        ("confidential", None),
        ("please keep this confidential", None),
        ("CONFIDENTIAL_STORE=1", None),
        ("NON-CONFIDENTIAL", None),
        ("ATTORNEY-CLIENT PRIVILEGED", "ATTORNEY-CLIENT PRIVILEGED"),
        ("Attorney–Client Privileged", None),
        ("Attorney-Client Privileged & more", "Attorney-Client Privileged"),
        ("attorney-client privilege is a doctrine", None),
        ("INTERNAL ONLY", "INTERNAL ONLY"),
        ("Internal Use Only", "Internal Use Only"),
        ("this endpoint is internal only", None),
        ("For Internal Use Only.", "For Internal Use Only"),
        ("TLP:AMBER", "TLP:AMBER"),
        ("tlp: amber", "tlp: amber"),
        ("TLP:CLEAR", None),
        ("VS-NfD", "VS-NfD"),
        ("Nur für den Dienstgebrauch", "Nur für den Dienstgebrauch"),
        ("社外秘の資料", "社外秘"),
    ],
)
def test_markings_are_told_from_talk_by_how_they_are_written(text: str, expected: str | None) -> None:
    longest = max((value for _, value in marked(text)), key=len, default=None)
    assert longest == expected


@pytest.mark.parametrize(
    "text",
    ["TLP:RED", "tlp:red", "TOP SECRET", "SECRET//NOFORN", "Strictly Confidential", "STRENG VERTRAULICH", "極秘"],
)
def test_what_may_not_be_passed_on_in_the_house_is_restricted(text: str) -> None:
    assert ("RESTRICTED_MARKING", text) in marked(text)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("confidential", "classification", [("MARKING", "confidential")]),
        ("Restricted", "data_classification", [("RESTRICTED_MARKING", "Restricted")]),
        ("amber", "tlp", [("MARKING", "amber")]),
        ("amber", "sensitivity", []),
        ("internal", "classification", []),
        ("public", "sensitivity", []),
        ("CONFIDENTIAL", "clientType", []),
        ("CONFIDENTIAL", "note", [("MARKING", "CONFIDENTIAL")]),
    ],
)
def test_a_level_under_its_name_is_a_marking(text: str, name: str, expected: list[tuple[str, str]]) -> None:
    assert marked(text, name) == expected


def test_the_owners_own_markings() -> None:
    own = Markings(
        built_in=False, own=(OwnMarking(text="Inner Circle"), OwnMarking(text="eyes of the board", any_case=True))
    )
    assert marked("Inner  Circle, EYES OF THE BOARD", markings=own) == [
        ("MARKING", "EYES OF THE BOARD"),
        ("MARKING", "Inner  Circle"),
    ]
    assert marked("inner circle", markings=own) == []
    assert marked("CONFIDENTIAL, TLP:RED", markings=own) == []
