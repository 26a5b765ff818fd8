"""Names, addresses: the name model over what reads like language, and only that.

Rules:
- A text that is longer than the model should be asked about is named as too large, not guessed about.
- Of a text only the lines with a word that could be somebody's are read, with the lines beside them: a log of a
  thousand lines costs what its sentences cost.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Final

from services.classifier.adapters.language import PACKAGE, model_files
from services.classifier.adapters.lexicon import lexicon
from services.classifier.adapters.rampart import Rampart
from services.classifier.analysis.language import again, letters, people, reading, trimmed, where
from services.classifier.analysis.language.reading import Word
from services.classifier.errors import DetectorError
from services.classifier.model import Passage, Span

_MAX_LANGUAGE_CHARACTERS: Final = 20_000
_MAX_TOKENS: Final = 9_000
"""About a second, however the characters are made up."""
_AGAIN: Final = 4
_ONE_IN: Final = 100
"""Pairs of words of one part that are shown to the model alone: so many, and one more for so many characters."""


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
                Span("PERSON", first, last, least or 0.75, reading.ALONE if least else reading.LISTED)
                for first, last, shown, least in again.overlooked(
                    text, spans, _AGAIN + len(text) // _ONE_IN, self._lexicon
                )
                if not least or again.is_name(shown, read(shown), least)
            ]
            found += [
                Span(span.entity_type, span.start + start, span.end + start, span.score, span.recognizer)
                for span in spans
            ]
        return list(trimmed.to_fields(passage, list(trimmed.apart(passage.text, found))))


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
