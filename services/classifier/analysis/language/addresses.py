"""From what the name model says of words to addresses.

Rules:
- An address is a street with its number, and the postcode, town and flat that follow or precede it. A town alone is
  none.
- What is counted (`Jenkins Pipeline 214`) is no street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.classifier.analysis.language.reading import ADDRESS, Word
from services.classifier.model import Span

_SURE: Final = 0.5
_PASSED: Final = 2
"""Marks, or blanks, between two words of an address, at most."""
_MARKS: Final = frozenset({",", ".", "-", "/", "'", "’", "#", "°"})
_STREET_BEFORE: Final = re.compile(
    r"(?i)(?:\A|[\s,(\"'])((?:ul|al|pl|os|c/|avda?|av|rua|r|via|v\.le|pza|ctra|str|bd|bld|rte|chemin)\.?\s)\Z"
)
"""Short for `street` in front of its name, where the model leaves it out."""
_COUNTED: Final = frozenset(
    {"pipeline", "job", "build", "ticket", "release", "version", "issue", "invoice", "order", "chapter", "sprint",
     "run", "node", "pod", "port", "host", "shard", "partition", "replica", "batch", "task", "step", "phase"}
)  # fmt: skip
_LONGEST_STREET: Final = 10
_STATE: Final = re.compile(r"[A-Z]{2}")


def find(text: str, words: Sequence[Word]) -> Iterator[Span]:
    """Spans of addresses."""
    at = 0
    while at < len(words):
        if words[at].street < _SURE:
            at += 1
            continue
        first = last = at
        while (following := _next_of_address(text, words, last, 1)) is not None:
            last = following
        while (before := _next_of_address(text, words, first, -1)) is not None:
            first = before
        at = last + 1
        while last > first and not _ends_address(text, words[last]):
            last -= 1
        inside = words[first : last + 1]
        numbered = any(text[word.start].isdigit() for word in inside)
        named = any(word.street >= _SURE and not text[word.start].islower() for word in inside)
        numbered = numbered and _COUNTED.isdisjoint(text[word.start : word.end].lower() for word in inside)
        if numbered and named:
            score = round(min(1.0, max(word.street for word in inside)), 2)
            kind = _STREET_BEFORE.search(text, max(0, inside[0].start - _LONGEST_STREET), inside[0].start)
            start = kind.start(1) if kind is not None else inside[0].start
            yield Span("STREET_ADDRESS", start, inside[-1].end, score, ADDRESS)


def _ends_address(text: str, word: Word) -> bool:
    """A mark or a word without a capital that the model takes for a town goes on with the sentence."""
    written = text[word.start : word.end]
    return written[0].isalnum() and not (written.islower() and word.town > max(word.street, word.number))


def _joined_number(text: str, one: Word, other: Word) -> bool:
    """A word and a number with nothing but a hyphen between: an identifier."""
    first, second = sorted((one, other), key=lambda word: word.start)
    return text[first.end : second.start] == "-" and text[first.start].isdigit() != text[second.start].isdigit()


def _next_of_address(text: str, words: Sequence[Word], at: int, step: int) -> int | None:
    """The index of the next word of an address in a direction, over one or two marks and a line's end."""
    passed = 0
    while True:
        beside = at + step * (passed + 1)
        if not 0 <= beside < len(words):
            return None
        near, far = sorted((at + step * passed, beside))
        gap = text[words[near].end : words[far].start]
        if len(gap) > _PASSED or gap.strip():
            return None
        word = words[beside]
        if word.address >= _SURE:
            return None if passed and _joined_number(text, words[at], word) else beside
        written = text[word.start : word.end]
        if passed == _PASSED or (written not in _MARKS and _STATE.fullmatch(written) is None):
            return None
        passed += 1
