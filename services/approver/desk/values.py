"""Masked JSON as rows, tables and blocks that a page can show whole. Pure.

Rules:
- Every value and every key appears, under its path; what is long or many is folded with a count, never cut.
- Text goes through `text.segments`, so a value cannot draw outside its cell.
- A placeholder is believed where a finding (or an uninspected place) names this pointer or one above it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from placet.events import ActionClassified
from services.approver.desk.text import NO_FORMS, Segment, segments

LONG_CHARACTERS: Final = 320
LONG_LINES: Final = 14
MANY_ROWS: Final = 25
_CODE_KEYS: Final = frozenset({"sql", "query", "statement", "script", "command", "code"})
_WORD: Final = re.compile(
    r"\b(DROP|TRUNCATE|DELETE|GRANT|REVOKE|ALTER|UPDATE|INSERT|MERGE|COPY|SELECT|FROM|WHERE|JOIN|LIMIT|WITH|INTO|"
    r"VALUES|SET|TABLE|GROUP|ORDER|BY|TO|ON|UNION|CREATE|RETURNING|AND|OR|NOT|AS)\b",
    re.IGNORECASE,
)
_CHANGES: Final = frozenset({"DROP", "TRUNCATE", "DELETE", "GRANT", "REVOKE", "ALTER", "UPDATE", "INSERT", "MERGE"})


@dataclass(frozen=True, slots=True)
class Text:
    """A value or a key, in stretches; `head` is its beginning where it is long."""

    segments: tuple[Segment, ...]
    characters: int
    head: tuple[Segment, ...] | None = None
    kind: str = "string"
    """string, number, boolean, null (also an empty list or object) or empty (a string without characters)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value under its path."""

    path: tuple[Text, ...]
    value: Text


@dataclass(frozen=True, slots=True)
class Rows:
    """Values under their paths; `more` are folded."""

    rows: tuple[Row, ...]
    more: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Records with common columns. A cell is None where a record lacks the column."""

    title: tuple[Text, ...]
    columns: tuple[Text, ...]
    rows: tuple[tuple[Text | None, ...], ...]
    more: tuple[tuple[Text | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A statement or a script."""

    title: tuple[Text, ...]
    value: Text


Block: TypeAlias = Rows | Table | Code


class Masks:
    """Which entity types the classifier masked where, and what it tells of the values."""

    def __init__(self, classified: ActionClassified) -> None:
        self.forms = classified.forms
        self._values: dict[str, set[str]] = {}
        self._keys: dict[str, set[str]] = {}
        for finding in classified.findings:
            (self._keys if finding.in_key else self._values).setdefault(finding.pointer, set()).add(finding.entity_type)
        for place in classified.incomplete:
            for where in (self._values, self._keys):
                where.setdefault(place.pointer, set()).add("NOT_INSPECTED")

    def value(self, pointer: str) -> frozenset[str]:
        """Entity types masked at a pointer or above it."""
        parts = pointer.split("/")
        above = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
        return frozenset().union(*(self._values.get(place, ()) for place in above))

    def key(self, pointer: str) -> frozenset[str]:
        """Entity types masked in the name of the key that ends this pointer, or with the whole object it is in."""
        own = self._keys.get(pointer, set())
        # Two keys that would look the same after masking are told apart as ‹KEY_n›.
        return self.value(pointer.rpartition("/")[0]) | own | ({"KEY"} if own else set())


def text(value: str, masked: frozenset[str] = frozenset(), forms: Mapping[str, str] = NO_FORMS) -> Text:
    """A string, with its head where it is long."""
    if not value:
        return Text((), 0, kind="empty")
    lines = value.split("\n")
    head = None
    if len(value) > LONG_CHARACTERS or len(lines) > LONG_LINES:
        head = segments("\n".join(lines[:LONG_LINES])[:LONG_CHARACTERS], masked, forms)
    return Text(segments(value, masked, forms), len(value), head)


def blocks(value: Any, pointer: str, masks: Masks) -> tuple[Block, ...]:
    """A JSON value as blocks: statements first, then plain values, then tables."""
    code: list[Block] = []
    tables: list[Block] = []
    rows: list[Row] = []
    members = value.items() if isinstance(value, Mapping) else (("", value),)
    for name, member in members:
        place = f"{pointer}/{_escaped(name)}" if isinstance(value, Mapping) else pointer
        path = (_key(name, place, masks),) if isinstance(value, Mapping) else ()
        if isinstance(member, str) and (name.lower() in _CODE_KEYS or "\n" in member):
            code.append(Code(path, text(member, masks.value(place), masks.forms)))
        elif _records(member):
            tables.append(_table(path, member, place, masks))
        else:
            rows += _rows(path, member, place, masks)
    plain = (Rows(tuple(rows[:MANY_ROWS]), tuple(rows[MANY_ROWS:])),) if rows else ()
    return (*code, *plain, *tables)


def words(value: str) -> list[tuple[str, str]]:
    """SQL text as (class, text) pairs: `change`, `word` or empty. Weight only: nothing is dimmed, nothing hidden."""
    found = []
    position = 0
    for match in _WORD.finditer(value):
        found.append(("", value[position : match.start()]))
        found.append(("change" if match.group().upper() in _CHANGES else "word", match.group()))
        position = match.end()
    found.append(("", value[position:]))
    return [(kind, part) for kind, part in found if part]


def _rows(path: tuple[Text, ...], value: Any, pointer: str, masks: Masks) -> list[Row]:
    if isinstance(value, Mapping) and value:
        return [
            row
            for name, member in value.items()
            for place in (f"{pointer}/{_escaped(name)}",)
            for row in _rows((*path, _key(name, place, masks)), member, place, masks)
        ]
    if isinstance(value, list) and value:
        return [
            row
            for index, member in enumerate(value)
            for row in _rows((*path, text(str(index + 1))), member, f"{pointer}/{index}", masks)
        ]
    return [Row(path, _scalar(value, pointer, masks))]


def _scalar(value: Any, pointer: str, masks: Masks) -> Text:
    if isinstance(value, str):
        return text(value, masks.value(pointer), masks.forms)
    spelled = json.dumps(value)
    nothing = value is None or isinstance(value, Mapping | list)
    kind = "null" if nothing else "boolean" if isinstance(value, bool) else "number"
    return Text(segments(spelled), len(spelled), kind=kind)


def _records(value: Any) -> bool:
    """A list of flat objects: what reads best as a table."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(record, Mapping) and record for record in value)
        and not any(isinstance(cell, Mapping | list) for record in value for cell in record.values())
        and len({name for record in value for name in record}) <= 2 * max(len(record) for record in value)
    )


def _table(path: tuple[Text, ...], records: Sequence[Mapping[str, Any]], pointer: str, masks: Masks) -> Table:
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [
        tuple(
            _scalar(record[name], f"{pointer}/{index}/{_escaped(name)}", masks) if name in record else None
            for name in names
        )
        for index, record in enumerate(records)
    ]
    columns = tuple(_column(name, len(records), pointer, masks) for name in names)
    return Table(path, columns, tuple(rows[:MANY_ROWS]), tuple(rows[MANY_ROWS:]))


def _column(name: str, count: int, pointer: str, masks: Masks) -> Text:
    masked = (masks.key(f"{pointer}/{index}/{_escaped(name)}") for index in range(count))
    return text(name, frozenset().union(*masked), masks.forms)


def _key(name: str, pointer: str, masks: Masks) -> Text:
    return text(name, masks.key(pointer), masks.forms)


def _escaped(name: str) -> str:
    """A reference token of RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")
