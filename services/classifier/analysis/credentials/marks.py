"""The marks of all rules, looked for at once.

Rules:
- One pass over a text, however many marks there are; what a text tells by them is what asking for each would tell.
- Marks of one or two characters stand in most texts, many times: each is asked for alone, which ends at the first.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from ahocorasick_rs import BytesAhoCorasick

_SHORT = 2

Told = TypeVar("Told", bound=Hashable)


class Marks(Generic[Told]):
    """Marks, and what each of them tells."""

    def __init__(self, marked: Iterable[tuple[str, Told]]) -> None:
        told: dict[str, list[Told]] = {}
        for mark, one in marked:
            told.setdefault(mark, []).append(one)
        self._told = tuple(map(tuple, told.values()))
        self._short = tuple((number, mark) for number, mark in enumerate(told) if len(mark) <= _SHORT)
        long = [(number, mark.encode()) for number, mark in enumerate(told) if len(mark) > _SHORT]
        self._numbers = tuple(number for number, _ in long)
        # Bytes, not characters: a text with half of a surrogate pair is looked into as well.
        self._automaton = BytesAhoCorasick([mark for _, mark in long])

    def standing(self, text: str) -> Iterable[Told]:
        """What the marks tell that stand in a text, each once, in the order that they were given in."""
        content = text.encode("utf-8", "surrogatepass")
        found = {self._numbers[at] for at, _, _ in self._automaton.find_matches_as_indexes(content, overlapping=True)}
        found.update(number for number, mark in self._short if mark in text)
        return dict.fromkeys(one for number in sorted(found) for one in self._told[number])
