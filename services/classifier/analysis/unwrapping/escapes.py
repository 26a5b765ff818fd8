r"""Characters that are written by their number: in URLs, in HTML and XML, in string literals.

Rules:
- A character stands for exactly the escape it was written as; what does not decode stays as it is. A bare `\n` or
  `&amp` in a text hides nothing, and gives no second text.
- A long text is not read again for one escape in it: only what stands around.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Final

from services.classifier.analysis.unwrapping.layer import Layer, Weaver

_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY: Final = re.compile(r"&(?:#\d{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};)")
_BACKSLASH: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|"
    r"U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[nrtbf\"'/\\])"
)
_BACKSLASHES: Final = re.compile(r"\\[uU][0-9A-Fa-f{]|\\x[0-9A-Fa-f]{2}|\\[\"']")
_ANY: Final = re.compile("|".join(one.pattern for one in (_PERCENT, _ENTITY, _BACKSLASH)))
_ANY_BUT_BACKSLASH: Final = re.compile(f"{_PERCENT.pattern}|{_ENTITY.pattern}")
_TELLING: Final = re.compile("|".join(one.pattern for one in (_PERCENT, _ENTITY, _BACKSLASHES)))
_REACH: Final = 500
"""Characters: what holds an escape and goes on for longer holds another."""
_CONTROL: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_REPLACEMENT: Final = "\ufffd"


def inside(layer: Layer, *, literal: bool = False) -> Iterator[tuple[str, Layer]]:
    """How it was written, and the text with every escape undone. `literal`: what backslashes mean is known already."""
    text = layer.text
    how = [
        name
        for name, mark, telling in (("url", "%", _PERCENT), ("html", "&", _ENTITY), ("escape", "\\", _BACKSLASHES))
        if mark in text and not (literal and name == "escape") and telling.search(text) is not None
    ]
    if not how:
        return
    telling, escape = (_ANY_BUT_BACKSLASH, _ANY_BUT_BACKSLASH) if literal else (_TELLING, _ANY)
    for start, end in _around(text, telling):
        yield how[0], _undone(layer, escape, _any, start, end)


def of_form(text: str) -> str:
    """A value of a query string or form."""
    text = text.replace("+", " ")
    return _undone(Layer(text), _PERCENT, _percent, 0, len(text)).text if "%" in text else text


def unescaped(layer: Layer) -> Layer:
    """A string literal's content."""
    return _undone(layer, _BACKSLASH, _backslash, 0, len(layer.text))


def _around(text: str, telling: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The stretches in reach of an escape, of whole words."""
    start = end = 0
    for match in telling.finditer(text):
        first, last = _words(text, match.start() - _REACH, match.end() + _REACH)
        if first > end:
            if end:
                yield start, end
            start = first
        end = max(end, last)
    yield start, end


def _words(text: str, start: int, end: int) -> tuple[int, int]:
    first = 0 if start <= 0 else max(text.rfind(" ", 0, start), text.rfind("\n", 0, start)) + 1
    ends = [at for at in (text.find(" ", end), text.find("\n", end)) if at >= 0]
    return first, min(ends, default=len(text))


def _undone(
    layer: Layer, pattern: re.Pattern[str], undo: Callable[[re.Match[str]], list[tuple[str, int]]], start: int, end: int
) -> Layer:
    """`undo` gives characters, each with the number of characters that it was written in."""
    weaver, position = Weaver(layer), start
    for match in pattern.finditer(layer.text, start, end):
        weaver.keep(position, match.start())
        position = match.start()
        for char, length in undo(match):
            weaver.put(char, position, position + length)
            position += length
    weaver.keep(position, end)
    return weaver.layer()


def _any(match: re.Match[str]) -> list[tuple[str, int]]:
    match match[0][0]:
        case "%":
            return _percent(match)
        case "&":
            return _entity(match)
        case _:
            return _backslash(match)


def _percent(match: re.Match[str]) -> list[tuple[str, int]]:
    data = bytes.fromhex(match[0].replace("%", ""))
    try:
        return [(char, 3 * len(char.encode())) for char in data.decode()]
    except UnicodeDecodeError:
        return [(char, 3) for char in data.decode("latin-1")]


def _entity(match: re.Match[str]) -> list[tuple[str, int]]:
    return [(_whole(html.unescape(match[0])), len(match[0]))]


def _backslash(match: re.Match[str]) -> list[tuple[str, int]]:
    written = match[0][1:]
    if len(written) == 1:
        text = _CONTROL.get(written, written)
    elif "\\" in written:
        text = bytes.fromhex(written[1:5] + written[7:]).decode("utf-16-be")
    else:
        number = int(written[1:].strip("{}"), 16)
        text = chr(number) if number <= 0x10FFFF else _REPLACEMENT  # noqa: PLR2004 - the last of Unicode
    return [(_whole(text), len(match[0]))]


def _whole(text: str) -> str:
    """Half of a surrogate pair is no character, and no engine takes one."""
    return "".join(_REPLACEMENT if "\ud800" <= char <= "\udfff" else char for char in text)
