"""From an action to the texts in it, in document order.

Rules:
- Every string, every object key and every number (written out) of arguments, purpose and preview is a leaf, or lies
  under a place that is named as skipped. Nothing is left out silently.
- The name above a value is its hint. It reaches through lists, through keys that say nothing themselves
  (`{"password": {"value": …}}`), from a sibling (`{"name": "DB_PASSWORD", "value": …}`), from an option before it in a
  list (`["--password", …]`), from the header of a list of rows (`headed`), and from the kind of a Kubernetes Secret.
  Names are read in one spelling.
- A vector (`vectors`) is one thing, and a leaf of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from placet.canonical import canonical_bytes
from services.classifier.analysis import headed, names, siblings, vectors
from services.classifier.analysis.unwrapping import folding
from services.classifier.analysis.vectors import EMBEDDING
from services.classifier.model import Leaf, Passage, Path, Skipped, Subject

_OPTION: Final = re.compile(r"--?[A-Za-z][\w-]{2,40}")
_KINDS_OF_SECRETS: Final = ("Secret",)
_SECRET_DATA: Final = frozenset({"data", "stringData"})
_POINTER_BUDGET: Final = 3_800
"""A pointer may have 4,000 characters."""
_MAX_KEY_CHARACTERS: Final = 1_000
_MASKED_SEGMENT: Final = 80
"""No placeholder in a pointer is longer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is looked into at most. Whatever is beyond is masked whole and named."""

    max_text_characters: int = 100_000
    max_total_characters: int = 400_000
    max_leaves: int = 20_000


def leaves(subject: Subject, limits: Limits) -> Iterator[Leaf | Skipped]:
    """Arguments, then purpose, then preview."""
    root = {"arguments": subject.arguments, "purpose": subject.purpose, "preview": subject.preview}
    left, characters = limits.max_leaves, limits.max_total_characters
    for found in _walk(root, (), (), 0):
        if isinstance(found, Skipped):
            yield found
            continue
        size = len(found.passage.text)
        if size > limits.max_text_characters:
            yield Skipped(found.path, "too_large", found.where)
        elif left <= 0 or characters < size:
            yield Skipped(found.path, "too_many", found.where)
        else:
            left, characters = left - 1, characters - size
            yield found


def is_embedding(value: object) -> bool:
    """A vector as models make them."""
    if not isinstance(value, list) or len(value) < vectors.SHORTEST:
        return False
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in value) and vectors.is_vector(
        value
    )


def number_text(value: float) -> str:
    """A number as RFC 8785 writes it."""
    return str(value) if isinstance(value, int) else canonical_bytes(value).decode()


def _walk(
    value: Any, path: Path, hints: tuple[str, ...], weight: int, columns: headed.Columns | None = None
) -> Iterator[Leaf | Skipped]:
    """`weight` bounds the length of the pointer to here from above, whatever will be masked in it.

    `columns` name the items of a list that is a row.
    """
    match value:
        case None | bool():
            return
        case str():
            if value:
                yield Leaf(path, "value", Passage(value, hints))
        case int() | float():
            yield Leaf(path, "value", Passage(number_text(value), hints, number=True))
        case dict():
            yield from _members(value, path, hints, weight)
        case list() | tuple():
            if is_embedding(value):
                yield Leaf(path, "value", Passage(canonical_bytes(value).decode(), hints), EMBEDDING)
                return
            rows = headed.rows(value) if columns is None else ()
            for index, item in enumerate(value):
                told = _named_by_option(value, index) or _column(columns, index) or hints
                longer = weight + len(str(index)) + 1
                if longer > _POINTER_BUDGET:
                    yield Skipped((*path, index), "too_deep")
                else:
                    yield from _walk(item, (*path, index), told, longer, rows if isinstance(item, list) else None)


def _column(columns: headed.Columns | None, index: int) -> tuple[str, ...]:
    return columns[index] if columns and index < len(columns) else ()


def _members(
    value: Mapping[str, Any], path: Path, above: tuple[str, ...], weight: int, *, in_secret: bool = False
) -> Iterator[Leaf | Skipped]:
    named, kind, headers = _named_by_sibling(value), siblings.kind_of(value), headed.columns(value)
    is_secret = value.get("kind") in _KINDS_OF_SECRETS
    told = {key: names.words(folding.plain(key)) for key in value}
    beside = frozenset(told.values())
    for key, item in value.items():
        below = (*path, key)
        if not path:  # the three members of the root are ours
            yield from _walk(item, below, (), len(key) + 1)
            continue
        longer = weight + 1 + max(len(key) + key.count("~") + key.count("/"), _MASKED_SEGMENT)
        if longer > _POINTER_BUDGET or len(key) > _MAX_KEY_CHARACTERS:
            yield Skipped(below, "too_deep" if longer > _POINTER_BUDGET else "too_large", "key")
            yield Skipped(below, "too_deep" if longer > _POINTER_BUDGET else "too_large")
            continue
        yield Leaf(below, "key", Passage(key))
        own = siblings.of_person(siblings.at_bank(told[key], beside), beside)
        hints = siblings.hints(own, kind, above)
        if names.is_container(hints):
            hints = named or above or hints
        if in_secret and not names.is_secret(hints):
            hints = (*hints, "key")  # whatever looks random there is a secret; a user's name is not
        if is_secret and key in _SECRET_DATA and isinstance(item, dict):
            yield from _members(item, below, hints, longer, in_secret=True)
            continue
        if isinstance(item, list) and headers and headed.holds_rows(hints):
            yield from _rows(item, below, hints, longer, headers)
            continue
        yield from _walk(item, below, hints, longer)


def _rows(
    items: list[Any], path: Path, hints: tuple[str, ...], weight: int, headers: headed.Columns
) -> Iterator[Leaf | Skipped]:
    """Rows under the columns that are named beside them; a list of as many values is one row."""
    if not any(isinstance(item, list) for item in items):
        yield from _walk(items, path, hints, weight, headers if len(items) == len(headers) else None)
        return
    for index, item in enumerate(items):
        longer = weight + len(str(index)) + 1
        if longer > _POINTER_BUDGET:
            yield Skipped((*path, index), "too_deep")
        else:
            yield from _walk(item, (*path, index), hints, longer, headers if isinstance(item, list) else None)


def _named_by_sibling(value: Mapping[str, Any]) -> tuple[str, ...]:
    for key in ("name", "key", "Name", "Key"):
        if isinstance(name := value.get(key), str):
            return names.words(folding.plain(name))
    return ()


def _named_by_option(items: Sequence[Any], index: int) -> tuple[str, ...]:
    """The words of an option of a command that stands before its value in a list."""
    item, before = items[index], items[index - 1] if index else None
    if not isinstance(item, str) or not isinstance(before, str) or item.startswith("-"):
        return ()
    return names.words(before) if before.startswith("-") and _OPTION.fullmatch(before) else ()
