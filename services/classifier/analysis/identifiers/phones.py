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
from collections.abc import Iterator, Sequence
from typing import Final

import phonenumbers

from services.classifier.analysis.identifiers.context import BEHIND, Around, Words, inside_identifier, words_of
from services.classifier.model import Span

REGIONS: Final = (
    "US", "GB", "DE", "FR", "ES", "IT", "PL", "NL", "AT", "CH", "BE", "SE", "PT", "IE", "AU", "IN", "JP", "CN", "BR",
    "RU", "MX", "ZA", "DK", "NO", "FI", "CZ", "GR", "TR", "UA", "KR",
)  # fmt: skip
"""Whose national forms are known. Where the caller's country is not given, all of them are tried, most used first."""

FURTHER: Final = (
    "NZ", "SG", "HK", "TW", "IL", "AE", "SA", "EG", "NG", "KE", "AR", "CL", "CO", "PE", "RO", "HU", "BG", "HR", "RS",
    "SK", "SI", "LT", "LV", "EE", "LU", "IS", "TH", "VN", "ID", "MY", "PH", "PK", "BD", "MA", "GH",
)  # fmt: skip
"""Tried beside a word of telephony alone."""

WORDS: Final = Words((
    "phone", "phones", "telephone", "tel", "cell", "cellphone", "mobile", "mob", "call", "calls", "called", "fax",
    "sms", "whatsapp", "signal", "contact", "dial", "ring", "reach", "reached", "hotline", "callback",
    "landline", "msisdn", "voicemail", "extension", "handset",
    "telefon", "handy", "mobil", "mobilnummer", "rufnummer", "telefonnummer", "handynummer", "anrufen", "ruf",
    "ruckruf", "erreichbar", "erreichen", "durchwahl", "festnetz", "anruf", "ruckrufnummer",
    "telephoner", "portable", "appeler", "appelez", "joindre", "joignable", "numero",
    "telefono", "movil", "celular", "llamar", "llame", "llamada", "llamadme", "llamarme", "contacto", "fijo",
    "cellulare", "chiamare", "chiami", "recapito", "telefone", "telemovel", "ligar", "ligue",
    "komorka", "komorkowy", "zadzwonic", "zadzwon", "telefonu", "telefonicznie", "telefoon", "bellen", "gsm", "mobiel",
    "телефон", "телефону", "телефона", "тел", "звоните", "позвоните", "позвонить", "мобильный", "номер", "звонить",
    "tlf", "telefonnr", "mobilnr", "mobiltelefon", "puhelin", "puh", "puhelinnumero", "matkapuhelin", "ringa", "ringe",
    "telefonszam", "mobilni", "volejte", "zavolejte", "τηλ", "τηλεφωνο", "κινητο", "cep", "telefonu", "arayin",
    "телефони", "дзвоніть", "мобільний", "هاتف", "جوال", "טלפון", "נייד", "contato", "numeri", "callto", "viber",
    "textme", "whats", "phoned", "dialed", "dialled", "caller", "callee", "ani", "dnis",
    "电话", "手机", "联系", "致电", "電話", "携帯", "连絡", "連絡", "전화", "휴대폰",
))  # fmt: skip
_WEAK: Final = Words((
    "call", "calls", "called", "signal", "contact", "номер", "numero", "numeri", "extension", "ring", "ringe", "ringa",
    "cep", "ani", "dnis", "whats",
))  # fmt: skip
"""Words that stand beside other numbers as well: digits in a row need a better one."""

_STRONG: Final = Words(name for name in (*WORDS.spaced, *WORDS.spaceless) if name not in _WEAK.spaced)

