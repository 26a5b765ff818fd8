"""Rows of a table as lists: which names stand over their values.

Rules:
- A list of lists whose first is all names is a table with its header, where the second is as long and is data: lists of
  names in small letters are keys and groups.
- Names may stand beside the rows as well: `{"columns": [...], "rows": [[...]]}`, as strings or as objects with a name.
- A header is no value: its own strings have the hints that they had.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.classifier.analysis import names, siblings

Columns = tuple[tuple[str, ...], ...]

_NAME: Final = re.compile(r"[^\W\d_][\w .()/#-]{0,48}")
_MOST: Final = 200
_HEADERS: Final = (
    "columns", "header", "headers", "fields", "column_names", "columnNames", "cols", "schema", "head", "campos",
    "columnas", "colunas", "colonnes", "colonne", "spalten", "felder", "kolumny", "field_names",
)  # fmt: skip
_ROWS: Final = frozenset({
    "rows", "row", "data", "values", "records", "body", "tuples", "datarows", "results", "items", "filas", "lignes",
    "zeilen", "righe", "linhas", "wiersze",
})  # fmt: skip


def of(cells: Sequence[Any]) -> Columns:
    """The names in a header; none, where it is no header."""
    if not 1 < len(cells) <= _MOST:
        return ()
    titles = [_title(cell) for cell in cells]
    if any(_NAME.fullmatch(title) is None for title in titles) or len(set(titles)) < len(titles):
        return ()
    found = tuple(map(names.words, titles))
    return tuple(siblings.at_bank(own, found) for own in found)


def rows(items: Sequence[Any]) -> Columns | None:
    """The names over all lists in a list, where its first is their header."""
    if len(items) < 2 or not isinstance(items[0], list) or not isinstance(items[1], list):  # noqa: PLR2004
        return None
    if len(items[0]) != len(items[1]) or not all(isinstance(cell, str) for cell in items[0]):
        return None
    return of(items[0]) if any(map(_is_data, items[1])) else None


def columns(members: Mapping[str, Any]) -> Columns:
    """The names that stand beside rows."""
    for key in _HEADERS:
        if isinstance(cells := members.get(key), list):
            return of(cells)
    return ()


def holds_rows(hints: tuple[str, ...]) -> bool:
    """Whether a name says that rows stand under it."""
    return bool(hints) and hints[-1] in _ROWS


def is_header(hints: tuple[str, ...]) -> bool:
    """Whether a name says that names of columns stand under it."""
    return hints in _HEADER_WORDS


_HEADER_WORDS: Final = frozenset(map(names.words, _HEADERS))


def _is_data(cell: Any) -> bool:
    if isinstance(cell, str):
        return any(char.isdigit() or char.isupper() or not char.isascii() or char == "@" for char in cell)
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _title(cell: Any) -> str:
    if isinstance(cell, Mapping):
        cell = next((cell[key] for key in ("name", "field", "key", "label", "title") if key in cell), "")
    return cell if isinstance(cell, str) else ""
