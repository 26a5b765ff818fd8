"""One answer where several detectors speak about the same characters.

Rules:
- Spans that overlap are one span over all of them, so everything that anybody detected is masked. Its type is the
  strongest's: a credential before what a rule or a name found, that before what a model guessed; then the longest, then
  the highest score, then the first name.
- A placeholder that stands in a text already is nobody's value: spans end before it and go on after it. So what is
  masked stays as it is when it is masked again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.classifier.analysis import placeholders
from services.classifier.analysis.language.reading import MODEL
from services.classifier.analysis.unwrapping.layer import Layer
from services.classifier.model import Leaf, Span

_NO_TYPES: Final = frozenset({placeholders.NOT_INSPECTED, placeholders.KEY})
MODEL_TYPES: Final = frozenset({"PERSON", "ORGANIZATION", "LOCATION"})
SPLIT: Final = "split/"
"""How the recognizer of a span begins that is a part of its value: the others stand beside it in a list."""


@dataclass(frozen=True, slots=True)
class Found:
    """A leaf and its disjoint spans, in order."""

    leaf: Leaf
    spans: tuple[Span, ...]
    layers: tuple[Layer, ...] = ()
    """The texts inside it."""

    def value(self, span: Span) -> str:
        """What a span stands for."""
        return span.clear or self.leaf.passage.text[span.start : span.end]


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


def around(text: str, spans: Sequence[Span], kinds: Container[str]) -> tuple[Span, ...]:
    """Disjoint spans in order, without the placeholders of these kinds, and without what only stands between them."""
    if "‹" not in text:
        return tuple(spans)
    found = placeholders.HARMLESS.finditer(text)
    walls = [match.span() for match in found if match[1] in kinds or match[1] in _NO_TYPES]
    return tuple(part for span in spans for part in _parts(text, span, walls))


def _parts(text: str, span: Span, walls: Sequence[tuple[int, int]]) -> Iterator[Span]:
    between = [wall for wall in walls if wall[0] < span.end and span.start < wall[1]]
    if not between:
        yield span
        return
    starts, ends = [span.start, *(end for _, end in between)], [*(start for start, _ in between), span.end]
    for start, end in zip(starts, ends, strict=True):
        if any(char.isalnum() for char in text[start:end]):
            yield replace(span, start=start, end=end, clear="")


def _merged(cluster: list[Span], credentials: frozenset[str]) -> Span:
    def strength(span: Span) -> tuple[int, int, float]:
        guessed = span.entity_type in MODEL_TYPES or span.recognizer.startswith(MODEL)
        weak = guessed and not span.recognizer.startswith("field")
        return (2 if span.entity_type in credentials else 0 if weak else 1), span.end - span.start, span.score

    best = min(cluster, key=lambda span: (*(-part for part in strength(span)), span.entity_type, span.recognizer))
    start, end = min(span.start for span in cluster), max(span.end for span in cluster)
    # Of a larger stretch nobody said what it reads; where two values hide in one stretch, it is neither.
    clear = {span.clear for span in cluster}
    told = best.clear if (best.start, best.end) == (start, end) and clear <= {best.clear, ""} else ""
    return Span(best.entity_type, start, end, best.score, best.recognizer, told)
