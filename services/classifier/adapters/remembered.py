"""What was found before, bounded by its size and not only by its number.

Rules:
- It is kept by a keyed hash of the text: neither a value nor a mark that anybody could try texts against stays.
- The least recently used goes first.
- What takes up a large share alone is not remembered: a text with a thousand findings would push out a thousand texts,
  and a flood of such texts would otherwise be limited by their number alone.
"""

from __future__ import annotations

import hashlib
from operator import itemgetter
from typing import Generic, TypeVar

from cachetools import LRUCache

_SHARE = 64

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by keyed hash; `room` is how many parts (findings, statements) they may have together."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.hits = self.misses = 0
        """How often something was remembered, and how often not."""
        self._found: LRUCache[bytes, tuple[Value, int]] = LRUCache(room, getsizeof=itemgetter(1))

    def get(self, mark: bytes) -> Value | None:
        """What is remembered under a hash."""
        found = self._found.get(mark)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        return found[0]

    def keep(self, mark: bytes, value: Value, parts: int) -> None:
        """Remember a value of so many parts; itself counts as one."""
        size = parts + 1
        if size * _SHARE <= self._room:
            self._found[mark] = value, size

    def __len__(self) -> int:
        return len(self._found)


def keyed(key: bytes, domain: bytes, text: str) -> bytes:
    """The hash by which a text is remembered: 128 bits (BLAKE2b, RFC 7693), its domains (16 bytes at most) apart."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=16, person=domain).digest()


class CleanLeaves:
    """Marks of leaves in which nothing was found, as keyed hashes: `analysis.looking.Marks`."""

    def __init__(self, room: int, *, key: bytes) -> None:
        self.remembered: Remembered[bool] = Remembered(room)
        self._key = key

    def __contains__(self, mark: object) -> bool:
        return isinstance(mark, str) and self.remembered.get(keyed(self._key, b"clean", mark)) is True

    def add(self, mark: str) -> None:
        """Know it from now on."""
        self.remembered.keep(keyed(self._key, b"clean", mark), value=True, parts=0)
