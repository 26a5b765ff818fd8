"""What the classifier needs from outside.

Rules: a port says nothing of who stands behind it; a detector may be replaced without the rest noticing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from placet.fingerprint_keys import FingerprintKeys
from services.classifier.model import Classification, Passage, Span, Subject


class Detector(Protocol):
    """Finds sensitive spans in one text."""

    @property
    def models(self) -> Mapping[str, str]:
        """Name → version of everything that decides what is found."""

    def detect(self, passage: Passage) -> Sequence[Span]:
        """The spans, in any order, overlapping or not; raise `DetectorError` where it could not look."""


@dataclass(frozen=True, slots=True)
class GaveUp:
    """No classification: the worker was killed at its budget (`too_slow`), died or failed (`error`)."""

    reason: str
    detail: str = ""
    """The type of the error and where it was raised; never its text."""


@dataclass(frozen=True, slots=True)
class Unmaskable:
    """A credential stands in a part of the action that everybody may read."""


class Analyst(Protocol):
    """Classifies subjects within a time budget, whatever they hold."""

    @property
    def configuration(self) -> str:
        """The digest of the configuration that the last subjects were classified with."""

    @property
    def keys(self) -> FingerprintKeys:
        """What the last subjects were marked with."""

    @property
    def models(self) -> Mapping[str, str]:
        """Name → version of everything that decides what is found."""

    def analyse(self, subjects: Sequence[Subject]) -> Sequence[Classification | GaveUp | Unmaskable]:
        """One result per subject, in the same order; raise `PoolError` where nobody can work at all."""
