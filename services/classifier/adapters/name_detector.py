"""Names, addresses: the name model over what reads like language, and only that.

Rules:
- A text that is longer than the model should be asked about is named as too large, not guessed about.
- Of a text only the lines with a word that could be somebody's are read, with the lines beside them: a log of a
  thousand lines costs what its sentences cost.
"""

from __future__ import annotations

import importlib.metadata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.classifier.adapters.language import PACKAGE, model_files
from services.classifier.adapters.lexicon import lexicon
from services.classifier.adapters.rampart import Rampart
from services.classifier.analysis.language import again, letters, people, things, where
from services.classifier.analysis.language.reading import Word
from services.classifier.analysis.unwrapping import columns
from services.classifier.errors import DetectorError
from services.classifier.model import Passage, Span

_MAX_LANGUAGE_CHARACTERS: Final = 20_000
_MAX_TOKENS: Final = 9_000
"""About two and a half seconds, however the characters are made up."""
_AGAIN: Final = 4
_ONE_IN: Final = 100
"""Pairs of words of one part that are shown to the model alone: so many, and one more for so many characters."""
_ADDRESS: Final = "rampart/address"
_LISTED: Final = "lists/name"
_TOLD: Final = frozenset({letters.MIDDLE, _LISTED})


class NameDetector:
    """People and addresses in running text."""

    def __init__(self) -> None:
        self._model, self._lexicon = Rampart(model_files()), lexicon()

    @property
    def models(self) -> Mapping[str, str]:
        """The version of the package that brings the model, and the start of the SHA-256 of what is run."""
        return {"rampart": f"{importlib.metadata.version(PACKAGE)}+{self._model.digest[:12]}"}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """Spans of people and addresses; raise `DetectorError` (`too_large`) for long prose."""
        if passage.known:
            return ()
        parts = where.parts(passage)
        if sum(end - start for start, end in parts) > _MAX_LANGUAGE_CHARACTERS:
            raise DetectorError("too_large")
        read = _Budgeted(self._model)
        found = list(letters.find(passage.text, self._lexicon)) if parts else []
        for start, end in parts:
            text = passage.text[start:end]
            spans = [*people.find(text, read(text), self._lexicon)]
            spans += [
                Span("PERSON", first, last, least or 0.75, "rampart/name_alone" if least else _LISTED)
                for first, last, shown, least in again.overlooked(
                    text, spans, _AGAIN + len(text) // _ONE_IN, self._lexicon
                )
                if not least or again.is_name(shown, read(shown), least)
            ]
            found += [
                Span(span.entity_type, span.start + start, span.end + start, span.score, span.recognizer)
                for span in spans
            ]
        return list(_of_people(passage, list(apart(passage.text, found))))


def apart(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Addresses end where a name begins that its form tells; a number before a name that lists tell is none."""
    told = [span for span in spans if span.recognizer in _TOLD]
    for span in spans:
        inside = [one for one in told if span.start < one.start < span.end] if span.recognizer == _ADDRESS else ()
        if not inside:
            yield span
        elif inside[0].recognizer == letters.MIDDLE:
            yield replace(span, end=inside[0].start)
        elif any(char.isalpha() for char in text[span.start : inside[0].start] + text[inside[0].end : span.end]):
            yield span


class _Budgeted:
    """Asks the model until what one text may take is spent; then raises `DetectorError` (`too_large`)."""

    def __init__(self, model: Rampart) -> None:
        self._model, self._left = model, _MAX_TOKENS

    def __call__(self, text: str) -> list[Word]:
        tokens = self._model.tokens(text)
        self._left -= self._model.cost(tokens)
        if self._left < 0:
            raise DetectorError("too_large")
        return self._model.words(tokens)


def _of_people(passage: Passage, spans: Sequence[Span]) -> Iterator[Span]:
    """Without names of things: what a field or column says its value is weighs more than what it sounds like."""
    table = list(columns.find(passage.text)) if spans else []
    starts = [cell.start for cell in table]
    for span in spans:
        at = bisect_right(starts, span.start)
        cell = table[at - 1] if at and span.start < table[at - 1].end else None
        if cell is None:
            hints, value, inside = passage.hints, passage.text, span
        else:
            hints, value = cell.hints, cell.value
            inside = replace(span, start=span.start - cell.start, end=min(span.end, cell.end) - cell.start)
            if span.end > cell.end and span.entity_type == "STREET_ADDRESS":
                continue  # none goes on in the next cell
        if not things.names_thing(hints, value, inside):
            yield span if cell is None else replace(span, end=min(span.end, cell.end))
