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

from services.classifier.adapters.language import PACKAGE, model_path
from services.classifier.adapters.rampart import Rampart
from services.classifier.analysis import shape
from services.classifier.analysis.language import people, things
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


class NameDetector:
    """People and addresses in running text."""

    def __init__(self) -> None:
        self._model = Rampart(model_path())

    @property
    def models(self) -> Mapping[str, str]:
        """The version of the package that brings the model."""
        return {"rampart": importlib.metadata.version(PACKAGE)}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """Spans of people and addresses; raise `DetectorError` (`too_large`) for long prose."""
        if passage.known:
            return ()
        parts = shape.language(passage)
        if sum(end - start for start, end in parts) > _MAX_LANGUAGE_CHARACTERS:
            raise DetectorError("too_large")
        read = _Budgeted(self._model)
        found: list[Span] = []
        for start, end in parts:
            text = passage.text[start:end]
            spans = [*people.find(text, read(text))]
            spans += [
                Span("PERSON", first, last, people.SURE_AGAIN, "rampart/name_alone")
                for first, last, shown in people.overlooked(text, spans, _AGAIN + len(text) // _ONE_IN)
                if people.is_name(shown, read(shown))
            ]
            found += [
                Span(span.entity_type, span.start + start, span.end + start, span.score, span.recognizer)
                for span in spans
            ]
        return list(_of_people(passage, found))


class _Budgeted:
    """Asks the model until what one text may take is spent; then raises `DetectorError` (`too_large`)."""

    def __init__(self, model: Rampart) -> None:
        self._model, self._left = model, _MAX_TOKENS

    def __call__(self, text: str) -> list[Word]:
        self._left -= self._model.cost(text)
        if self._left < 0:
            raise DetectorError("too_large")
        return self._model.read(text)


def _of_people(passage: Passage, spans: Sequence[Span]) -> Iterator[Span]:
    """Without names of things: what a field or column says its value is weighs more than what it sounds like."""
    table = list(columns.find(passage.text)) if spans else []
    starts = [cell.start for cell in table]
    for span in spans:
        cell = table[at - 1] if (at := bisect_right(starts, span.start)) else None
        if table and (cell is None or "\n" in passage.text[span.start : span.end]):
            continue  # the name of a column; what goes on over the end of its row
        if cell is not None and span.start < cell.end:
            if span.entity_type == "STREET_ADDRESS" and span.end > cell.end:
                continue
            inside = replace(span, start=span.start - cell.start, end=span.end - cell.start)
            if span.end <= cell.end and things.names_thing(cell.hints, cell.value, inside):
                continue
        if not things.names_thing(passage.hints, passage.text, span):
            yield span
