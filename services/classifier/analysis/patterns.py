"""Personal data by patterns: addresses of streets here, what has a form and a validator in `identifiers`.

Rule: linear patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis import identifiers
from services.classifier.model import Passage, Span

_STREET: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Ter|"
    r"Parkway|Pkwy|Highway|Hwy|Close|Crescent|Gardens|Row|Mews)"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern. `marks`: one of them stands in any text the pattern matches (compared in lower case)."""

    entity_type: str
    name: str
    score: float
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


RULES: Final = (
    Rule(
        "STREET_ADDRESS",
        "street_address",
        0.7,
        ("st", "ave", "r", "l", "ct", "way", "pl", "sq", "hw", "cl", "gard", "mews"),
        re.compile(
            r"(?<![\w.])\d{1,5}[A-Za-z]?,?\s(?:[NSEW]\.?\s)?(?:[A-Z][\w'.-]{0,30}\s){1,4}"
            + _STREET
            + r"\b\.?(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.?\s?\w{1,6})?(?:,\s[A-Z][A-Za-z .'-]{1,40})?"
            + r"(?:,\s[A-Z]{2}\s\d{5}(?:-\d{4})?)?"
        ),
    ),
    Rule(
        "STREET_ADDRESS",
        "german_street",
        0.7,
        ("stra", "str.", "weg", "platz", "allee", "gasse"),
        re.compile(
            r"\b[A-ZÄÖÜ][a-zäöüß-]{2,40}(?:straße|strasse|str\.|weg|platz|allee|gasse)\s\d{1,4}[a-z]?\b"
            r"(?:,\s\d{5}\s[A-ZÄÖÜ][a-zäöüß-]{1,40})?"
        ),
    ),
)


def find(passage: Passage) -> Iterator[Span]:
    """Spans of identifiers and of street addresses."""
    yield from identifiers.find(passage)
    if passage.number:
        return
    text, folded = passage.text, passage.text.lower()
    if not any(char.isdigit() for char in text):
        return
    for rule in RULES:
        if any(mark in folded for mark in rule.marks):
            for match in rule.pattern.finditer(text):
                yield Span(rule.entity_type, *match.span(), rule.score, f"pattern/{rule.name}")
