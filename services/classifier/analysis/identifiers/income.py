"""What somebody earns: an amount beside a word of pay, or an amount for a span of time.

Rules: an amount has four digits or a k, since prices of things are smaller; a year is none. A word of pay stands before
it, or it is for a year, a month or an hour of somebody's time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.identifiers.context import Around, Words
from services.classifier.model import Span

_AMOUNT: Final = r"(?:\d{1,3}(?:[.,'’ ]\d{3}){1,2}(?:[.,]\d{2})?|\d{4,7}(?:[.,]\d{2})?|\d{2,3}\s?[kK])(?![\w])"
_MONEY: Final = r"(?:\s?(?:€|\$|£|EUR|USD|GBP|CHF|PLN|SEK|INR|Euros?|Dollars?|dollars?|pounds|Franken|zł|złotych))"
_BEFORE: Final = r"(?:(?:€|\$|£|EUR|USD|GBP|CHF|PLN)\s?)"
_TIME: Final = (
    r"(?:\s(?:gross|net|brutto|netto|bruts?|nets?|brutos?|lordi))?"
    r"(?:\s(?:im\s(?:Jahr|Monat)|pro\s(?:Jahr|Monat)|(?:a|per|each)\s(?:year|month|annum)|yearly|annually|monthly|p\.\s?a\.|"
    r"par\s(?:an|mois)|al\s(?:año|mes)|anual(?:es)?|all['’]anno|al\smese|rocznie|miesięcznie|per\s(?:jaar|maand)))"
)
_PAY: Final = (
    r"\b(?:[a-zäöü]{0,24}(?:gehalt|lohn|einkommen|vergütung)|salary|salaries|wages?|compensation|paycheck|payslip|earns|earned|earning|income|take-home|gross\spay|net\spay|"
    r"verdient|salaire|rémunération|gagne|salario|sueldo|gana|"
    r"stipendio|guadagna|wynagrodzenie|pensja|zarabia|salaris|зарплата|оклад|(?:is|was|be|been|are)\sgetting|(?:she|he|they|i|who)\s(?:makes?|gets?)|(?:is|was|gets|got)\s"
    r"(?:paid|offered))\b"
)
_WORDS: Final = Words((
    "salary", "salaries", "wage", "wages", "compensation", "paycheck", "payslip", "earns", "earned", "earning",
    "income", "home", "pay", "verdient", "salaire", "makes", "make", "gets", "get",
    *(f"{before}{pay}" for pay in ("gehalt", "lohn", "einkommen", "vergutung")
      for before in ("", "jahres", "monats", "brutto", "netto", "bruttojahres", "bruttomonats", "nettojahres",
                     "nettomonats", "jahresbrutto", "monatsbrutto", "grund", "fest", "ziel", "stunden", "basis")),
    "remuneration", "gagne", "salario", "sueldo", "gana", "stipendio", "guadagna", "wynagrodzenie", "pensja", "zarabia",
    "salaris", "зарплата", "оклад", "getting", "paid", "offered",
))  # fmt: skip
_SPANS: Final = Words((
    "year", "month", "annum", "jahr", "monat", "yearly", "annually", "monthly", "p", "an", "mois", "ano", "mes",
    "anual", "anuales", "anno", "mese", "rocznie", "miesiecznie", "jaar", "maand", "brutto", "netto",
))  # fmt: skip
_TOLD: Final = re.compile(
    rf"(?i:{_PAY})[^\d\n.;]{{0,30}}?(?<![\w.,])(?:(?P<sign>{_BEFORE}))?(?P<value>{_AMOUNT})(?(sign)|(?!\s?(?:%|(?!euros|dollars|pounds|francs)[a-z]{{3,20}}s\b)))"
)
_FOR_TIME: Final = re.compile(rf"(?<![\w.,])(?P<value>{_AMOUNT})(?:{_MONEY}{_TIME}|{_MONEY}?\s(?:brutto|netto)\b)")
_BEFORE_MONEY: Final = re.compile(rf"{_BEFORE}(?P<value>{_AMOUNT}){_TIME}")
_YEAR: Final = re.compile(r"(?:19|20)\d{2}")


def find(around: Around) -> Iterator[Span]:
    """Amounts that somebody is paid."""
    patterns: list[re.Pattern[str]] = []
    if around.has(_WORDS):
        patterns.append(_TOLD)
    if around.has(_SPANS):
        patterns += [_FOR_TIME, _BEFORE_MONEY]
    for pattern in patterns:
        for match in pattern.finditer(around.passage.text):
            if not _YEAR.fullmatch(match["value"]):
                yield Span("INCOME", *match.span("value"), 0.7, "identifier/income")
