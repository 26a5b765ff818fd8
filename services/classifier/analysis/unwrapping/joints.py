"""What was taken apart: literals joined by an operator, characters and groups set apart.

Rules:
- `"4111" + "1111"`, `'a' || 'b'`, `'a' . 'b'` and `"a" & "b"` are one literal.
- Eight characters or more, each one mark from the next and always the same mark, are one word; so are groups of two,
  three or five and more digits of one size that make 13 to 19 digits together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.unwrapping.layer import Layer, Weaver

_JOINT: Final = re.compile(r"([\"'])\s{0,8}(?:\+|\|\||\.|&|\\?\r?\n)\s{0,8}\1")
_APART: Final = re.compile(r"(?<!\S)(?:[^\s]([ \t\-_|/.~])(?:\S\1){6,}\S)(?!\S)")
_START: Final = re.compile(r"\S([ \t\-_|/.~])(?:\S\1\S\1\S\1|\d\d{1,8}\1\d)")
"""What stands in anything taken apart."""
_GROUPS: Final = re.compile(r"(?<![\w.])(\d{2,9})([ \t\-_|/.~])(\d{1,9}(?:\2\d{1,9}){1,9})(?![\w.])")
_FEWEST, _MOST = 13, 19
"""Digits of a card."""
_USUAL: Final = 4


def inside(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """How it was taken apart, and the text put together."""
    text = layer.text
    if ('"' in text or "'" in text) and _JOINT.search(text) is not None:
        yield "joined", _without(layer, [match.span() for match in _JOINT.finditer(text)])
    if len(text) < _FEWEST or _START.search(text) is None:
        return
    for match in _APART.finditer(text):
        yield "apart", _every(layer, match.start(), match.end(), 1)
    for match in _GROUPS.finditer(text):
        size, groups = len(match[1]), match[3].split(match[2])
        even = all(len(group) == size for group in groups[:-1]) and len(groups[-1]) <= size
        if even and size != _USUAL and _FEWEST <= size + sum(map(len, groups)) <= _MOST:
            yield "apart", _every(layer, match.start(), match.end(), size)


def _without(layer: Layer, gaps: list[tuple[int, int]]) -> Layer:
    weaver, position = Weaver(layer), 0
    for start, end in gaps:
        weaver.keep(position, start)
        position = end
    weaver.keep(position, len(layer.text))
    return weaver.layer()


def _every(layer: Layer, start: int, end: int, size: int) -> Layer:
    weaver = Weaver(layer)
    for position in range(start, end, size + 1):
        weaver.keep(position, min(end, position + size))
    return weaver.layer()
