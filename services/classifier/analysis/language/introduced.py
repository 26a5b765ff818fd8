"""Names after a word that introduces one: a title, or the name of a field in code and data that stand in a text.

Rules:
- After a title (`Frau`, `Mme`, `Dr.`) whatever has a capital is a name. `patient` introduces two words only.
- After a name of a field (`surname == "…"`, `'full_name': '…'`) a quoted value with a capital and no digit is one.
- FHIR and its like write a name in parts, under `given` and `family`: a value with a capital there is one.
- Bounded repeats; each match begins at its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.language.capitals import WORD
from services.classifier.analysis.language.words import NOBODY
from services.classifier.model import Passage, Span

_TITLE: Final = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Sr|Sra|Srta|Señora?|Sig|Sig\.ra|Signora?|"
    r"Dhr|Mevr|Pani?|Doña|Don|Senhora?)"
)
_TITLED: Final = re.compile(rf"(?<![\w.@/-]){_TITLE}\.?\s(?:Dr\.\s|Prof\.\s)?({WORD}(?:\s{WORD})?)(?![\w@/(=]|[.:]\w)")
_PATIENT: Final = re.compile(rf"(?i:\bpatient(?:in)?\s)({WORD},?\s{WORD})(?![\w@/(=]|[.:]\w)")
_FIELD: Final = re.compile(
    r"(?i:(?:sur|last|first|given|family|full|middle|maiden|fore|nick|patient|customer|holder|contact|employee|recipient|"
    r"beneficiary)[_ -]?name|vorname|nachname|pr[ée]nom|apellidos?|cognome|achternaam|nazwisko)"
    r"['\"]?\]?\s{0,2}(?:={1,3}|:|=>|,|(?i:like|in\s?\())\s{0,2}['\"]%?([^'\"\n%<>{}$\d]{2,60})%?['\"]"
)
_PARTS: Final = frozenset({("given",), ("family",)})
_WHOLE: Final = re.compile(rf"{WORD}(?:[ -]{WORD}){{0,3}}")
_MARKS: Final = re.compile(r"(?i)name|nazwisko|achternaam|cognome|apellido|pr[ée]nom")


def says_name(hints: tuple[str, ...]) -> bool:
    """Whether a value under this name can be a name though it is one word."""
    return "name" in hints or hints in _PARTS


def find(passage: Passage) -> Iterator[Span]:
    """Spans of people."""
    if passage.number:
        return
    text = passage.text
    if passage.hints in _PARTS and _WHOLE.fullmatch(text) is not None:
        yield Span("PERSON", 0, len(text), 0.75, "pattern/part_of_name")
        return
    for pattern, name in ((_TITLED, "title"), (_PATIENT, "patient")):
        for match in pattern.finditer(text):
            if match[1].split()[0].lower().strip(",") not in NOBODY:
                yield Span("PERSON", *match.span(1), 0.75, f"pattern/{name}")
    if _MARKS.search(text) is None:
        return
    for match in _FIELD.finditer(text):
        if match[1][0].isupper() and match[1].lower() not in NOBODY:
            yield Span("PERSON", *match.span(1), 0.75, "pattern/name_field")