_MINE: Final = re.compile(
    r"(?i)\b(?:(?:my|his|her|their|our|new)\s(?:(?:new|cell|work|home|private|direct|other|personal)\s){0,2}(?:number|no\.|nr\.)|"
    r"(?:meine|deine|seine|ihre|unsere)\s(?:neue\s)?nummer|(?:mi|su|tu)\s(?:nuevo\s)?n[úu]mero|(?:mon|son|ton)\s(?:nouveau\s)?"
    r"num[ée]ro|(?:il\s)?mio\snumero|m[óo]j\s(?:nowy\s)?numer|mijn\s(?:nieuwe\s)?nummer|мой\s(?:новый\s)?номер|"
    r"(?:text|txt|message|ping|buzz|ring|phone|call|whatsapp)\s(?:me|us|him|her|them|back)|我的号码|私の番号)[^\d\n]{0,14}\Z"
)
"""Somebody's number, as they say it."""
_OTHER: Final = re.compile(
    r"(?i)(?<![a-z])(?:sku|id|ids|ticket|order|invoice|ref|reference|part|case|serial|article|art|artikel|artikelnummer|batch|"
    r"lot|item|po|rechnung|bestellung|auftrag|version|commit|build|port|range|lines?|pages?|isbn|issn|ean|gtin|upc)"
    r"(?:[ _-]?(?:no|nr|number|nummer|#|id))?[\s:.#=]{1,3}\Z|"
    r"(?:订单号?|单号|编号|编码|訂單號|注文番号|주문번호)[\s:：#]{0,3}\Z"
)
"""What a number is said to be where it is none of a telephone."""
_OTHER_BEFORE: Final = 24
_OTHERS: Final = frozenset({
    "sku", "id", "ids", "ticket", "order", "invoice", "ref", "reference", "part", "case", "serial", "article", "batch",
    "lot", "item", "version", "build", "isbn", "ean", "gtin", "upc", "tracking", "charge",
})  # fmt: skip
_THINGS: Final = frozenset({
    "size", "count", "range", "share", "rate", "version", "os", "model", "width", "height", "id", "ids", "type",
    "usage", "plan", "app", "score", "index", "total", "percent", "ratio", "tower", "traffic", "sessions", "users",
    "visits",
})  # fmt: skip
"""Of telephones, and no number of one: `cell_size`, `mobile_share`."""
_TO_WHOM: Final = frozenset(
    {"to", "recipient", "recipients", "sender", "caller", "callee", "callers", "destinations", "cli"}
)
_HOURS: Final = re.compile(r"(?:[01]\d|2[0-4])[0-5]\d\s?-\s?(?:[01]\d|2[0-4])[0-5]\d")
"""`0700-1500` is a shift."""
_SOCIAL: Final = re.compile(r"\d{3}-\d{2}-\d{4}")
"""In such groups Americans write another number, and nobody a telephone."""
_MINE_BEFORE: Final = 50
_LONGEST_JOINT: Final = 14
_LINK: Final = re.compile(
    r"(?i)(?:(?<![a-z0-9])(?:wa\.me/|t\.me/\+|callto:|sms:|smsto:|tel:|facetime:|sips?:)|whatsapp\.com/send/?\?phone=|whatsapp://send\?phone=)"
    r"(?:\+|%2B)?(\d{8,15})(?!\w)"
)
_VANITY: Final = re.compile(
    r"(?<![\w-])(?:\+?1[-. ])?\(?8(?:00|33|44|55|66|77|88)\)?[-. ]"
    r"(?=[0-9A-Z-]{0,7}[A-Z]{3})[A-Z0-9](?:-?[A-Z0-9]){6,9}(?![\w-])"
)
"""Numbers that spell a word: 1-800-FLOWERS."""
_LISTED: Final = re.compile(
    r"\s?(?:[,;/|&]|or|and|oder|und|ou|et|o|y|e|i|lub|of|en|или|и)?\s{0,3}(?:\([a-z]{1,8}\)\s)?|\n[-*• \t]{0,4}"
)
"""What stands between the numbers of a list."""

_GAP: Final = r"[-. ()/\u00a0\u2010-\u2013]"
_CANDIDATE: Final = re.compile(
    rf"(?<![\w+#$€£*])(?<![^'\"]%)(?<!\d[,:.])\(?\+?\(?\d(?:{_GAP}{{0,3}}\d){{6,14}}(?:(?!\w)|(?=[xX]\d))", re.ASCII
)
_LEAST: Final = re.compile(rf"\d(?:{_GAP}{{0,3}}\d){{6}}", re.ASCII)
_DATE: Final = re.compile(
    r"(?:19|20)\d{2}[-./ ]?(?:0?[1-9]|1[0-2])[-./ ]?(?:0?[1-9]|[12]\d|3[01])(?!\d{4})|"
    r"(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./](?:19|20)\d{2}(?!\d)"
)
_DOTTED: Final = re.compile(r"\d{1,3}(?:\.\d{1,4}){2,3}|(?:0|[1-9]\d*)\.\d+")
"""Addresses, versions, dates, amounts."""
_AMERICAN: Final = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}")
_TRUNK: Final = re.compile(r"\(?0[1-9]|8[ -]?\(?\d{3}\)?[ -]\d{3}")
_BREAK: Final = re.compile(r"(?<=\d)[ (]")
_SEPARATED: Final = re.compile(r"\d[-. )(/\u00a0\u2010-\u2013]+\d")


