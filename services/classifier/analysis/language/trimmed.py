"""What is left of names and addresses where a form, a cell or a field says more than the model.

Rules:
- An address ends where a name begins that its form tells; a number before a name that lists tell is no address.
- Nothing goes on over the border of a cell; what a field or column says its value is weighs more than what it sounds
  like.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from services.classifier.analysis.language import letters, things
from services.classifier.analysis.language.reading import ADDRESS, LISTED
from services.classifier.analysis.unwrapping import columns
from services.classifier.model import Passage, Span

_TOLD: Final = frozenset({letters.MIDDLE, LISTED})


def apart(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Addresses end where a name begins that its form tells; a number before a name that lists tell is none."""
    told = [span for span in spans if span.recognizer in _TOLD]
    for span in spans:
        inside = [one for one in told if span.start < one.start < span.end] if span.recognizer == ADDRESS else ()
        if not inside:
            yield span
        elif inside[0].recognizer == letters.MIDDLE:
            yield replace(span, end=inside[0].start)
        elif any(char.isalpha() for char in text[span.start : inside[0].start] + text[inside[0].end : span.end]):
            yield span


def to_fields(passage: Passage, spans: Sequence[Span]) -> Iterator[Span]:
    """Without names of things: what a field or column says its value is weighs more than what it sounds like."""
    table = list(columns.find(passage.text)) if spans else []
    starts = [cell.start for cell in table]
    for span in spans:
        at = bisect_right(starts, span.start)
        cell = table[at - 1] if at and span.start < table[at - 1].end else None
        if cell is None:
            hints, value, inside = passage.hints, passage.text, span
        else:
            hints, value = cell.hints, cell.value
            inside = replace(span, start=span.start - cell.start, end=min(span.end, cell.end) - cell.start)
            if span.end > cell.end and span.entity_type == "STREET_ADDRESS":
                continue  # none goes on in the next cell
        if not things.names_thing(hints, value, inside):
            yield span if cell is None else replace(span, end=min(span.end, cell.end))
