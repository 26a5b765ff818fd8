"""JSON that stands in a text: its values, each under the names above it, as outside.

Rules:
- It may begin anywhere and be cut off: what was read up to there counts. One pass over the text, whatever stands in it.
- Names, names of siblings and lists reach as they do in the action itself (`walk`); names over rows do where they are
  read before them.
- A vector (`vectors`) is one thing here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.classifier.analysis import headed, names, siblings, vectors
from services.classifier.analysis.unwrapping import escapes, folding
from services.classifier.analysis.unwrapping.layer import Layer, part

_OPEN: Final = re.compile(r"[\[{]\s{0,40}[\"{\[]")
_TOKEN: Final = re.compile(
    r"\s*+(?:\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"|([{}\[\]:,])|(-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?)|"
    r"(?:true|false|null)\b)",
    re.DOTALL,
)
_DATA: Final = re.compile(r"\[[^\[\]]{0,500}?[\dA-Z@\u0080-\uffff]")
"""A row has more than names in small letters: lists of names are keys and groups."""
_DEEPEST: Final = 64
_SIBLINGS: Final = frozenset({"name", "key", "Name", "Key"})


@dataclass(frozen=True, slots=True)
class Value:
    """A string, number, key or embedding in the document."""

    layer: Layer
    hints: tuple[str, ...] = ()
    number: bool = False
    kind: str = ""
    """What all of it is, where its shape says so."""


@dataclass(slots=True)
class _Frame:
    """An object or list that is open."""

    is_object: bool
    above: tuple[str, ...]
    start: int
    hints: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    key: str | None = None
    columns: headed.Columns = ()
    """Of a row, the names over its values; of others, those over the rows in it."""
    is_row: bool = False
    at: int = 0
    """How many commas were read: the place in a list."""
    strings: list[str] = field(default_factory=list)
    """What a list holds while it may be a header."""
    numbers: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)
    only_numbers: bool = True


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
                inner = _Frame(mark == "{", self._hints(), start)
                inner.hints = inner.above
                if frame is not None:
                    if mark == "[":
                        _place(inner, frame, self._layer.text)
                    frame.only_numbers, frame.key = False, None if mark == "{" else frame.key
                self._frames.append(inner)
            case "}" | "]":
                if frame is not None:
                    self._frames.pop()
                    if self._frames:
                        _learn(self._frames[-1], frame)
                    yield from self._close(frame, start + 1)
            case ",":
                if frame is not None:
                    frame.key = None
                    frame.at += 1

    def _string(self, start: int, end: int) -> Value:
        frame = self._frames[-1]
        inner = part(self._layer, start, end)
        inner = escapes.unescaped(inner) if "\\" in inner.text else inner
        frame.only_numbers = False
        if not frame.is_object and len(frame.strings) == frame.at:
            frame.strings.append(inner.text)
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
        frame.numbers.append((start, end, self._hints()))

    def _close(self, frame: _Frame, end: int) -> Iterator[Value]:
        if frame.only_numbers and len(frame.numbers) >= vectors.SHORTEST:
            text = self._layer.text
            if vectors.is_vector([float(text[start:stop]) for start, stop, _ in frame.numbers]):
                yield Value(part(self._layer, frame.start, end), frame.above, kind=vectors.EMBEDDING)
                return
        for start, stop, hints in frame.numbers:
            yield Value(part(self._layer, start, stop), hints, number=True)

    def _hints(self) -> tuple[str, ...]:
        """What the names above the next value tell."""
        if not self._frames:
            return self._above
        frame = self._frames[-1]
        if frame.is_row and frame.at < len(frame.columns):
            return frame.columns[frame.at] or frame.hints
        if not frame.is_object or frame.key is None:
            return frame.hints
        hints = siblings.hints(names.words(folding.plain(frame.key)), (), frame.above)
        return frame.named or frame.above or hints if names.is_container(hints) else hints


def _place(inner: _Frame, frame: _Frame, text: str) -> None:
    """A list that opens: a row, a list of rows, or neither."""
    if frame.is_object:
        if frame.key is not None and headed.holds_rows(names.words(frame.key)):
            inner.columns = frame.columns
    elif frame.columns and not frame.is_row and _DATA.match(text, inner.start):
        inner.columns, inner.is_row = frame.columns, True


def _learn(frame: _Frame, inner: _Frame) -> None:
    """A list that closes may have been the header of what follows it."""
    if inner.is_object or len(inner.strings) != inner.at + 1:
        return
    if frame.is_object:
        if frame.key is not None and headed.is_header(names.words(frame.key)):
            frame.columns = headed.of(inner.strings)
    elif frame.at == 0 and not frame.columns and not frame.is_row:
        frame.columns = headed.of(inner.strings)
