"""The words of classifying, between an event that comes in and one that goes out.

Rules:
- A place is a path into {arguments, purpose, preview}; a span is code points of the text at a place.
- Objects here hold values in clear: they stay in the worker's memory, and no `repr` shows them.
- What leaves the worker is a `Classification`, in which everything is masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from placet.events import Facts, Finding, Sensitivity, Uninspected

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root, as in the original."""

Where: TypeAlias = Literal["value", "key"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is classified of a proposal, in clear."""

    agent: str
    name: str
    resource: str
    arguments: Mapping[str, Any] = field(repr=False)
    purpose: str = field(repr=False)
    preview: Any = field(repr=False)
    session: str | None = field(default=None, repr=False)


NOWHERE: Final[tuple[tuple[int, int], ...]] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to look into, and what the names above it tell."""

    text: str = field(repr=False)
    hints: tuple[str, ...] = ()
    """Words of the nearest key name, lower case: `cardNumber` gives (card, number)."""
    number: bool = False
    """The text is a JSON number written out."""
    spoken: tuple[tuple[int, int], ...] | None = None
    """Where alone a model has something to read: nowhere in what is told already. None: anywhere."""

    @property
    def known(self) -> bool:
        """Whether no model needs to guess."""
        return self.spoken == NOWHERE


@dataclass(frozen=True, slots=True)
class Span:
    """A sensitive stretch of a passage; offsets count code points."""

    entity_type: str
    start: int
    end: int
    score: float
    recognizer: str
    clear: str = field(default="", repr=False)
    """What it reads where it was hidden: decoded, in one spelling, put together. Empty: as it stands."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A string, number or object key of the action."""

    path: Path
    """Of the value; for a key, of the member it names."""
    where: Where
    passage: Passage
    entity_type: str | None = None
    """What the whole leaf is by its shape alone, where that is known without looking into it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A place that is not looked into, and why: a code of `placet.events.Uninspected`."""

    path: Path
    reason: str
    where: Where = "value"


@dataclass(frozen=True, slots=True)
class Classification:
    """The result: masked, labelled, and safe to publish."""

    arguments: Mapping[str, Any]
    purpose: str
    preview: Any
    findings: tuple[Finding, ...]
    labels: tuple[str, ...]
    sensitivity: Sensitivity
    facts: Facts
    incomplete: tuple[Uninspected, ...]
    likeness: str
    forms: Mapping[str, str] = field(default_factory=dict)
    """What may be told of values that are masked, by placeholder."""
