"""What was found before, bounded by its size and not only by its number.

Rules:
- The least recently used goes first.
- What takes up a large share alone is not remembered: a text with a thousand findings would push out a thousand texts,
  and a flood of such texts would otherwise be limited by their number alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

_SHARE = 64

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by keyed hash; `room` is how many parts (findings, statements) they may have together."""

    def __init__(self, room: int) -> None:
        self._room, self._taken = room, 0
        self._found: OrderedDict[bytes, tuple[Value, int]] = OrderedDict()

    def get(self, mark: bytes) -> Value | None:
        """What is remembered under a hash."""
        if mark not in self._found:
            return None
        self._found.move_to_end(mark)
        return self._found[mark][0]

    def keep(self, mark: bytes, value: Value, parts: int) -> None:
        """Remember a value of so many parts; itself counts as one."""
        size = parts + 1
        if size * _SHARE > self._room or mark in self._found:
            return
        self._found[mark] = value, size
        self._taken += size
        while self._taken > self._room:
            self._taken -= self._found.popitem(last=False)[1][1]

    def __len__(self) -> int:
        return len(self._found)