def find(around: Around) -> Iterator[Span]:
    """Telephone numbers in a text."""
    text, hints = around.passage.text, around.passage.hints
    if not _LEAST.search(text) or not _THINGS.isdisjoint(hints):
        return
    if not _TO_WHOM.isdisjoint(hints) and _is_mobile(text):
        yield Span("PHONE_NUMBER", 0, len(text), 0.7, "identifier/phone_recipient")
    told_until = -1
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        if text[start] == "(" and ")" not in match[0]:
            start += 1
        listed = (
            0 <= told_until < start <= told_until + _LONGEST_JOINT
            and _LISTED.fullmatch(text, told_until, start) is not None
        )
        told = listed or _is_told(around, start, end)
        for stop in _stops(text, start, end):
            if _is_phone(around, start, stop, told=told, listed=listed):
                yield Span("PHONE_NUMBER", start, stop, 0.75, "identifier/phone")
                told_until = stop if told else -1
                break
    if "/" in text or ":" in text:
        for match in _LINK.finditer(text):
            if _parses("+" + match[1], None, possible=False):
                yield Span("PHONE_NUMBER", *match.span(1), 0.8, "identifier/phone_link")


def spelled(around: Around) -> Iterator[Span]:
    """Numbers that spell a word, beside a word of telephony: few of their digits are digits."""
    text = around.passage.text
    if not around.has(WORDS):
        return
    for match in _VANITY.finditer(text):
        if around.near(WORDS, *match.span()):
            digits = phonenumbers.convert_alpha_characters_in_number(match[0])
            if _parses(digits, "US", possible=True):
                yield Span("PHONE_NUMBER", *match.span(), 0.75, "identifier/phone_spelled")


def _is_told(around: Around, start: int, end: int) -> bool:
    """A word of telephony near, or somebody who says that it is theirs."""
    if around.near(WORDS, start, end):
        return True
    return _MINE.search(around.passage.text, max(0, start - _MINE_BEFORE), start) is not None


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where a number may end: after all groups, or before what stands behind it and is another number."""
    yield end
    if "+" in text[start : start + 3]:
        gaps = [start + gap.start() for gap in _BREAK.finditer(text[start:end])]
        yield from reversed(gaps[-3:])


def _is_phone(around: Around, start: int, end: int, *, told: bool, listed: bool) -> bool:
    text = around.passage.text
    value = text[start:end]
    if (
        _inside(text, start, end)
        or _DATE.match(value.lstrip("( "))
        or _SOCIAL.fullmatch(value)
        or (_is_dotted(value) and not (told and value.count(".") > 1 and _called(text, start)))
    ):
        return False
    if "+" in value:
        return _parses(value, None, possible=told)
    if value.startswith("00") and _parses("+" + value[2:], None, possible=False):
        return told or _SEPARATED.search(value) is not None
    separated = _SEPARATED.search(value) is not None
    if around.passage.number or not separated:
        return told and _digits_in_a_row(around, start, end, value, listed=listed)
    if _AMERICAN.fullmatch(value):
        return _parses(value, "US", possible=False) or _is_national(value)
    if not told and (_HOURS.fullmatch(value) or _is_range(value)):
        return False
    if told:
        return _is_national(value) or _is_national(value, FURTHER)
    return _TRUNK.match(value) is not None and not _is_another(around, start) and _is_national(value)


def _is_another(around: Around, start: int) -> bool:
    """Whether the name above or the word directly before says that a number is something else's."""
    if not _OTHERS.isdisjoint(around.passage.hints):
        return True
    return _OTHER.search(around.passage.text[max(0, start - _OTHER_BEFORE) : start]) is not None


def _digits_in_a_row(around: Around, start: int, end: int, value: str, *, listed: bool) -> bool:
    """Under a name that says telephone, whatever is a number somewhere; in a text, with a trunk prefix or American."""
    if not _STRONG.spaced.isdisjoint(around.passage.hints):
        return _is_national(value) or _is_national(value, FURTHER) or _parses("+" + value, None, possible=False)
    if _is_another(around, start):
        return False
    if not (
        listed
        or _MINE.search(around.passage.text, max(0, start - _MINE_BEFORE), start)
        or around.near(_STRONG, start, end)
    ):
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


def _is_range(value: str) -> bool:
    """`0151-0170`: from one to the next of the same kind."""
    first, mark, last = value.partition("-")
    return bool(mark) and len(first) == len(last) and first[:2] == last[:2] and first < last


def _is_mobile(value: str) -> bool:
    """All of a text, digits alone, is a mobile's number with its country's code."""
    if not value.isascii() or not value.isdigit() or not 10 <= len(value) <= 15:  # noqa: PLR2004 - E.164
        return False
    try:
        number = phonenumbers.parse("+" + value, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def _with_country(value: str) -> bool:
    """As long as a number with its country's code is; a time in milliseconds is longer than any that begins with 1."""
    return value.isdigit() and 11 <= len(value) <= 13  # noqa: PLR2004


def _is_national(value: str, regions: Sequence[str] = REGIONS) -> bool:
    return any(_parses(value, region, possible=False) for region in regions)


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
