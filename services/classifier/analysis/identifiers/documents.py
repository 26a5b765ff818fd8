"""What only its word tells: passports, driving licences, accounts.

Rules: none of these has a check digit that everybody's has, so the word stands before the value with no other number
between; and the value has the form of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis.identifiers.context import Around, Words, inside_identifier
from services.classifier.model import Span

_IS: Final = r"['\"]?(?:\s(?:is|was|ist|est|es|è))?[^\w\n]{0,4}"
_NUMBER: Final = r"(?:['’]?s?[\s_-]{0,2}(?:number|num|no|nr|nummer|n[°º]|numero|número|numéro|id|code|#))?\.?"
_BETWEEN: Final = r"(?:[^\d\n()]|\([^\d\n()]{0,12}\)|\((?=[A-Z0-9]{5})){0,25}?(?<![\w-])"
_FEWEST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Told:
    """A word, and the value beside it. `marks`: one of them is a word of any text that the pattern matches."""

    entity_type: str
    name: str
    score: float
    marks: Words
    pattern: re.Pattern[str]
    """The group `value` is the span."""


def _told(kind: str, name: str, score: float, marks: str, pattern: str) -> Told:
    return Told(kind, name, score, Words(marks.split()), re.compile(pattern, re.IGNORECASE))


RULES: Final = (
    _told(
        "BANK_ACCOUNT", "account_number", 0.8,
        "account acct c bank konto kontonummer kontonr cuenta compte conto konta bankaccount accountnumber",
        r"(?<![a-z])(?:(?:account|acct|a/c)\.?[\s_-]{0,2}(?:number|num|no|nr|#)\.?|acct\.?|a/c|bank[\s_-]?(?:account|acct)|"
        r"konto-?(?:nummer|nr)\.?|num[eé]ro\sde\scompte|n[úu]mero\sde\scuenta|numer\skonta|numero\s(?:di|del)\sconto)"
        rf"{_IS}(?P<value>\d(?:[ -]?\d){{5,20}})(?![\w])",
    ),
    _told(
        "BANK_ACCOUNT", "account_at_bank", 0.75,
        "sort routing bank bic swift iban payout wire sepa aba rtn deposit checking savings giro girokonto",
        rf"(?<![a-z])(?:account|konto|girokonto|cuenta|compte|conto){_IS}(?P<value>\d(?:[ -]?\d){{5,20}})(?![\w])",
    ),
    _told(
        "PASSPORT", "passport_after_word", 0.8,
        "passport passports passportnumber passportno passeport pasaporte passaporto paszport paszportu reisepass "
        "reisepassnummer paspoort passnr passnummer",
        r"(?<![a-z])(?:passport|passeport|pasaporte|passaporto|paszportu?|reisepass(?:nummer)?|paspoort|pass(?:nummer|nr))"
        rf"{_NUMBER}{_BETWEEN}(?P<value>[A-Z]{{0,3}}\d(?:[A-Z0-9]){{4,9}}|[A-Z][A-Z0-9]{{7,9}})(?![\w-])",
    ),
    _told(
        "DRIVER_LICENSE", "license_after_word", 0.75,
        "license licence licenses dl fuhrerschein fuhrerscheinnummer conduire conducir conduccion patente jazdy "
        "conducao rijbewijs rijbewijsnummer",
        r"(?<![a-z])(?:driv(?:er|ers|er['’]s|ing)[\s_-]{0,2}licen[cs]e|dl(?:\s?(?:number|no\.?|#)|:)|f[üu]hrerschein(?:nummer)?|permis\sde\sconduire|"
        r"(?:permiso|carn[eé]t?|licencia)\sde\sconduc(?:ir|ción|cion)|patente(?:\sdi\sguida)?|prawo\sjazdy|"
        r"rijbewijs(?:nummer)?|carta\sde\scondução)"
        rf"{_NUMBER}{_BETWEEN}(?P<value>\d{{3}} \d{{3}} \d{{3}}|[A-Z]{{0,5}}\d[A-Z0-9-]{{4,17}})(?![\w-])",
    ),
)  # fmt: skip
_YEAR_OR_DAY: Final = re.compile(r"(?:19|20)\d{2}(?:-?[01]\d-?[0-3]\d)?")
_DVLA: Final = re.compile(
    r"(?<![A-Za-z0-9_])[A-Z]{1,5}9{0,4}(?<=[A-Z9]{5})\d(?:[05][1-9]|[16][0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}\d[A-Z]{2}"
    r"(?![A-Za-z0-9_])"
)
"""Great Britain: name, birthday, initials and two check characters. Nothing else looks like it."""


def find(around: Around) -> Iterator[Span]:
    """What stands beside its word."""
    text = around.passage.text
    for rule in RULES:
        if around.has(rule.marks):
            for match in rule.pattern.finditer(text):
                if _is_document(match["value"]):
                    yield Span(rule.entity_type, *match.span("value"), rule.score, f"pattern/{rule.name}")
    for match in _DVLA.finditer(text):
        if not inside_identifier(text, *match.span()):
            yield Span("DRIVER_LICENSE", *match.span(), 0.8, "identifier/gb_licence")


def _is_document(value: str) -> bool:
    """Digits enough; no year, and no day."""
    return sum(map(str.isdigit, value)) >= _FEWEST_DIGITS and not _YEAR_OR_DAY.fullmatch(value)
