"""Identifiers of people, money and machines: a form, a validator, and the words that a weak form needs beside it.

Rule: cheap looks first. A text without three digits (or `87k`) holds no number of anybody; a rule that needs a word is
tried only where one of all such words stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from services.classifier.analysis.identifiers import (
    births,
    codes,
    documents,
    income,
    interchange,
    money,
    national,
    network,
    phones,
    places,
    wallets,
)
from services.classifier.analysis.identifiers.context import IDENTIFIER, Around, Words
from services.classifier.analysis.identifiers.rule import Rule
from services.classifier.model import Passage, Span

ALONE: Final[tuple[Rule, ...]] = (*money.ALONE, *national.ALONE)
TOLD: Final[tuple[Rule, ...]] = (*money.TOLD, *national.TOLD)
RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        *ALONE, *TOLD, *wallets.ALONE, *wallets.TOLD, *money.LETTERED, *national.PAN, *national.LETTERED,
    )
}  # fmt: skip
"""By name; the modules that are imported above have more, of other forms."""
WORDS: Final = Words(
    word for rule in (*TOLD, *wallets.TOLD, *money.LETTERED) for word in (*rule.words.spaced, *rule.words.spaceless)
)
"""Of all rules that need one."""
STRONG_WORDS: Final = frozenset({
    "iban", "ssn", "passport", "nhs", "pesel", "nino", "dni", "nie", "fiscale", "licence", "license", "email",
    "mail", "phone", "routing", "aba", "dea", "passeport", "pasaporte", "reisepass", "fuhrerschein", "mac",
    "curp", "nir", "hetu", "ip",
})  # fmt: skip
"""What identifiers are called that need no such word here."""
TYPES: Final = frozenset({
    *(rule.entity_type for rule in (*ALONE, *TOLD, *wallets.ALONE, *national.PAN, *national.LETTERED)),
    *(rule.entity_type for rule in documents.RULES),
    "PHONE_NUMBER", "EMAIL_ADDRESS", "IP_ADDRESS", "MAC_ADDRESS", "DATE_OF_BIRTH", "COORDINATES", "INCOME",
    "CARD_SECURITY_CODE", *(place.entity_type for place in interchange.PLACES),
})  # fmt: skip
"""What may be found."""

_SHORTEST_WALLET: Final = 14
_FEW: Final = re.compile(r"\d[^\d\n]{0,5}\d[^\d\n]{0,5}\d|\d\s?[kK]\b")
_PAN: Final = re.compile(r"[A-Za-z]\d{4}[A-Za-z]")
_NINE: Final = re.compile(r"\d(?:[ .\u00a0\u202f-]?\d){8}", re.ASCII)
_MANY: Final = re.compile(r"\d(?:[^\d\n]{0,3}\d){5}")


_TELLING: Final = WORDS.spaced | STRONG_WORDS | phones.WORDS.spaced | births.FIELDS.spaced


def tells(hints: tuple[str, ...]) -> bool:
    """Whether a name says that somebody's number stands under it."""
    return not _TELLING.isdisjoint(hints)


def find(passage: Passage) -> Iterator[Span]:
    """Spans of identifiers, overlapping ones too."""
    text, around = passage.text, Around(passage)
    yield from network.find(passage)
    yield from births.under_name(passage)
    if len(text) >= _SHORTEST_WALLET:
        yield from _of(wallets.ALONE, around)
        yield from _of(wallets.TOLD, around)
    if not _FEW.search(text) or IDENTIFIER.fullmatch(text):
        return
    if not passage.number:
        for one in (births, codes, documents, income, interchange):
            yield from one.find(around)
        yield from phones.spelled(around)
    if "." in text or "°" in text:
        yield from places.find(around)
    if _PAN.search(text):
        yield from _of(national.PAN, around)
        yield from _of(money.LETTERED, around)
    if not _MANY.search(text):
        return
    yield from phones.find(around)
    yield from _of(national.LETTERED, around)
    if _NINE.search(text):
        yield from _of(ALONE, around)
    if around.has(WORDS):
        yield from _of(TOLD, around)


def _of(rules: Iterable[Rule], around: Around) -> Iterator[Span]:
    for rule in rules:
        yield from rule.find(around)
