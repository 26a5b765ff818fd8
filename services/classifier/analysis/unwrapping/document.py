"""JSON that stands in a text: its values, each under the names above it, as outside.

Rules:
- It may begin anywhere and be cut off: what was read up to there counts. One pass over the text, whatever stands in it.
- Names, names of siblings and lists reach as they do in the action itself (`walk`).
- A long list of fractions is an embedding here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.unwrapping import escapes, folding
from services.classifier.analysis.unwrapping.layer import Layer, part

_OPEN: Final = re.compile(r"[\[{]\s{0,40}[\"{\[]")
_TOKEN: Final = re.compile(
    r"\s*+(?:\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"|([{}\[\]:,])|(-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?)|"
    r"(?:true|false|null)\b)",
    re.DOTALL,
)
_DEEPEST: Final = 64
_EMBEDDING_LENGTH: Final = 64
_SIBLINGS: Final = frozenset({"name", "key", "Name", "Key"})


@dataclass(frozen=True, slots=True)
class Value:
    """A string, number, key or embedding in the document."""

    layer: Layer
    hints: tuple[str, ...] = ()
    number: bool = False
    embedding: bool = False


@dataclass(slots=True)
class _Frame:
    """An object or list that is open."""

    is_object: bool
    above: tuple[str, ...]
    start: int
    hints: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    key: str | None = None
    numbers: list[tuple[int, int]] = field(default_factory=list)
    only_numbers: bool = True
    fractions: int = 0


@dataclass(frozen=True, slots=True)
class Documents:
    """What was read."""

    values: list[Value]
    whole: bool = False
    """The text is one document, and nothing else."""


NONE: Final = Documents([])


def read(layer: Layer, above: tuple[str, ...]) -> Documents:
    """Everything in every document that stands in a text."""
    text, position, values = layer.text, 0, list[Value]()
    while (opening := _OPEN.search(text, position)) is not None:
        reader, start = _Reader(layer, above), opening.start()
        values += reader.read(start)
        position = max(reader.position, start + 1)
        if reader.is_complete and not text[:start].strip() and not text[position:].strip():
            return Documents(values, whole=True)
    return Documents(values)


class _Reader:
    def __init__(self, layer: Layer, above: tuple[str, ...]) -> None:
        self._layer = layer
        self._above = above
        self._frames: list[_Frame] = []
        self.position = 0
        self.is_complete = False

    def read(self, start: int) -> Iterator[Value]:
        """One document, up to its end or to what is no JSON."""
        self.position = start
        while (token := _TOKEN.match(self._layer.text, self.position)) is not None:
            self.position = token.end()
            if token[2] is not None:
                yield from self._mark(token[2], token.start(2))
                if not self._frames:
                    self.is_complete = True
                    return
            elif not self._frames:
                return
            elif token[1] is not None:
                yield self._string(*token.span(1))
            elif token[3] is not None:
                yield from self._number(*token.span(3))
            if len(self._frames) > _DEEPEST:
                break
        for frame in reversed(self._frames):
            yield from self._close(frame, self.position)

    def _mark(self, mark: str, start: int) -> Iterator[Value]:
        frame = self._frames[-1] if self._frames else None
        match mark:
            case "{" | "[":
                above = self._hints()
                if frame is not None:
                    frame.only_numbers, frame.key = False, None
                self._frames.append(_Frame(mark == "{", above, start, hints=above))
            case "}" | "]":
                if frame is not None:
                    self._frames.pop()
                    yield from self._close(frame, start + 1)
            case ",":
                if frame is not None:
                    frame.key = None

    def _string(self, start: int, end: int) -> Value:
        frame = self._frames[-1]
        inner = part(self._layer, start, end)
        inner = escapes.unescaped(inner) if "\\" in inner.text else inner
        frame.only_numbers = False
        if frame.is_object and frame.key is None:
            frame.key = inner.text
            return Value(inner)
        if frame.key in _SIBLINGS:
            frame.named = names.words(folding.plain(inner.text))
        return Value(inner, self._hints())

    def _number(self, start: int, end: int) -> Iterator[Value]:
        frame = self._frames[-1]
        if frame.is_object:
            yield Value(part(self._layer, start, end), self._hints(), number=True)
            return
        frame.numbers.append((start, end))
        frame.fractions += "." in self._layer.text[start:end]

    def _close(self, frame: _Frame, end: int) -> Iterator[Value]:
        if frame.only_numbers and len(frame.numbers) >= _EMBEDDING_LENGTH and 2 * frame.fractions > len(frame.numbers):
            yield Value(part(self._layer, frame.start, end), frame.above, embedding=True)
            return
        for start, stop in frame.numbers:
            yield Value(part(self._layer, start, stop), frame.above, number=True)

    def _hints(self) -> tuple[str, ...]:
        """What the names above the next value tell."""
        if not self._frames:
            return self._above
        frame = self._frames[-1]
        if not frame.is_object or frame.key is None:
            return frame.hints
        hints = names.words(folding.plain(frame.key))
        return frame.named or frame.above or hints if names.is_container(hints) else hints
