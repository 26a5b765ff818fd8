"""Presidio's recognizers, asked one by one: no network, no model, nothing in the log.

Rules:
- Its engine is not used: for one text it looks up recognizers, makes a document for each and sorts all answers again.
  What of it counts is here: context, threshold, and one answer where one lies inside another. Names are found by the
  name model (`name_detector`).
- Presidio's own limit on a pattern's time only logs and leaves the spans out; here the whole worker has a budget, and
  what exceeds it is named as not inspected.
- A recognizer runs only where it can find something (`fitting.GATES`).
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final

os.environ["REGEX_TIMEOUT_SECONDS"] = str(24 * 3600)  # read by Presidio at import; see the rules above

from presidio_analyzer import EntityRecognizer, PatternRecognizer, RecognizerResult

from services.classifier.adapters import recognizers
from services.classifier.adapters.name_detector import NameDetector
from services.classifier.analysis import fitting
from services.classifier.model import Passage, Span

_THRESHOLD: Final = 0.4
_RAISED: Final = 0.35
_LANGUAGE: Final = "en"

for _name in ("presidio-analyzer", "spacy", "tldextract"):  # what they log may quote what they read
    logging.getLogger(_name).disabled = True


class PresidioDetector:
    """Presidio's recognizers, and names by the name model."""

    def __init__(self) -> None:
        self.recognizers: Mapping[str, PatternRecognizer] = {
            kind: one for one in recognizers.patterned(_LANGUAGE) for kind in one.supported_entities
        }
        """By the entity type that each finds."""
        self._names = NameDetector()

    @property
    def models(self) -> Mapping[str, str]:
        """Versions of the engine and of the name model."""
        return {"presidio": importlib.metadata.version("presidio-analyzer"), **self._names.models}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """Spans by every recognizer that can find something; raise `DetectorError` (`too_large`) for long prose."""
        wanted = fitting.wanted(passage)
        return (*(self._analyze(passage, wanted) if wanted else ()), *self._names.detect(passage))

    def _analyze(self, passage: Passage, wanted: Sequence[str]) -> list[Span]:
        found = [one for kind in wanted for one in self.recognizers[kind].analyze(passage.text, [kind])]
        for one in found:
            one.score = _in_context(passage, one)
        results = EntityRecognizer.remove_duplicates([one for one in found if one.score >= _THRESHOLD])
        spans = [
            Span(
                result.entity_type,
                result.start,
                result.end,
                min(1.0, float(result.score)),
                f"presidio/{result.recognition_metadata[RecognizerResult.RECOGNIZER_NAME_KEY]}"[:128],
            )
            for result in results
        ]
        return fitting.kept(passage, spans)


def _in_context(passage: Passage, result: RecognizerResult) -> float:
    """The score, raised where the type's word is in the name above or shortly before."""
    words = fitting.CONTEXT.get(result.entity_type)
    if words is None or not fitting.has_context(passage, result.start, words):
        return float(result.score)
    return min(1.0, max(_THRESHOLD, result.score + _RAISED))
