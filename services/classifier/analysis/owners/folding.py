"""Texts made comparable, with the way back: where in the original a stretch of the folded text stands.

Rules:
- White space is one space, however much of it stands there and of whatever kind.
- `case`: as Unicode folds it. `accents`: marks on letters, and letters in other forms (full width, ligatures), do not
  count; what is invisible is not there. `separators`: `-` and `_` are spaces.
- Linear, and cheap where a text has neither runs of white space nor characters that fold to none or several.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

Fold: TypeAlias = Literal["case", "accents", "separators"]

_RUN: Final = re.compile(r" {2,}")
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text. Without pieces each of its characters stands where it stood."""

    text: str
    pieces: tuple[Sequence[int], Sequence[int]] | None
    """Where stretches begin, in the folded text and in the original; the last pair is the ends of both."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that a stretch of the folded text came from."""
        if self.pieces is None:
            return start, end
        here, there = self.pieces
        first = bisect_right(here, start) - 1
        last = bisect_right(here, end - 1) - 1
        after = last + 1
        # Marks that fold to nothing belong to the letter before them.
        while after + 1 < len(here) and here[after] == here[after + 1] == end:
            after += 1
        begins = there[first] + (start - here[first] if _straight(self.pieces, first) else 0)
        straight = _straight(self.pieces, last) and here[last + 1] != end
        return begins, there[last] + end - here[last] if straight else there[after]


def fold(text: str, folds: frozenset[Fold]) -> Folded:
    """A text as it is compared."""
    table = _table(folds)
    folded = text.translate(table)
    odd = table.odd.intersection(text) if not text.isascii() else frozenset()
    if not odd and "  " not in folded:
        return Folded(folded, None)
    return _pieced(text, table, "".join(odd))


class _Table(dict[int, str]):
    """What a character folds to, found when it is first met."""

    def __init__(self, folds: frozenset[Fold]) -> None:
        super().__init__()
        self._folds = folds
        self.odd: set[str] = set()
        """Met characters that fold to none or several."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        found = " " if char.isspace() or ("separators" in self._folds and char in "-_") else char
        if "accents" in self._folds:
            found = "".join(
                c for c in unicodedata.normalize("NFKD", found) if unicodedata.category(c) not in _INVISIBLE
            )
        if "case" in self._folds:
            found = found.casefold()
        if len(found) != 1:
            self.odd.add(char)
        self[point] = found
        return found


@cache
def _table(folds: frozenset[Fold]) -> _Table:
    return _Table(folds)


def _straight(pieces: tuple[Sequence[int], Sequence[int]], piece: int) -> bool:
    here, there = pieces
    return here[piece + 1] - here[piece] == there[piece + 1] - there[piece]


def _pieced(text: str, table: _Table, odd: str) -> Folded:
    """Every odd character, and every run of white space, is a piece of its own; the rest are straight."""
    spaces = r"[\s_-]{2,}" if table[ord("-")] == " " else r"\s{2,}"
    special = re.compile(f"[{re.escape(odd)}]|{spaces}" if odd else spaces)
    parts: list[str] = []
    here, there = [0], [0]
    length = position = 0

    def add(part: str, end: int) -> None:
        nonlocal length
        parts.append(part)
        length += len(part)
        here.append(length)
        there.append(end)

    for match in special.finditer(text):
        if match.start() > position:
            add(text[position : match.start()].translate(table), match.start())
        add(_RUN.sub(" ", match[0].translate(table)), match.end())
        position = match.end()
    if position < len(text):
        add(text[position:].translate(table), len(text))
    return Folded("".join(parts), (here, there))
