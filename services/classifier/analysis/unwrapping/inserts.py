"""Rows that a statement lists under the names of their columns: `INSERT … (…) VALUES (…), (…)`, and COPY with its data.

Rules:
- The column's name is the hint of the value at its place in each row, whatever the dialect, in SQL or in code and logs
  around it. A parser reads one statement; a dump has thousands of rows, and their places count.
- The columns may stand behind the rows (`VALUES (…)) AS s (id, ssn)`).
- A row with more or fewer values than there are columns is read no further.
- Every character is read once.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.unwrapping.pairs import Pair

_COLUMNS: Final = r"\(([^()'\r]{1,4000})\)"
_INSERT: Final = re.compile(
    rf"\b(?:insert|replace)\s{{1,8}}(?:\w{{1,12}}\s{{1,8}}){{0,2}}into\s{{1,8}}[\w.\"`\[\]]{{1,200}}\s{{0,8}}"
    rf"{_COLUMNS}\s{{0,8}}"
    r"(?:overriding\s\w{1,10}\svalue\s{1,8})?values?\s{0,8}(?=\()",
    re.IGNORECASE,
)
_COPY: Final = re.compile(
    rf"\bcopy\s{{1,8}}[\w.\"]{{1,200}}\s{{0,8}}{_COLUMNS}\s{{1,8}}from\s{{1,8}}stdin\b[^\n]{{0,200}}\n", re.IGNORECASE
)
_VALUES: Final = re.compile(r"(?<=\()\s{0,8}values\s{0,8}(?=\()", re.IGNORECASE)
_ALIAS: Final = re.compile(rf"\s{{0,8}}\)\s{{1,8}}(?:as\s{{1,8}})?[\w\"]{{1,60}}\s{{0,8}}{_COLUMNS}", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"\s*+(?:[NEBX]?'([^'\\]*+(?:(?:''|\\.)[^'\\]*+)*+)'|([^\s'(),;]{1,500})|([(),]))", re.IGNORECASE | re.DOTALL
)
_NULL: Final = "\\N"
_SHORTEST: Final = 24


def find(text: str) -> Iterator[Pair]:
    """Every listed value with its column's name."""
    folded = text[:0] if len(text) < _SHORTEST else text.lower()
    if "insert" in folded or "replace" in folded:
        position = 0
        while (match := _INSERT.search(text, position)) is not None:
            position = yield from _rows(text, match.end(), _names(match[1]))
    if "using" in folded or "from" in folded:
        yield from _aliased(text)
    if "stdin" in folded:
        position = 0
        while (match := _COPY.search(text, position)) is not None:
            position = yield from _lines(text, match.end(), _names(match[1]))


def _names(columns: str) -> Sequence[tuple[str, ...]]:
    return [names.words(column.strip(' "`[]\n\t')) for column in columns.split(",")]


def _rows(text: str, position: int, columns: Sequence[tuple[str, ...]]) -> Generator[Pair, None, int]:
    """Tuples, one after the other; how far was read is returned."""
    depth = column = 0
    while (token := _TOKEN.match(text, position)) is not None:
        mark = token[3]
        if depth == 0 and mark not in {"(", ","}:
            return position
        position = token.end()
        if mark == "(":
            depth, column = depth + 1, column if depth else 0
        elif mark == ")":
            depth -= 1
        elif mark == ",":
            column += depth == 1
        elif depth and column < len(columns) and columns[column]:
            start, end = token.span(1 if token[1] is not None else 2)
            # In a function (`TO_DATE('…', …)`) only what is quoted is a value.
            if start < end and (token[1] is not None or (depth == 1 and text[start].isdigit())):
                yield Pair(columns[column], start, end, text[start:end])
    return position


def _aliased(text: str) -> Iterator[Pair]:
    """Rows whose columns are named behind them: `USING (VALUES (…)) AS s (id, ssn)`."""
    position = 0
    while (match := _VALUES.search(text, position)) is not None:
        rows = _rows(text, match.end(), ())
        position = _length(rows)
        named = _ALIAS.match(text, position)
        if named is not None:
            yield from _rows(text, match.end(), _names(named[1]))


def _length(rows: Generator[Pair, None, int]) -> int:
    """How far rows reach."""
    try:
        while True:
            next(rows)
    except StopIteration as stop:
        end: int = stop.value
        return end


def _lines(text: str, position: int, columns: Sequence[tuple[str, ...]]) -> Generator[Pair, None, int]:
    """Lines of values between tabs, up to the mark that ends them; how far was read is returned."""
    while position < len(text) and not text.startswith("\\.", position):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        values = text[position:end].split("\t")
        if len(values) != len(columns):
            break
        for hints, value in zip(columns, values, strict=True):
            if hints and value and value != _NULL:
                yield Pair(hints, position, position + len(value), value)
            position += len(value) + 1
    return position
