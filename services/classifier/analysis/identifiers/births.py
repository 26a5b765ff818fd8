"""Days of birth: a date beside a word that says so, in the languages that write it.

Rules: a date alone is nobody's birthday. The word stands before it with no other number between, or right behind it;
the date has days and months that exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.identifiers.context import Around, Words
from services.classifier.model import Span

_WORDS: Final = Words((
    "birth", "birthdate", "birthday", "dob", "b", "born", "geboren", "geb", "geburtsdatum", "geburtstag", "ne", "nee",
    "naissance", "nacido", "nacida", "nacimiento", "nato", "nata", "nascita", "nascimento", "urodzony", "urodzona",
    "urodzenia", "ur", "geboortedatum", "fodd", "fodelsedatum", "рождения", "рожден", "рождена", "родился", "родилась",
    "生年月日", "出生", "生まれ", "생년월일",
))  # fmt: skip
"""`b` is the last of d.o.b."""
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
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE: Final = (
    rf"(?:{_YEAR}年\s?\d{{1,2}}月\s?\d{{1,2}}日|(?:"
    rf"{_YEAR}(?P<a>[-/.])(?:0?[1-9]|1[0-2])(?P=a){_DAY}|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|"
    rf"{_DAY}(?P<b>[-/.]\s?){_DAY}(?P=b)(?:{_YEAR}|\d{{2}})|"
    rf"{_DAY}(?:st|nd|rd|th|\.|er|º)?[\s-](?:of\s|de\s)?(?:{_MONTHS})\.?,?[\s-](?:de\s)?(?:{_YEAR}|\d{{2}})|"
    rf"(?:{_MONTHS})\.?\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR})(?!(?!T\d)\w|[-/.]\d))"
)
_BORN: Final = (
    r"(?:\bd\.?o\.?b\b\.?|\b(?:date|day|dates)[\s_-]?of[\s_-]?birth|\bbirth[\s_-]?(?:date|day)s?|\bborn\b|\bgeboren\b|\bgeb\.|"
    r"\bgeburts(?:datum|tag)|\bn[ée]{1,2}e?\(?e?\)?\sle\b|\bdate\sde\snaissance|\bnaissance\b|\bnacid[oa]\b|"
    r"\b(?:fecha|data)\sd[ei]\s(?:nacimiento|nascita|nascimento)|\bnat[oa]\sil\b|\burodz(?:on[ya]|enia)\b|\bur\.|"
    r"\bgeboortedatum\b|\bfödd\b|\bf[öo]delsedatum\b|\bрожд[а-я]{3,6}|\bродил[а-я]{2,4}|生年月日|出生|생년월일)"
)
_BEFORE_VALUE: Final = r"[^\d\n]{0,30}?(?<![\w])"
_BEFORE_DATE: Final = re.compile(rf"{_BORN}{_BEFORE_VALUE}(?P<value>{_DATE})", re.IGNORECASE)
_BEHIND_DATE: Final = re.compile(rf"(?<![\w./-])(?P<value>{_DATE})[\s,]{{0,3}}\(?(?:{_BORN}|生まれ|生)", re.IGNORECASE)


def find(around: Around) -> Iterator[Span]:
    """Dates that somebody was born on."""
    if not around.has(_WORDS):
        return
    for pattern in (_BEFORE_DATE, _BEHIND_DATE):
        for match in pattern.finditer(around.passage.text):
            yield Span("DATE_OF_BIRTH", *match.span("value"), 0.85, "identifier/birth")
