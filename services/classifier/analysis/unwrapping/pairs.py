"""Names with values beside them in a text: query strings, assignments, YAML, headers, XML, brackets, changes in a log.

Rules:
- The name before a value is its hint, as a key above it is. Whether a value can be what its name says is asked by
  whoever reads the pair.
- A value without quotes counts in a query string, or where a digit stands in it: `first_name=row` is code.
- A line's value ends where the next name begins: `DOB: 1984-03-03, phone: …` are two.
- A type's name is no value: `phone: string` is a schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.unwrapping import escapes

_KEY: Final = r"(?<![\w.-])([A-Za-z][\w.-]{1,60})"
_QUOTED: Final = re.compile(
    rf"{_KEY}\\?[\"']?\s{{0,3}}(?:=>|:=|[:=])\s{{0,3}}(?:\"([^\"\\\r\n]{{1,500}})|'([^'\\\r\n]{{1,500}}))\\?[\"']"
)
_QUERY: Final = re.compile(rf"{_KEY}=([^\s&;\"'<>()\[\]{{}}|\\]{{1,500}})")
_LINE: Final = re.compile(
    r"(?m)^[ \t]{0,40}(?:- )?([A-Za-z][\w.-]{1,60}):[ \t]{1,8}(\S[^\r\n]{0,300}?)"
    r"(?=[ \t]{0,8}$|[,;|][ \t]{1,3}[^\W\d_][\w .-]{1,30}[:=][ \t])"
)
_TAG: Final = re.compile(r"<([A-Za-z][\w.:-]{1,60})>([^<>\r\n]{1,300})</")
_BRACKETS: Final = re.compile(r"[\[(]([A-Za-z][\w.-]{1,60}):[ \t]{0,2}([^\[\](){}\r\n]{1,120})[\])]")
_CHANGE: Final = re.compile(
    r"(?<![\w.-])([A-Za-z][\w.-]{1,60})(?: (?:was )?(?:changed|updated|corrected|set|moved))? "
    r"from \"?([^\s\"]{1,80})\"? to \"?([^\s\"]{1,80}(?<![.,;:]))"
)
_TYPE: Final = re.compile(
    r"(?i)(?:str|string|text|int|integer|number|bool|boolean|date|datetime|timestamp|varchar|char|object|array|any|"
    r"optional|required|uuid|email|float|decimal|bigint|null|none)\b.{0,60}"
)
_QUOTES: Final = "\"'"


@dataclass(frozen=True, slots=True)
class Pair:
    """A name's words, and where its value stands."""

    hints: tuple[str, ...]
    start: int
    end: int
    value: str = ""
    """As a form or URL means it."""


def find(text: str) -> Iterator[Pair]:
    """Every value that has its name beside it."""
    if "=" in text:
        yield from _in_queries(text)
    if '"' in text or "'" in text:
        for match in _QUOTED.finditer(text):
            yield from _pair(match[1], text, *match.span(2 if match[2] is not None else 3))
    if ": " in text:
        for match in _LINE.finditer(text):
            if match[2][0] not in _QUOTES:
                yield from _pair(match[1], text, *match.span(2))
    if ("[" in text or "(" in text) and ":" in text:
        for match in _BRACKETS.finditer(text):
            yield from _pair(match[1], text, *match.span(2))
    if " from " in text and " to " in text:
        for match in _CHANGE.finditer(text):
            for group in (2, 3):
                yield from _pair(match[1], text, *match.span(group))
    if "</" in text:
        for match in _TAG.finditer(text):
            yield from _pair(match[1], text, *match.span(2))


def _in_queries(text: str) -> Iterator[Pair]:
    for match in _QUERY.finditer(text):
        start, end = match.span(2)
        value = escapes.of_form(match[2])
        in_query = text[match.start() - 1 : match.start()] in {"?", "&"} or text[end : end + 1] == "&"
        if in_query or any(map(str.isdigit, value)):
            yield from _pair(match[1], text, start, end, value)


def _pair(name: str, text: str, start: int, end: int, value: str = "") -> Iterator[Pair]:
    value = value or text[start:end]
    hints = names.words(name)
    if hints and _TYPE.fullmatch(value) is None:
        yield Pair(hints, start, end, value)
