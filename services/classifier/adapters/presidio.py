"""Presidio, made fit: no network, no model of its own, chosen recognizers, nothing in the log.

Rules:
- Presidio is given no text to parse: it would load a spaCy model, and download one that it does not find. Names are
  found by the name model (`name_detector`).
- Presidio's own limit on a pattern's time only logs and leaves the spans out; here the whole worker has a budget, and
  what exceeds it is named as not inspected.
- A recognizer runs only where it can find something (`fitting.GATES`).
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

os.environ["REGEX_TIMEOUT_SECONDS"] = str(24 * 3600)  # read by Presidio at import; see the rules above

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.tokens import Doc
from spacy.vocab import Vocab

from services.classifier.adapters import recognizers
from services.classifier.analysis import fitting
from services.classifier.model import Passage, Span

_THRESHOLD: Final = 0.4
_RAISED: Final = 0.35
_LANGUAGE: Final = "en"

for _name in ("presidio-analyzer", "spacy", "tldextract"):  # what they log may quote what they read
    logging.getLogger(_name).disabled = True


class _NoLanguage(NlpEngine):
    """Says that there is nothing in a text but the text."""

    def load(self) -> None:
        """Nothing."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:  # noqa: ARG002 - Presidio's signature
        """The same nothing for every text."""
        return NlpArtifacts([], Doc(Vocab()), [], [], None, language, [])

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,  # noqa: ARG002
        n_process: int = 1,  # noqa: ARG002
        **_: Any,
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """As `process_text`."""
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def get_supported_entities(self) -> list[str]:
        """None."""
        return []

    def get_supported_languages(self) -> list[str]:
        """The one that all recognizers speak to the engine."""
        return [_LANGUAGE]


class _WordsBefore(ContextAwareEnhancer):
    """Raises a score where the type's word is in the name above or shortly before; linear in the results."""

    def __init__(self) -> None:
        super().__init__(
            context_similarity_factor=_RAISED,
            min_score_with_context_similarity=_THRESHOLD,
            context_prefix_count=0,
            context_suffix_count=0,
        )

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,  # noqa: ARG002 - Presidio's signature
        recognizers: list[EntityRecognizer],  # noqa: ARG002
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        passage = Passage(text, tuple(context or ()))
        for result in raw_results:
            words = fitting.CONTEXT.get(result.entity_type)
            if words is not None and fitting.has_context(passage, result.start, words):
                result.score = min(1.0, max(_THRESHOLD, result.score + _RAISED))
        return raw_results


class PresidioDetector:
    """Presidio's recognizers."""

    def __init__(self) -> None:
        nothing = _NoLanguage()
        registry = RecognizerRegistry(recognizers=recognizers.patterned(_LANGUAGE), supported_languages=[_LANGUAGE])
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=nothing,
            supported_languages=[_LANGUAGE],
            context_aware_enhancer=_WordsBefore(),
        )
        self._nothing = nothing.process_text("", _LANGUAGE)

    @property
    def models(self) -> Mapping[str, str]:
        """The version of the engine."""
        return {"presidio": importlib.metadata.version("presidio-analyzer")}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """Spans by every recognizer that can find something."""
        wanted = fitting.wanted(passage)
        return self._analyze(passage, wanted) if wanted else ()

    def _analyze(self, passage: Passage, wanted: list[str]) -> list[Span]:
        results = self._engine.analyze(
            passage.text,
            _LANGUAGE,
            entities=wanted,
            context=list(passage.hints),
            score_threshold=_THRESHOLD,
            nlp_artifacts=self._nothing,
        )
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
