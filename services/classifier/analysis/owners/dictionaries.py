"""Terms of the owner's dictionaries, all of them looked for at once.

Rules:
- One pass over a text, however many terms there are: an Aho-Corasick automaton for each way of folding in use.
- A whole word ends where letters and digits end. Scripts that put no space between words have no such end, so there a
  term is found wherever it stands.
- What is said about a term is its dictionary and line, never the term.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ahocorasick_rs import AhoCorasick

from services.classifier.analysis.owners.folding import Fold, fold
from services.classifier.analysis.owners.form import Dictionary
from services.classifier.model import Span

RECOGNIZER: Final = "dictionary/"
MAX_TERMS: Final = 200_000
_SHORTEST: Final = 2
_LONGEST: Final = 200


class BadTermError(ValueError):
    """A line that cannot be a term; says why, and never quotes it."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True)
class Terms:
    """A dictionary and its terms, each with its line."""

    dictionary: Dictionary
    terms: tuple[tuple[int, str], ...]


def read(dictionary: Dictionary, content: bytes) -> Terms:
    """The terms of a file; raise `BadTermError`."""
    folds = frozenset(dictionary.folds)
    terms = []
    for number, raw in enumerate(content.splitlines(), start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            raise BadTermError(number, "is not UTF-8") from None
        if not line or line.startswith("#"):
            continue
        if len(line) > _LONGEST:
            raise BadTermError(number, f"has more than {_LONGEST} characters")
        if not line.isprintable() and "\t" not in line:
            raise BadTermError(number, "holds a character that cannot be seen")
        if sum(map(str.isalnum, fold(line, folds).text)) < _SHORTEST:
            raise BadTermError(number, f"has fewer than {_SHORTEST} letters or digits, and would be found everywhere")
        terms.append((number, line))
        if len(terms) > MAX_TERMS:
            raise BadTermError(number, f"is more than {MAX_TERMS:,} terms")
    return Terms(dictionary, tuple(terms))


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that stands in a text."""

    dictionary: Dictionary
    line: int
    span: Span


class Index:
    """Every term of every dictionary."""

    def __init__(self, dictionaries: Sequence[Terms]) -> None:
        grouped: dict[frozenset[Fold], list[Terms]] = {}
        for one in dictionaries:
            if one.terms:
                grouped.setdefault(frozenset(one.dictionary.folds), []).append(one)
        self._groups = [(folds, *_built(folds, members)) for folds, members in grouped.items()]

    def find(self, text: str) -> Iterator[Hit]:
        """Every term, also where one stands inside another."""
        for folds, automaton, entries in self._groups:
            folded = fold(text, folds)
            for number, start, end in automaton.find_matches_as_indexes(folded.text, overlapping=True):
                begins, ends = folded.original(start, end)
                for dictionary, line in entries[number]:
                    if not dictionary.whole_words or _stands_alone(text, begins, ends):
                        kind, name = dictionary.type, f"{RECOGNIZER}{dictionary.name}"
                        yield Hit(dictionary, line, Span(kind, begins, ends, dictionary.score, name))


def _built(
    folds: frozenset[Fold], members: Sequence[Terms]
) -> tuple[AhoCorasick, tuple[tuple[tuple[Dictionary, int], ...], ...]]:
    entries: dict[str, dict[str, tuple[Dictionary, int]]] = {}
    for one in members:
        for line, term in one.terms:
            folded = fold(term, folds).text.strip()
            entries.setdefault(folded, {}).setdefault(one.dictionary.name, (one.dictionary, line))
    return AhoCorasick(list(entries), store_patterns=False), tuple(tuple(each.values()) for each in entries.values())


def _stands_alone(text: str, start: int, end: int) -> bool:
    joined_before = start > 0 and _wordy(text[start - 1]) and _wordy(text[start])
    joined_after = end < len(text) and _wordy(text[end]) and _wordy(text[end - 1])
    return not (joined_before or joined_after)


def _wordy(char: str) -> bool:
    """Of a script that sets words apart: a digit, or a letter that has a case."""
    return char.isdecimal() or char.lower() != char.upper()
