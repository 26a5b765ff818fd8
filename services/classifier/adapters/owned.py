"""What the owner looks for, beside everybody else's detectors.

Rules:
- It looks at every text: also at the single words and small numbers that hold nothing for the other detectors (a code
  name is one word).
- Nothing of the owner's is remembered: looking again costs less than a keyed hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.classifier.adapters.files import Configuration
from services.classifier.analysis.owners import dictionaries, recognizers
from services.classifier.analysis.owners.markings import Marks
from services.classifier.model import Passage, Span
from services.classifier.ports import Detector


class OwnDetector:
    """Recognizers, dictionaries and markings of a configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self.recognizers = recognizers.Recognizers(configuration.own.recognizers)
        self.terms = dictionaries.Index(configuration.terms)
        self.marks = Marks(configuration.own.markings)

    @property
    def models(self) -> Mapping[str, str]:
        """None: the digest of the configuration says which they are."""
        return {}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """The spans of all; raise `DetectorError` where a recognizer has spent its budget."""
        return tuple(self._spans(passage))

    def _spans(self, passage: Passage) -> Iterator[Span]:
        yield from (one.span for one in self.recognizers.find(passage))
        yield from (one.span for one in self.terms.find(passage.text))
        yield from self.marks.find(passage)


class WithOwn:
    """Others' detectors and the owner's."""

    def __init__(self, others: Detector, own: Detector) -> None:
        self._others, self._own = others, own

    @property
    def models(self) -> Mapping[str, str]:
        """Of all of them."""
        return {**self._others.models, **self._own.models}

    def detect(self, passage: Passage) -> Sequence[Span]:
        """The spans of all; raise `DetectorError` where one of them could not look."""
        return (*self._own.detect(passage), *self._others.detect(passage))
