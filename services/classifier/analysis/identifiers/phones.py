"""Telephone numbers: what libphonenumber says is one, written as one.

Rules:
- A number that begins with + counts where it is valid anywhere; beside a word of telephony also where it only may be.
- A national number counts where it is valid in one of the regions and is written as one: with the trunk prefix (0, or
  8 in Russia) and groups, or in the North American form. Digits in a row, or groups without a trunk prefix, count
  beside a word of telephony.
- Dates, times, addresses of machines, versions and identifiers are no telephone numbers, whatever libphonenumber says.
- libphonenumber's own search runs through a text once per region and was three quarters of the engine's time; here a
  form finds candidates, and few of them are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from services.classifier.analysis.identifiers.context import BEHIND, Around, Words, inside_identifier, words_of
from services.classifier.model import Span

REGIONS: Final = (
    "US", "GB", "DE", "FR", "ES", "IT", "PL", "NL", "AT", "CH", "BE", "SE", "PT", "IE", "AU", "IN", "JP", "CN", "BR",
    "RU", "MX", "ZA", "DK", "NO", "FI", "CZ", "GR", "TR", "UA", "KR",
)  # fmt: skip
"""Whose national forms are known. Where the caller's country is not given, all of them are tried, most used first."""

WORDS: Final = Words((
    "phone", "phones", "telephone", "tel", "cell", "cellphone", "mobile", "mob", "call", "calls", "called", "fax",
    "sms",
    "whatsapp", "signal", "contact", "dial", "ring", "reach", "reached", "hotline", "callback",
    "landline", "msisdn", "voicemail", "extension", "handset",
    "telefon", "handy", "mobil", "mobilnummer", "rufnummer", "telefonnummer", "handynummer", "anrufen", "ruf",
    "ruckruf",
    "erreichbar", "erreichen", "durchwahl", "festnetz", "anruf", "ruckrufnummer",
    "telephoner", "portable", "appeler", "appelez", "joindre", "joignable", "numero",
    "telefono", "movil", "celular", "llamar", "llame", "llamada", "llamadme", "llamarme", "contacto", "fijo",
    "cellulare", "chiamare", "chiami", "recapito", "telefone", "telemovel", "ligar", "ligue",
    "komorka", "komorkowy", "zadzwonic", "zadzwon", "telefonu", "telefonicznie", "telefoon", "bellen", "gsm", "mobiel",
    "телефон", "телефону", "телефона", "тел", "звоните", "позвоните", "позвонить", "мобильный", "номер", "звонить",
    "电话", "手机", "联系", "致电", "電話", "携帯", "连絡", "連絡", "전화", "휴대폰",
))  # fmt: skip
_WEAK: Final = Words(("call", "calls", "called", "signal", "contact", "номер", "numero", "extension", "ring"))
"""Words that stand beside other numbers as well: digits in a row need a better one."""

_STRONG: Final = Words(name for name in (*WORDS.spaced, *WORDS.spaceless) if name not in _WEAK.spaced)

_GAP: Final = r"[-. ()/\u00a0\u2010-\u2013]"
_CANDIDATE: Final = re.compile(
    rf"(?<![\w+#$€£%*])(?<!\d[,:.])\(?\+?\(?\d(?:{_GAP}{{0,3}}\d){{6,14}}(?:(?!\w)|(?=[xX]\d))", re.ASCII
)
_LEAST: Final = re.compile(rf"\d(?:{_GAP}{{0,3}}\d){{6}}", re.ASCII)
_DATE: Final = re.compile(
    r"(?:19|20)\d{2}[-./ ]?(?:0?[1-9]|1[0-2])[-./ ]?(?:0?[1-9]|[12]\d|3[01])(?!\d{4})|"
    r"(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./](?:19|20)\d{2}(?!\d)"
)
_DOTTED: Final = re.compile(r"\d{1,3}(?:\.\d{1,4}){2,3}|[1-9]\d*\.\d+")
"""Addresses, versions, dates, amounts."""
_AMERICAN: Final = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}")
_TRUNK: Final = re.compile(r"\(?0[1-9]|8[ -]?\(?\d{3}\)?[ -]\d{3}")
_BREAK: Final = re.compile(r"(?<=\d)[ (]")
_SEPARATED: Final = re.compile(r"\d[-. )(/\u00a0\u2010-\u2013]+\d")


