"""Texts with columns: CSV and TSV, tables as databases and Markdown draw them, and columns of a fixed width.

Rules:
- The header's name of a column is the hint of every value under it, as the key of an object is.
- A header is a line of names, two at least and none of them empty. What follows is a row while it has as many cells and
  does not look like names itself: a digit, an @, or a capital where the header has none.
- A ruler of dashes says where columns of a fixed width begin; without one, two blanks part them.
- A table of names and values (`| field | value |`, psql's `RECORD 1`) names the value by the cell before it.
- One pass over the lines; longer lines and more columns than a table has are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.classifier.analysis import names, siblings
from services.classifier.analysis.unwrapping.pairs import Pair

_MARKS: Final = ("\t", "|", ";", ",")
_NAME: Final = re.compile(r"[^\W\d_][\w .()/#-]{0,48}")
_MOST_WORDS: Final = 5
_LONGEST_LINE: Final = 4_000
_MOST_COLUMNS: Final = 200
_LONGEST_CELL: Final = 500
_SPACELESS: Final = "\u2e80"
"""From here on scripts have no capitals, and names of columns in them are known by their words."""
_RUN: Final = re.compile(r"[-=]{2,}")
_WIDE: Final = re.compile(r"\S+(?: \S+)*")
_RECORD: Final = re.compile(r"-\[ RECORD \d+ \][-+]*")
_NAMES: Final = frozenset(
    (name,)
    for name in ("field", "key", "name", "attribute", "property", "feld", "champ", "campo", "variable", "setting")
)
_VALUES: Final = frozenset((name,) for name in ("value", "values", "wert", "valeur", "valor", "valore", "content"))

Cell = tuple[int, int]
Cut = Callable[[int, int], Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class _Table:
    """What is open: a name for each column, and how a line is cut into its cells."""

    columns: tuple[tuple[str, ...], ...]
    cut: Cut
    lower: bool
    """The header has no capitals."""
    by_name: bool = False
    """Each row is a name and its value."""


def find(text: str) -> Iterator[Pair]:
    """Every value that stands under the name of a column."""
    if "\n" not in text or not (any(mark in text for mark in _MARKS) or "  " in text or "--" in text):
        return
    table: _Table | None = None
    before: Cell | None = None
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        start, stop, position = position, end - text.startswith("\r", end - 1, end), end + 1
        if start >= stop or stop - start > _LONGEST_LINE:
            table, before = None, None
            continue
        if _RECORD.match(text, start, stop):
            table = _Table((), _cutter(text, "|"), lower=True, by_name=True)
            continue
        if _is_ruler(text, start, stop):
            if before is not None:
                table = _ruled(text, before, (start, stop)) or table
            before = None
            continue
        cells = table.cut(start, stop) if table is not None else ()
        if table is not None and _is_row(text, table, cells):
            yield from _named(text, table, cells)
        else:
            table = _header(text, start, stop)
        before = start, stop


def _named(text: str, table: _Table, cells: Sequence[Cell]) -> Iterator[Pair]:
    if table.by_name:
        columns: Sequence[tuple[str, ...]] = ((), names.words(text[slice(*cells[0])].strip("*` ")))
    else:
        columns = table.columns
    for hints, (start, end) in zip(columns, cells, strict=False):
        if hints and start < end and end - start <= _LONGEST_CELL:
            yield Pair(hints, start, end, text[start:end])


def _is_row(text: str, table: _Table, cells: Sequence[Cell]) -> bool:
    if table.by_name:
        return len(cells) == 2 and cells[0][0] < cells[0][1]  # noqa: PLR2004 - a name and a value
    if len(cells) != len(table.columns):
        return False
    return any(
        char.isdigit() or char == "@" or (table.lower and char.isupper()) or char >= _SPACELESS
        for start, end in cells
        for char in text[start:end]
    )


def _header(text: str, start: int, stop: int) -> _Table | None:
    """The table that a line begins, by the first mark that cuts it into names; else by two blanks."""
    line = text[start:stop]
    for mark in _MARKS:
        if mark in line:
            cut = _cutter(text, mark)
            if (table := _table(text, cut(start, stop), cut)) is not None:
                return table
    if "  " not in line.strip():
        return None
    cells = [match.span() for match in _WIDE.finditer(text, start, stop)]
    return _table(text, cells, _wide_cutter(text, [first - start for first, _ in cells]))


def _ruled(text: str, header: Cell, ruler: Cell) -> _Table | None:
    """Columns where the dashes say, if nothing else parts them."""
    if "|" in text[slice(*ruler)] or "+" in text[slice(*ruler)]:
        return None
    starts = [match.start() - ruler[0] for match in _RUN.finditer(text, *ruler)]
    cut = _fixed_cutter(text, starts)
    return _table(text, cut(*header), cut) if len(starts) > 1 else None


def _table(text: str, cells: Sequence[Cell], cut: Cut) -> _Table | None:
    titles = [text[start:end].strip("*` ") for start, end in cells]
    if not 1 < len(titles) <= _MOST_COLUMNS or any(_NAME.fullmatch(title) is None for title in titles):
        return None
    found = tuple(map(names.words, titles))
    columns = tuple(siblings.at_bank(own, found) for own in found)
    if any(len(words) > _MOST_WORDS for words in columns):
        return None
    by_name = len(columns) == 2 and columns[0][-1:] in _NAMES and columns[1][-1:] in _VALUES  # noqa: PLR2004
    lower = not any(char.isupper() for title in titles for char in title)
    return _Table(columns, cut, lower, by_name)


def _is_ruler(text: str, start: int, stop: int) -> bool:
    line = text[start:stop]
    return not line.strip(" \t|+:-=") and ("--" in line or "==" in line)


def _cutter(text: str, mark: str) -> Cut:
    def cut(start: int, stop: int) -> Sequence[Cell]:
        if mark == "|":
            start, stop = _trimmed(text, start, stop)
            if text.startswith("||", start, stop) and text.endswith("||", start, stop):  # a header as Jira writes it
                return [cell for cell in _cells(text, start + 2, stop - 2, "|") if cell[0] < cell[1]]
            start += text.startswith("|", start, stop)
            stop -= text.endswith("|", start, stop)
        return list(_cells(text, start, stop, mark))

    return cut


def _cells(text: str, start: int, stop: int, mark: str) -> Iterator[Cell]:
    """Cells between marks; in quotes a mark is a character, and quotes are none of the value."""
    while True:
        first = start
        while first < stop and text[first] == " ":
            first += 1
        if first < stop and text[first] == '"':
            end = _closing(text, first + 1, stop)
            yield first + 1, end
            start = text.find(mark, end, stop)
        else:
            end = text.find(mark, start, stop)
            yield _trimmed(text, start, stop if end < 0 else end)
            start = end
        if start < 0:
            return
        start += 1


def _closing(text: str, start: int, stop: int) -> int:
    while (end := text.find('"', start, stop)) >= 0:
        if not text.startswith('"', end + 1, stop):
            return end
        start = end + 2
    return stop


def _wide_cutter(text: str, starts: Sequence[int]) -> Cut:
    """As many runs as the header has, or each run under the name that it begins under."""

    def cut(start: int, stop: int) -> Sequence[Cell]:
        runs = [match.span() for match in _WIDE.finditer(text, start, stop)]
        if len(runs) == len(starts):
            return runs
        cells = [(start, start)] * len(starts)
        for first, end in runs:
            column = sum(1 for at in starts if at <= first - start) - 1
            if column < 0 or cells[column][0] < cells[column][1]:
                return ()
            cells[column] = first, end
        return cells

    return cut


def _fixed_cutter(text: str, starts: Sequence[int]) -> Cut:
    def cut(start: int, stop: int) -> Sequence[Cell]:
        bounds = [*(start + at for at in starts), stop]
        return [_trimmed(text, min(first, stop), min(end, stop)) for first, end in pairwise(bounds)]

    return cut


def _trimmed(text: str, start: int, end: int) -> Cell:
    while start < end and text[start] in " \t":
        start += 1
    while start < end and text[end - 1] in " \t":
        end -= 1
    return start, end
