"""One answer where several detectors speak about the same characters.

Rule: spans that overlap are one span over all of them, so everything that anybody detected is masked. Its type is the
strongest's: a credential before what a rule or a name found, that before what a model guessed; then the longest, then
the highest score, then the first name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.classifier.model import Span

MODEL_TYPES: Final = frozenset({"PERSON", "ORGANIZATION", "LOCATION"})


def resolve(spans: Iterable[Span], credentials: frozenset[str]) -> tuple[Span, ...]:
    """Disjoint spans in order. `credentials` are the entity types that come first."""
    clusters: list[list[Span]] = []
    end = -1
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if span.start >= span.end:
            continue
        if clusters and span.start < end:
            clusters[-1].append(span)
            end = max(end, span.end)
        else:
            clusters.append([span])
            end = span.end
    return tuple(_merged(cluster, credentials) for cluster in clusters)


def _merged(cluster: list[Span], credentials: frozenset[str]) -> Span:
    def strength(span: Span) -> tuple[int, int, float]:
        weak = span.entity_type in MODEL_TYPES and not span.recognizer.startswith("field")
        return (2 if span.entity_type in credentials else 0 if weak else 1), span.end - span.start, span.score

    best = min(cluster, key=lambda span: (*(-part for part in strength(span)), span.entity_type, span.recognizer))
    start, end = min(span.start for span in cluster), max(span.end for span in cluster)
    return Span(best.entity_type, start, end, best.score, best.recognizer)
