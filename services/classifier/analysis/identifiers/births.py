"""Days of birth: a date beside a word that says so, in the languages that write it.

Rules:
- A date alone is nobody's birthday. The word stands before it with no other number between, or right behind it; the
  date has days and months that exist.
- A place may stand between a date and the word behind it (`am 3. März 1984 in Kiel geboren`). Where a text names a day
  of birth and holds one date alone, of long ago, it is that day, wherever it stands.
- In brackets behind somebody's name, and in a row with it, a date of long ago is one too: `Jane Roe (1984-03-03)`,
  `7;Jane Roe;F;03.03.1984`.
- Beside an age a date counts whose year somebody of that age was born in, give or take; no clock is asked.
- Under a name that says birth all of a value counts in any form: eight digits, seconds and milliseconds, a year alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from services.classifier.analysis.identifiers.context import Around, Words
from services.classifier.model import Passage, Span

_WORDS: Final = Words((
    "birth", "birthdate", "birthday", "dob", "b", "born", "birthdays", "geboren", "geb", "geburtsdatum", "geburtstag",
    "ne", "nee", "naissance", "nacido", "nacida", "nacimiento", "nato", "nata", "nascita", "nascimento", "urodzony",
    "urodzona", "urodzenia", "ur", "geboortedatum", "fodd", "fodelsedatum", "рождения", "рожден", "рождена",
    "родился", "родилась", "生年月日", "出生", "生まれ", "생년월일", "bday", "birthyear", "yob", "geburtsjahr",
    "nascido", "nascida", "syntynyt", "syntymaaika", "synt", "född", "født", "fødselsdato", "narozen", "narozena",
    "narozeni", "narodenia", "dogum", "γεννηση", "γεννησης", "народження", "aged", "age", "alter", "edad", "eta",
    "wiek", "leeftijd", "ans", "anos", "anni", "lat", "jahre",
))  # fmt: skip
"""`b` is the last of d.o.b."""
FIELDS: Final = Words((
    "birth", "birthdate", "birthday", "birthdays", "dob", "born", "bday", "birthyear", "yob", "dateofbirth", "geboren",
    "geburtsdatum", "geburtstag", "geburtsjahr", "gebdatum", "naissance", "nacimiento", "nascita", "nascimento",
    "urodzenia", "geboortedatum", "fodelsedatum", "fødselsdato", "fodselsdato", "syntymaaika", "narozeni", "рождения",
    "народження", "生年月日", "出生", "출생", "생년월일",
))  # fmt: skip
"""In the name of a field; folded as names are not, so both spellings stand here where they differ."""
_PLACE: Final = frozenset({
    "place", "country", "city", "town", "ort", "lieu", "lugar", "luogo", "miejsce", "certificate", "rate", "weight",
    "name", "order", "control", "id", "number", "state", "sign", "birthplace", "gift", "bonus", "campaign", "job",
})  # fmt: skip
"""Said of birth, and no day."""
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
    rf"{_YEAR}(?P<a>[-/.])(?:0?[1-9]|1[0-2])(?P=a){_DAY}|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{6}}Z)?|"
    rf"{_DAY}(?P<b>[-/.]\s?){_DAY}(?P=b)(?:{_YEAR}|\d{{2}})|"
    rf"{_DAY}(?:st|nd|rd|th|\.|er|º)?[\s-](?:of\s|de\s)?(?:{_MONTHS})\.?,?[\s-](?:de\s)?(?:{_YEAR}|\d{{2}})|"
    rf"(?:{_MONTHS})\.?\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR})(?!(?!T\d)\w|[-/.]\d))"
)
_BORN: Final = (
    r"(?:\bd\.?o\.?b\b\.?|\bbday\b|\by\.?o\.?b\b\.?|\bbirth[\s_-]?year\b|\byear\sof\sbirth\b|\bgeburtsjahr\b|\bb\.(?=\s?\d)|\bb\.(?=\s(?:[A-Z][a-z]|[a-z]{3}))|\b(?:date|day|dates)[\s_-]?of[\s_-]?birth|\bbirth[\s_-]?(?:date|day|time)s?|\bbirth(?=[\s:=]{1,3}\d)|\bborn\b|\bgeboren\b|\bgeb\.|"
    r"\bgeburts(?:datum|tag)|\bn[ée]{1,2}e?\(?e?\)?(?:\s(?:à|a|au|en)\s[^\d\n,;.]{2,30}?)?\s(?:le|en)\b|\bdate\sde\snaissance|\bnaissance\b|\bnacid[oa]\b|"
    r"\b(?:fecha|data)\sd[ei]\s(?:nacimiento|nascita|nascimento)|\bnat[oa](?:\s(?:a|ad|in)\s[^\d\n,;.]{2,30}?)?\sil\b|\burodz(?:on[ya]|enia)\b|\bur\.|"
    r"\bgeboortedatum\b|\bfödd\b|\bf[öo]delsedatum\b|\bрожд[а-я]{3,6}|\bродил[а-я]{2,4}|生年月日|出生|생년월일|"
    r"\bnascid[oa]\b|\bsyntynyt\b|\bsyntym[äa]aika\b|\bf[øo]dt\b|\bf[øo]dselsdato\b|\bnarozen[ai]?\b|\bdatum\snarozen[íi]|"
    r"\bdo[ğg]um\starihi|γ[εέ]νν[ηή]σ|γεννήθηκε|\bнароджен[а-яії]{1,4})"
)
_BEFORE_VALUE: Final = r"(?:(?!\)\s?values)[^\d\n]){0,30}?(?<![\w])"
_BEFORE_DATE: Final = re.compile(rf"{_BORN}{_BEFORE_VALUE}(?P<value>{_DATE})", re.IGNORECASE)
_PLACE_BETWEEN: Final = (
    r"(?:\s(?:in|at|à|a|en|w|zu|te|i|em|v|в)\s[^\d\n.,;:]{2,30}?\s"
    r"(?=geboren|born|née?\b|nacid|nat[oa]|nascid|urodz|född|født))?"
)
_BEHIND_DATE: Final = re.compile(
    rf"(?<![\w./-])(?P<value>{_DATE}){_PLACE_BETWEEN}[\s,]{{0,3}}\(?(?:{_BORN}|生まれ|生)", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"(?<![A-Za-z])(?:d\.?o\.?b\.?|(?:date|day)[\s_-]?of[\s_-]?birth|birth[\s_-]?(?:date|day)|geburts(?:datum|tag)|"
    r"date[\s_]de[\s_]naissance|fecha[\s_]de[\s_]nacimiento|data[\s_]di[\s_]nascita|data[\s_]de[\s_]nascimento|"
    r"data[\s_]urodzenia|geboortedatum|f[öo]delsedatum|дата\sрождения|生年月日|出生日期)(?![A-Za-z])",
    re.IGNORECASE,
)
"""What only a day of birth is called."""
_SOMEBODY: Final = (
    r"[A-ZÀ-ÖØ-Þ][^\W\d_]{1,20}(?:['’-][^\W\d_]{1,20})?(?:,? [A-ZÀ-ÖØ-Þ][^\W\d_]{0,20}(?:['’-][^\W\d_]{1,20})?\.?){1,3}"
)
_BRACKETED: Final = re.compile(rf"(?<![\w./-]){_SOMEBODY}\s?\((?:\*|b\.?|[MFmfwWx],)?\s?(?P<value>(?i:{_DATE}))[),;]")
_IN_ROW: Final = re.compile(
    rf"(?:^|[;,|\t])\s?\"?{_SOMEBODY}\"?\s?(?P<mark>[;,|\t])\s?(?:\"?[MFmfwWxd]\"?\s?(?P=mark)\s?)?\"?(?P<value>(?i:{_DATE}))\"?"
    r"(?=\s?(?:(?P=mark)|$))",
    re.MULTILINE,
)
_ANY_DATE: Final = re.compile(rf"(?<![\w./-])(?P<value>{_DATE})", re.IGNORECASE)
_LONG_AGO: Final = 2012
_OF_LONG_AGO: Final = re.compile(r"(?<!\d)(?:19\d\d|200\d|201[0-2])(?!\d{3})")


_AGE: Final = (
    r"(?:\bage[d]?|\balter|\bim\salter\svon|\bâge|\bedad|\bet[àa]|\bwiek|\bleeftijd|\bidade)\b\s?:?\s?(?P<age>\d{1,3})"
    r"(?:\s?(?:years?(?:\sold)?|yrs?|y/?o|jahren?|ans|a[ñn]os|anni|anos|lat|jaar))?"
)
_AGED: Final = re.compile(rf"{_AGE}[\s,;(]{{1,4}}(?P<value>{_DATE})", re.IGNORECASE)
_AGE_BEHIND: Final = re.compile(rf"(?<![\w./-])(?P<value>{_DATE})[\s,;]{{0,3}}\(?{_AGE}(?!\d)", re.IGNORECASE)
_FULL_YEAR: Final = re.compile(_YEAR)
_NOW: Final = range(2015, 2046)
"""Years in which somebody may be of an age that stands beside the day of birth."""
_WHOLE: Final = re.compile(
    rf"\s*(?P<value>{_DATE}(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{{1,9}})?)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)?|{_YEAR}|"
    r"\d{2}(?P<c>[-/.])\d{2}(?P=c)(?:\d{2}){1,2}|-?\d{8,13})\s*",
    re.IGNORECASE,
)


def under_name(passage: Passage) -> Iterator[Span]:
    """All of a value under a name that says birth: `patient_dob`, `birth_ts`."""
    hints = passage.hints
    if not hints or FIELDS.spaced.isdisjoint(hints) or not _PLACE.isdisjoint(hints):
        return
    if (match := _WHOLE.fullmatch(passage.text)) is not None:
        yield Span("DATE_OF_BIRTH", *match.span("value"), 0.85, "identifier/birth_field")


def find(around: Around) -> Iterator[Span]:
    """Dates that somebody was born on."""
    yield from _beside_somebody(around.passage.text)
    if not around.has(_WORDS):
        return
    text = around.passage.text
    for pattern in (_BEFORE_DATE, _BEHIND_DATE):
        for match in pattern.finditer(text):
            yield Span("DATE_OF_BIRTH", *match.span("value"), 0.85, "identifier/birth")
    if _NAMED.search(text) is not None and (alone := _only_date(text)) is not None:
        yield Span("DATE_OF_BIRTH", *alone.span("value"), 0.75, "identifier/birth_only_date")
    for pattern in (_AGED, _AGE_BEHIND):
        for match in pattern.finditer(text):
            year = _FULL_YEAR.search(match["value"])
            if year is not None and int(year[0]) + int(match["age"]) in _NOW:
                yield Span("DATE_OF_BIRTH", *match.span("value"), 0.8, "identifier/birth_and_age")


def _beside_somebody(text: str) -> Iterator[Span]:
    if _OF_LONG_AGO.search(text) is None:
        return
    for pattern in (_BRACKETED, _IN_ROW):
        for match in pattern.finditer(text):
            if (year := _FULL_YEAR.search(match["value"])) is not None and int(year[0]) <= _LONG_AGO:
                yield Span("DATE_OF_BIRTH", *match.span("value"), 0.7, "identifier/birth_beside_name")


def _only_date(text: str) -> re.Match[str] | None:
    """The one date of a text, if it is of long ago."""
    dates = list(islice(_ANY_DATE.finditer(text), 2))
    year = _FULL_YEAR.search(dates[0]["value"]) if len(dates) == 1 else None
    return dates[0] if year is not None and int(year[0]) <= _LONG_AGO else None
