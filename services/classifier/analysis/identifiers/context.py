"""The words around a value, and whether it stands for itself.

Rules:
- A word counts in the name above, shortly before the value, or right behind it. Words are compared without case and
  accents; camel case is taken apart. Scripts without spaces (电话) are searched for instead.
- What is part of a longer identifier (a UUID, a path, a version, a timestamp) is not somebody's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from services.classifier.analysis.accents import fold
from services.classifier.model import Passage

BEFORE: Final = 60
BEHIND: Final = 20
IDENTIFIER: Final = re.compile(
    r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|"
    r"\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:z|[+-]\d\d:?\d\d)?)?"
)
"""UUIDs, digests and timestamps: nobody's number."""
_CAMEL: Final = re.compile(r"([a-z])([A-Z])")
_WORD: Final = re.compile(r"[^\W\d_]+")
_SPACELESS: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Words:
    """What a value is called, in the languages that it is called so."""

    def __init__(self, names: Iterable[str]) -> None:
        names = tuple(names)
        self.spaced = frozenset(fold(name) for name in names if not _SPACELESS.search(name))
        self.spaceless = tuple(name for name in names if _SPACELESS.search(name))

    def among(self, words: frozenset[str], text: str) -> bool:
        """Whether one of them is among a text's words, or in the text where its script has no spaces."""
        if not self.spaced.isdisjoint(words):
            return True
        return bool(self.spaceless) and any(word in text for word in self.spaceless)

    def near(self, passage: Passage, start: int, end: int) -> bool:
        """Whether one of them stands in the name above, before the value or behind it."""
        if not self.spaced.isdisjoint(passage.hints):
            return True
        text = passage.text
        around = text[max(0, start - BEFORE) : start], text[end : end + BEHIND]
        return any(self.among(words_of(part), part) for part in around)


class Around:
    """A passage and all its words, once for all rules."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self._has: dict[int, bool] = {}

    @cached_property
    def words(self) -> frozenset[str]:
        """Of the text and of the name above it."""
        return words_of(self.passage.text) | frozenset(self.passage.hints)

    def has(self, words: Words) -> bool:
        """Whether one of the words stands anywhere."""
        known = self._has.get(id(words))
        if known is None:
            known = self._has[id(words)] = words.among(self.words, self.passage.text)
        return known

    def near(self, words: Words, start: int, end: int) -> bool:
        """Whether one of them stands near; where none stands anywhere, no place is looked at."""
        return self.has(words) and words.near(self.passage, start, end)


def words_of(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(_WORD.findall(fold(_CAMEL.sub(r"\1 \2", text))))


def inside_identifier(text: str, start: int, end: int) -> bool:
    """Whether letters, digits or joining marks continue on either side."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    joined_before = _spaced(before[-1:]) or (before[-1:] in {"-", "_", "/", "."} and _spaced(before[:1]))
    joined_after = (
        _spaced(after[:1])
        or (after[:1] in {"-", "_", "/"} and _spaced(after[1:]))
        or (after[:1] in {".", ":"} and after[1:].isdigit())
    )
    return joined_before or joined_after


def _spaced(char: str) -> bool:
    """A letter or digit that would join: one of a script with spaces."""
    return char.isalnum() and not _SPACELESS.match(char)
