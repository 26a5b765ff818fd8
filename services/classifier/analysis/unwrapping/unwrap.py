"""One level down: every text that stands inside a text.

Rules:
- Bounded by depth (who asks counts it) and by `Room`: characters of decoded text, for one action together.
- Where something is inside and cannot be looked into, `Closed` says why; the text it stands in is then not inspected.
- What stands inside a credential is not looked for: it is masked with it, and restricted already.
- A short plain text costs two looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis.unwrapping import document, escapes, folding, joints, runs
from services.classifier.analysis.unwrapping.layer import Layer, decoded

DEEPEST: Final = 4
"""Levels: base64 of JSON, with URL encoding in a JSON in it."""
SHORTEST: Final = 8
"""Nothing worth a look hides in a shorter text."""


@dataclass(slots=True)
class Room:
    """How much may still be decoded: characters, altogether and of one run."""

    characters: int
    of_one: int

    def takes(self, size: int) -> bool:
        """Whether so many characters more are looked into."""
        if size > self.of_one or size > self.characters:
            return False
        self.characters -= size
        return True


@dataclass(frozen=True, slots=True)
class Inner:
    """A text inside another."""

    layer: Layer
    how: str
    """`json`, `base64`, `hex`, `url` …: the first part of its findings' recognizer; empty where nothing was hidden."""
    hints: tuple[str, ...] = ()
    number: bool = False
    known: bool = False
    """No language stands there."""
    kind: str = ""
    """What all of it is, as an entity type, where that is known without looking into it."""
    told: str = "shape"
    """What told the kind."""
    own: bool = False
    """A text of its own, not another spelling of the same one."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Something that could not be looked into: a code of `placet.events.Uninspected`."""

    reason: str


def inside(
    layer: Layer, hints: tuple[str, ...], room: Room, covered: Sequence[tuple[int, int]] = ()
) -> Iterator[Inner | Closed]:
    """What stands inside a text, outside the stretches that are `covered`."""
    text = layer.text
    if len(text) < SHORTEST:
        return
    for found in _inside(layer, hints, room.of_one, covered):
        if isinstance(found, Inner) and not room.takes(len(found.layer.text)):
            yield Closed("too_large")
            return
        yield found


def texts(text: str, room: Room) -> Iterator[Layer]:
    """Every text that can be read in a text, itself not, as deep as anybody looks."""
    yield from _texts(Layer(text), room, 0)


def _texts(layer: Layer, room: Room, depth: int) -> Iterator[Layer]:
    folded = folding.fold(layer)
    if folded is not layer:
        yield folded
    if depth == DEEPEST:
        return
    for inner in inside(folded, (), room):
        if isinstance(inner, Inner):
            yield inner.layer
            yield from _texts(inner.layer, room, depth + 1)


def _inside(
    layer: Layer, hints: tuple[str, ...], most: int, covered: Sequence[tuple[int, int]]
) -> Iterator[Inner | Closed]:
    text = layer.text
    documents = document.read(layer, hints) if "{" in text or "[" in text else document.NONE
    for value in documents.values:
        yield Inner(value.layer, "", value.hints, value.number, kind=value.kind, own=True)
    for how, other in escapes.inside(layer, literal=documents.whole):
        yield Inner(other, how, hints)
    for how, other in joints.inside(layer):
        yield Inner(other, how, hints, known=True)
    for run in runs.find(text, most):
        if any(start <= run.start and run.end <= end for start, end in covered):
            continue
        content = run.content
        if content.closed:
            yield Closed(content.closed)
        if content.kind:
            inner = decoded(layer, run.start, run.end, text[run.start : run.end])
            yield Inner(inner, run.how, hints, kind=content.kind, told=content.told)
        elif content.text or content.strings:
            inner = decoded(layer, run.start, run.end, content.text or content.strings)
            yield Inner(inner, run.how, hints, known=not content.text, own=True)
