"""The detector in use: our rules for secrets and patterns, the engine for the rest, remembered by keyed hash.

Rules: what is remembered are offsets, never values; the key of the memory is a keyed hash of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from services.classifier.adapters import rules
from services.classifier.adapters.remembered import Remembered, keyed
from services.classifier.analysis import artefacts, credentials, names, patterns, vectors
from services.classifier.analysis.language import health, introduced, marked, organisations, scripts
from services.classifier.model import Passage, Span
from services.classifier.ports import Detector

_REMEMBERED: Final = 16_384
"""Texts and the spans in them, together."""
_PLAIN: Final = re.compile(r"[A-Za-z_]{0,19}|-?[0-9]{0,6}")
"""Words and small numbers: most keys and many values. No pattern is that short, and a name in them has a hint."""


class RuleDetector:
    """Everything that needs no model: secrets, patterns, what form alone tells. Also what a test can do with."""

    @property
    def models(self) -> Mapping[str, str]:
        """The digest of the rules."""
        return {"rules": rules.digest()}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """Spans of secrets, personal data, illnesses, organisations, names, artefacts and vectors, as form tells."""
        finders = (credentials, patterns, health, introduced, marked, organisations, scripts, artefacts, vectors)
        return tuple(span for one in finders for span in one.find(passage))


class Detectors:
    """Several detectors as one."""

    def __init__(self, detectors: Sequence[Detector], *, key: bytes) -> None:
        self._detectors = tuple(detectors)
        self._key = key
        self._remembered: Remembered[tuple[Span, ...]] = Remembered(_REMEMBERED)

    @property
    def models(self) -> Mapping[str, str]:
        """Of all of them."""
        return {name: version for one in self._detectors for name, version in one.models.items()}

    @property
    def remembered(self) -> Remembered[tuple[Span, ...]]:
        """What was found before."""
        return self._remembered

    def detect(self, passage: Passage) -> Sequence[Span]:
        """The spans of all; raise `DetectorError` where one of them could not look."""
        if _PLAIN.fullmatch(passage.text) and not (
            names.is_secret(passage.hints) or introduced.says_name(passage.hints)
        ):
            return tuple(health.find(passage))
        mark = self._mark(passage)
        found = self._remembered.get(mark)
        if found is None:
            found = tuple(span for one in self._detectors for span in one.detect(passage))
            self._remembered.keep(mark, found, len(found))
        return found

    def _mark(self, passage: Passage) -> bytes:
        context = f"{passage.number:d}{passage.spoken}{' '.join(passage.hints)}\n"
        return keyed(self._key, b"detect", context + passage.text)
