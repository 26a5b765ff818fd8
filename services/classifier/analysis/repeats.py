"""A value that was detected once is masked everywhere.

Rules:
- A detected value of four characters or more is masked wherever else it stands, detected there or not, in clear or in
  any of the encodings that are looked into (`unwrapping`). So is what a hidden one reads.
- The longest value first, so that a part never takes the place of the whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from services.classifier.analysis.spans import Found, resolve
from services.classifier.model import Span

SHORTEST_VALUE: Final = 4
"""Shorter values are masked in place and not searched for elsewhere: they would be found in everything."""


def values(found: Iterable[Found], credentials: frozenset[str]) -> dict[str, Span]:
    """Every detected value that is searched for elsewhere, and what it is (a credential, where it is one anywhere); the
    longest first.
    """
    known: dict[str, Span] = {}
    for one in found:
        for span in one.spans:
            stronger = span.entity_type in credentials
            for value in (one.leaf.passage.text[span.start : span.end], span.clear):
                if len(value) < SHORTEST_VALUE or len(value.strip()) < SHORTEST_VALUE:
                    continue
                if value not in known or (stronger and known[value].entity_type not in credentials):
                    known[value] = span
    return dict(sorted(known.items(), key=lambda item: -len(item[0])))


def spread(found: Sequence[Found], detected: Mapping[str, Span], credentials: frozenset[str]) -> list[Found]:
    """The same leaves, with every other place of a detected value among their spans."""
    repeated = _repeated(found, detected)
    return [_with_repeats(one, repeated, credentials) for one in found] if repeated else list(found)


def literals(text: str, spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """The stretches of a text outside its spans."""
    position = 0
    for span in spans:
        if span.start > position:
            yield position, span.start
        position = span.end
    if position < len(text):
        yield position, len(text)


def _repeated(found: Sequence[Found], values: Mapping[str, Span]) -> dict[str, Span]:
    """The values that stand somewhere besides where they were detected; the others need no search in every leaf."""
    whole = "\n".join(one.leaf.passage.text for one in found)
    hidden = "\n".join(layer.text for one in found for layer in one.layers)
    detected = Counter(one.leaf.passage.text[span.start : span.end] for one in found for span in one.spans)
    return {value: span for value, span in values.items() if whole.count(value) > detected[value] or value in hidden}


def _with_repeats(one: Found, values: Mapping[str, Span], credentials: frozenset[str]) -> Found:
    text = one.leaf.passage.text
    spans = list(one.spans)
    for value, known in values.items():
        if value not in text:
            continue
        for start, end in list(literals(text, spans)):
            for position in _places(value, text, start, end):
                after = position + len(value)
                spans.append(Span(known.entity_type, position, after, known.score, "repeat", known.clear))
        spans.sort(key=lambda span: span.start)
    if one.layers and (hidden := list(_hidden(one, values, spans))):
        spans = list(resolve([*spans, *hidden], credentials))
    return replace(one, spans=tuple(spans))


def _hidden(one: Found, values: Mapping[str, Span], spans: Sequence[Span]) -> Iterator[Span]:
    """Values in the texts inside a leaf, where nothing covers them yet."""
    texts = [layer.text for layer in one.layers]
    whole, begins = "\n".join(texts), [0, *accumulate(len(text) + 1 for text in texts)]
    starts = [span.start for span in spans]
    for value, known in values.items():
        for position in _places(value, whole, 0, len(whole)):
            number = bisect_right(begins, position) - 1
            at = position - begins[number]
            if at + len(value) > len(texts[number]):  # over the border of two texts
                continue
            start, end = one.layers[number].ground(at, at + len(value))
            around = bisect_right(starts, start) - 1
            if around < 0 or spans[around].end < end:
                yield Span(known.entity_type, start, end, known.score, "repeat", value)


def _places(value: str, text: str, start: int, end: int) -> Iterator[int]:
    position = text.find(value, start, end)
    while position >= 0:
        yield position
        position = text.find(value, position + len(value), end)
