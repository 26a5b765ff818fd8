"""Tables in a text whose first line names their columns: CSV and its like.

Rules:
- A text is a table when every cell of its first line is a name, there are two of them at least, and no two are one. A
  cell belongs to its column where its line has as many cells as the first, and most lines have: sentences with commas
  have not.
- What a column's name means for a value is asked by whoever reads the pair, as for any name beside a value.
- Each line is read once, by one pattern: linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.unwrapping.pairs import Pair

_SEPARATORS: Final = ",;\t|"
_LONGEST_HEAD: Final = 2_000
_FEWEST: Final = 2
_NAME: Final = re.compile(r"[ \t]?\"?([^\W\d_](?:[\w .-]{0,38}\w)?)\"?[ \t]?")
_QUOTED: Final = r"\"[^\"\r\n]*\""
_CELL: Final = {
    one: re.compile(rf"({_QUOTED}|[^{re.escape(one)}\r\n]*)(?:{re.escape(one)}|\r?\Z)") for one in _SEPARATORS
}


def find(text: str) -> Iterator[Pair]:
    """Every cell below the first line, with the words of its column's name."""
    end = text.find("\n", 0, _LONGEST_HEAD)
    if end < 0:
        return
    head = text[:end].rstrip("\r")
    separator = max(_SEPARATORS, key=head.count)
    found = [_NAME.fullmatch(cell) for cell in head.split(separator)]
    columns = [names.words(match[1]) for match in found if match is not None]
    if not _FEWEST <= len(found) == len(columns) == len(set(columns)):
        return
    rows: list[tuple[int, str, list[tuple[int, int]]]] = []
    position, lines = end + 1, 0
    for line in text[position:].split("\n"):
        cells = _cells(line, separator)
        lines += bool(line.strip())
        if len(cells) == len(columns):
            rows.append((position, line, cells))
        position += len(line) + 1
    if 2 * len(rows) <= lines:
        return
    for position, line, cells in rows:
        for hints, (start, stop) in zip(columns, cells, strict=True):
            if hints and start < stop:
                yield Pair(hints, position + start, position + stop, line[start:stop])


def _cells(line: str, separator: str) -> list[tuple[int, int]]:
    """Where the values of a line stand, without blanks and quotes around them."""
    cells: list[tuple[int, int]] = []
    at = 0
    while (match := _CELL[separator].match(line, at)) is not None:
        start, end = match.span(1)
        inside = line[start:end]
        start += len(inside) - len(inside.lstrip())
        end -= len(inside) - len(inside.rstrip())
        if end - start > 1 and line[start] == line[end - 1] == '"':
            start, end = start + 1, end - 1
        cells.append((start, end))
        at = match.end()
        if not line[match.end(1) : at].startswith(separator):
            return cells
    return []
