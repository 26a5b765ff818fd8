"""What only its word tells: days of birth, passports, driving licences, accounts, security codes.

Rules: none of these has a check digit, so the word stands before the value with no other number between, or right
behind it; and the value has the form of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis.identifiers.context import inside_identifier
from services.classifier.model import Passage, Span

_MONTHS: Final = (
    "jan(?:uary|uar|vier|eiro)?|jän(?:ner)?|ene(?:ro)?|gen(?:naio)?|sty(?:cznia)?|feb(?:ruary|ruar|rero|braio)?|"
    "f[ée]vr?(?:ier|ereiro)?|lut(?:ego)?|mar(?:ch|s|zo|ca|ço)?|märz|maart|mrt|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|"
    "kwi(?:etnia)?|may|mai|mayo|maggio|maja?|mei|jun[ei]?|junio|juin|giu(?:gno)?|cze(?:rwca)?|jul[iy]?|julio|"
    "juil(?:let)?|lug(?:lio)?|lip(?:ca)?|aug(?:ust|ustus)?|août|ago(?:sto)?|sie(?:rpnia)?|sep(?:t|tember|tembre|tiembre)?|"
    "set(?:tembre|embro)?|wrz(?:esnia|eśnia)?|o[ck]t(?:ober|obre|ubre)?|out(?:ubro)?|ott(?:obre)?|paź(?:dziernika)?|"
    "nov(?:ember|embre|iembre|embro)?|lis(?:topada)?|de[cz](?:ember|embre|iembre|embro)?|d[ée]c(?:embre)?|dic(?:iembre|embre)?|"
    "gru(?:dnia)?|января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
)
_YEAR: Final = r"(?:19|20)\d{2}"
_DATE: Final = (
    rf"(?:{_YEAR}(?P<a>[-/.])(?:0?[1-9]|1[0-2])(?P=a)(?:0?[1-9]|[12]\d|3[01])|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|"
    rf"(?:0?[1-9]|[12]\d|3[01])(?P<b>[-/.]\s?)(?:0?[1-9]|[12]\d|3[01])(?P=b)(?:{_YEAR}|\d{{2}})|"
    rf"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.|er|º)?[\s-](?:of\s|de\s)?(?:{_MONTHS})\.?,?[\s-](?:de\s)?(?:{_YEAR}|\d{{2}})|"
    rf"(?:{_MONTHS})\.?\s(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,?\s{_YEAR}|"
    rf"{_YEAR}年\s?\d{{1,2}}月\s?\d{{1,2}}日)(?![\w]|[-/.]\d)"
)
_BORN: Final = (
    r"(?:\bd\.?o\.?b\b\.?|\b(?:date|day|dates)[\s_-]of[\s_-]birth|\bbirth[\s_-]?(?:date|day)s?|\bborn\b|\bgeboren\b|\bgeb\.|"
    r"\bgeburts(?:datum|tag)|\bn[ée]{1,2}e?\(?e?\)?\sle\b|\bdate\sde\snaissance|\bnaissance\b|\bnacid[oa]\b|"
    r"\b(?:fecha|data)\sd[ei]\s(?:nacimiento|nascita|nascimento)|\bnat[oa]\sil\b|\burodz(?:on[ya]|enia)\b|\bur\.|"
    r"\bgeboortedatum\b|\bfödd\b|\bf[öo]delsedatum\b|\bрожд[а-я]{3,6}|\bродил[а-я]{2,4}|生年月日|出生|생년월일)"
)
_BEFORE_VALUE: Final = r"[^\d\n]{0,30}?(?<![\w])"
_IS: Final = r"['\"]?(?:\s(?:is|was|ist|est|es|è))?[^\w\n]{0,4}"
_NUMBER: Final = r"(?:['’]?s?[\s_-]{0,2}(?:number|num|no|nr|nummer|n[°º]|numero|número|numéro|id|code|#))?\.?"


@dataclass(frozen=True, slots=True)
class Told:
    """A word, and the value beside it. `marks`: one of them stands in any text the pattern matches, in lower case."""

    entity_type: str
    name: str
    score: float
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    """The group `value` is the span."""
    accept: Callable[[str], bool] = bool


def _told(kind: str, name: str, score: float, marks: str, pattern: str, accept: Callable[[str], bool] = bool) -> Told:
    return Told(kind, name, score, tuple(marks.split()), re.compile(pattern, re.IGNORECASE), accept)


def _document(value: str) -> bool:
    """Four digits or more; no word, no year, and no date."""
    count = sum(char.isdigit() for char in value)
    return count >= 4 and not re.fullmatch(r"(?:19|20)\d{2}(?:[01]\d[0-3]\d)?", value)  # noqa: PLR2004


_BIRTH_MARKS: Final = (
    "birth dob d.o.b born gebor geb. geburt née né  ne le naiss nacid nacim nascit nascim nato nata urodz ur. geboort född "
    "fodels födels рожд родил 生年月日 出生 생년월일"
)
RULES: Final = (
    _told("DATE_OF_BIRTH", "birth_before_date", 0.85, _BIRTH_MARKS, rf"{_BORN}{_BEFORE_VALUE}(?P<value>{_DATE})"),
    _told("DATE_OF_BIRTH", "date_before_birth", 0.8, "born dob birth gebor geb. рожд 出生 生",
          rf"(?<![\w./-])(?P<value>{_DATE})[\s,]{{0,3}}\(?(?:{_BORN}|生まれ|生)"),
    _told("BANK_ACCOUNT", "account_number", 0.8, "account acct a/c konto cuenta compte conto",
          r"(?<![a-z])(?:(?:account|acct|a/c)\.?[\s_-]{0,2}(?:number|num|no|nr|#)\.?|bank[\s_-]?(?:account|acct)|konto-?(?:nummer|nr)\.?|"
          r"num(?:e|é)ro\sde\scompte|n[úu]mero\sde\scuenta|numer\skonta|numero\s(?:di|del)\sconto)"
          rf"{_IS}(?P<value>\d(?:[ -]?\d){{5,20}})(?![\w])"),
    _told("PASSPORT", "passport_after_word", 0.8, "passport passeport pasaporte passaporto paszport reisepass paspoort passnr",
          r"(?<![a-z])(?:passport|passeport|pasaporte|passaporto|paszportu?|reisepass(?:nummer)?|paspoort|pass(?:nummer|nr))"
          rf"{_NUMBER}[^\d\n]{{0,25}}?(?<![\w-])(?P<value>[A-Z]{{0,3}}\d(?:[A-Z0-9]){{4,9}}|[A-Z][A-Z0-9]{{7,9}})(?![\w-])",
          _document),
    _told("DRIVER_LICENSE", "license_after_word", 0.75, "licen führerschein fuhrerschein conduire conducir patente prawo jazdy "
          "rijbewijs carta de condu",
          r"\b(?:driv(?:er|ers|er'?s|ing)?['’]?s?[\s_-]{1,2}(?:licen[cs]e)|dl#|f[üu]hrerschein(?:nummer)?|permis\sde\sconduire|"
          r"(?:permiso|carn[eé]t?|licencia)\sde\sconduc(?:ir|ción|cion)|patente(?:\sdi\sguida)?|prawo\sjazdy|rijbewijs(?:nummer)?|"
          rf"carta\sde\scondução)\b{_NUMBER}[^\d\n]{{0,25}}?(?<![\w-])(?P<value>[A-Z]{{0,5}}\d[A-Z0-9-]{{4,17}})(?![\w-])",
          _document),
    _told("CARD_SECURITY_CODE", "cvv_after_word", 0.85, "cvv cvc security csc",
          rf"\b(?:cvv2?|cvc2?|csc|security\scode)\b{_IS}(?P<value>\d{{3,4}})(?![\w.])"),
)  # fmt: skip
_DVLA: Final = re.compile(
    r"(?<![A-Za-z0-9_])[A-Z]{1,5}9{0,4}(?<=[A-Z9]{5})\d(?:[05][1-9]|[16][0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}\d[A-Z]{2}"
    r"(?![A-Za-z0-9_])"
)
"""Great Britain: name, birthday, initials and two check characters. Nothing else looks like it."""


def find(passage: Passage) -> Iterator[Span]:
    """What stands beside its word."""
    text, folded = passage.text, passage.text.lower()
    for rule in RULES:
        if not any(mark in folded for mark in rule.marks):
            continue
        for match in rule.pattern.finditer(text):
            start, end = match.span("value")
            if rule.accept(match["value"]):
                yield Span(rule.entity_type, start, end, rule.score, f"pattern/{rule.name}")
    for match in _DVLA.finditer(text):
        if not inside_identifier(text, *match.span()):
            yield Span("DRIVER_LICENSE", *match.span(), 0.8, "identifier/gb_licence")
