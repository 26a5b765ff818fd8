"""A text made from another, and which stretch of that other each of its characters came from.

Rules:
- A piece is exact (character for character) or whole: any part of it came from all of its stretch, as with base64.
- What lies between the stretches of two pieces was left out; a span over both pieces covers it too.
- Layers stand on each other; the lowest is the text as it stands in the action.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Piece(NamedTuple):
    """From `at` on, up to where the next piece begins."""

    at: int
    start: int
    end: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """A text over another; over nothing, the text itself."""

    text: str = field(repr=False)
    below: Layer | None = None
    pieces: tuple[Piece, ...] = ()

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the text below that a stretch (not empty) came from."""
        first = self.pieces[bisect_right(self.pieces, start, key=_at) - 1]
        last = self.pieces[bisect_right(self.pieces, end - 1, key=_at) - 1]
        return (
            first.start + start - first.at if first.exact else first.start,
            last.start + end - last.at if last.exact else last.end,
        )

    def ground(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the lowest text."""
        layer = self
        while layer.below is not None:
            start, end = layer.origin(start, end)
            layer = layer.below
        return start, end


class Weaver:
    """Makes a layer, from left to right."""

    def __init__(self, below: Layer) -> None:
        self._below = below
        self._texts: list[str] = []
        self._pieces: list[Piece] = []
        self._size = 0

    def keep(self, start: int, end: int) -> None:
        """A stretch as it is."""
        if start < end:
            self._add(self._below.text[start:end], start, end, exact=True)

    def put(self, text: str, start: int, end: int) -> None:
        """A text that stands for a stretch."""
        if text:
            self._add(text, start, end, exact=len(text) == end - start == 1)

    def layer(self) -> Layer:
        """What was made."""
        return Layer("".join(self._texts), self._below, tuple(self._pieces))

    def _add(self, text: str, start: int, end: int, *, exact: bool) -> None:
        last = self._pieces[-1] if self._pieces else None
        # One long piece instead of many: most of a text is exact, one character after the other.
        if last is None or not (exact and last.exact and last.start + self._size - last.at == start):
            self._pieces.append(Piece(self._size, start, end, exact))
        self._texts.append(text)
        self._size += len(text)


def part(below: Layer, start: int, end: int) -> Layer:
    """A stretch as a text of its own."""
    return Layer(below.text[start:end], below, (Piece(0, start, end, exact=True),))


def decoded(below: Layer, start: int, end: int, text: str) -> Layer:
    """A text that all of a stretch stands for."""
    return Layer(text, below, (Piece(0, start, end, exact=False),))


def respelled(below: Layer, text: str) -> Layer:
    """A text as long as the one below, some of its characters others."""
    return Layer(text, below, (Piece(0, 0, len(text), exact=True),))


def _at(piece: Piece) -> int:
    return piece.at