def find(around: Around) -> Iterator[Span]:
    """Telephone numbers in a text."""
    text = around.passage.text
    if not _LEAST.search(text):
        return
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        if text[start] == "(" and ")" not in match[0]:
            start += 1
        for stop in _stops(text, start, end):
            if _is_phone(around, start, stop):
                yield Span("PHONE_NUMBER", start, stop, 0.75, "identifier/phone")
                break


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where a number may end: after all groups, or before what stands behind it and is another number."""
    yield end
    if "+" in text[start : start + 3]:
        gaps = [start + gap.start() for gap in _BREAK.finditer(text[start:end])]
        yield from reversed(gaps[-3:])


def _is_phone(around: Around, start: int, end: int) -> bool:
    text = around.passage.text
    value = text[start:end]
    if _inside(text, start, end) or _DATE.match(value.lstrip("( ")) or _is_dotted(value):
        return False
    told = around.near(WORDS, start, end)
    if "+" in value:
        return _parses(value, None, possible=told)
    if value.startswith("00") and _parses("+" + value[2:], None, possible=False):
        return told or _SEPARATED.search(value) is not None
    separated = _SEPARATED.search(value) is not None
    if around.passage.number or not separated:
        return _digits_in_a_row(around, start, end, value) if told else False
    if _AMERICAN.fullmatch(value):
        return _parses(value, "US", possible=False) or _is_national(value)
    return (told or _TRUNK.match(value) is not None) and _is_national(value)


def _digits_in_a_row(around: Around, start: int, end: int, value: str) -> bool:
    """Under a name that says telephone, whatever is a number somewhere; in a text, with a trunk prefix or American."""
    if not _STRONG.spaced.isdisjoint(around.passage.hints):
        return _is_national(value) or _parses("+" + value, None, possible=False)
    if not around.near(_STRONG, start, end):
        return False
    return (
        (value[0] == "0" and _is_national(value))
        or _parses(value, "US", possible=False)
        or (_called(around.passage.text, start) and _is_national(value))
        or (_with_country(value) and _parses("+" + value, None, possible=False))
    )


def _is_dotted(value: str) -> bool:
    return _DOTTED.fullmatch(value) is not None and _AMERICAN.fullmatch(value) is None


def _called(text: str, start: int) -> bool:
    """Whether the word directly before is one of telephony: `mobile: 612345678`."""
    before = text[max(0, start - BEHIND) : start]
    last = re.split(r"[\W\d_]+", before.rstrip(" :=.,'\"#*("))[-1]
    return _STRONG.among(words_of(last), last)


def _with_country(value: str) -> bool:
    """As long as a number with its country's code is; a time in milliseconds is longer than any that begins with 1."""
    return value.isdigit() and 11 <= len(value) <= 13  # noqa: PLR2004


def _is_national(value: str) -> bool:
    return any(_parses(value, region, possible=False) for region in REGIONS)


def _parses(value: str, region: str | None, *, possible: bool) -> bool:
    """Whether a number is valid; `possible`: whether its length is one, which invented numbers have as well."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number) or (possible and phonenumbers.is_possible_number(number))


def _inside(text: str, start: int, end: int) -> bool:
    """As for other identifiers; `x12` behind is an extension, and what stands before `=` or `:` is a name."""
    if text[end : end + 1] in {"x", "X"}:
        text = text[:end]
    return inside_identifier(text, start, end) and not text[:start].endswith((":", "="))
