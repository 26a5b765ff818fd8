"""Personal data that the engine has no recognizer for, by patterns with the words around them.

Rules: linear patterns; a pattern without a checksum needs its word beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.model import Passage, Span

_STREET: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Ter|"
    r"Parkway|Pkwy|Highway|Hwy|Close|Crescent|Gardens|Row|Mews)"
)
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE: Final = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\s{_MONTH},?\s\d{{4}}|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})"
)
_IS: Final = r"['\"]?(?:\s(?:is|was))?\W{0,4}"
_NUMBER: Final = r"(?:\s?(?:number|num|no|#))?\.?"


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern. `marks`: one of them stands in any text the pattern matches (compared in lower case)."""

    entity_type: str
    name: str
    score: float
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    """The first group is the span; without one, the whole match."""


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
    Rule(
        "DATE_OF_BIRTH",
        "date_of_birth",
        0.85,
        ("birth", "dob", "d.o.b", "born"),
        re.compile(rf"(?i)(?:\bd\.?o\.?b\.?|date\sof\sbirth|birth\s?da(?:te|y)|\bborn(?:\son)?){_IS}({_DATE})"),
    ),
    Rule(
        "BANK_ACCOUNT",
        "account_number",
        0.8,
        ("account", "acct", "a/c"),
        re.compile(rf"(?i)\b(?:account|acct|a/c)\.?[\s_-]{{0,2}}(?:number|num|no|#)\.?{_IS}(\d(?:[ -]?\d){{5,20}})"),
    ),
    Rule(
        "US_SSN",
        "ssn_after_word",
        0.9,
        ("ssn", "social security"),
        re.compile(rf"(?i)(?:\bssn|social\ssecurity){_NUMBER}{_IS}(\d{{3}}[- .]?\d{{2}}[- .]?\d{{4}})(?!\d)"),
    ),
    Rule(
        "PASSPORT",
        "passport_after_word",
        0.8,
        ("passport",),
        re.compile(rf"(?i)\bpassport{_NUMBER}{_IS}((?=[A-Z0-9]{{0,8}}\d{{4}})[A-Z0-9]{{6,9}})\b"),
    ),
    Rule(
        "DRIVER_LICENSE",
        "license_after_word",
        0.75,
        ("licen",),
        re.compile(
            rf"(?i)\bdriv(?:er'?s?|ing)\slicen[cs]e{_NUMBER}{_IS}((?=[A-Z0-9-]{{0,12}}\d{{4}})[A-Z0-9-]{{6,18}})\b"
        ),
    ),
    Rule(
        "CARD_SECURITY_CODE",
        "cvv_after_word",
        0.85,
        ("cvv", "cvc", "security code"),
        re.compile(rf"(?i)\b(?:cvv2?|cvc2?|security\scode){_IS}(\d{{3,4}})(?!\d)"),
    ),
)


def find(passage: Passage) -> Iterator[Span]:
    """Spans of what stands beside its word, and of street addresses."""
    if passage.number:
        return
    text, folded = passage.text, passage.text.lower()
    if not any(char.isdigit() for char in text):
        return
    for rule in RULES:
        if any(mark in folded for mark in rule.marks):
            for match in rule.pattern.finditer(text):
                start, end = match.span(1 if rule.pattern.groups else 0)
                yield Span(rule.entity_type, start, end, rule.score, f"pattern/{rule.name}")
