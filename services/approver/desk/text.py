"""Hostile text made legible: what a reviewer reads is what is there, and nothing else.

Rules:
- A character that is invisible, that steers the direction of text, or that piles up on another is shown as its code
  point (UTR 36); a line break is shown as a mark and a break. No character is dropped: that would be a cut.
- A placeholder is shown as a chip only where the classifier says that it masked something, with the form that the
  classifier tells of it; the same characters written by the agent itself are shown as what they are.
- Nothing here escapes markup: that is the template's, for every string, always.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_PLACEHOLDER: Final = re.compile(r"‹([A-Z][A-Z0-9_]{0,63}?)(?:_(\d{1,6}))?›")
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by category that are drawn as nothing."""
_MARKS_IN_A_ROW: Final = 2
"""Combining marks that living languages put on one letter; more is drawing, not writing."""


NO_FORMS: Final[Mapping[str, str]] = MappingProxyType({})


class Kind(StrEnum):
    """What a stretch of text is."""

    TEXT = "text"
    CODE_POINT = "code_point"
    """A character shown by its number, because its picture would mislead."""
    BREAK = "break"
    MASK = "mask"
    """A placeholder the classifier put there."""
    IMITATION = "imitation"
    """The agent's own text, written like a placeholder."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one kind; `title` explains it to whoever points at it."""

    kind: Kind
    text: str
    title: str = ""
    form: str = ""
    """Of a mask: what may be told of the value, such as `ending 1111`."""


def segments(
    text: str, masked: AbstractSet[str] = frozenset(), forms: Mapping[str, str] = NO_FORMS
) -> tuple[Segment, ...]:
    """The text in stretches. `masked` are the entity types that the classifier masked in this very place; `forms` are
    the action's.
    """
    found: list[Segment] = []
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        found += _visible(text[position : match.start()])
        kind, number = match.groups()
        if kind in masked:
            label = kind.replace("_", " ").lower()
            name, form = f"{label} {number}" if number else label, forms.get(match.group(), "")
            found.append(Segment(Kind.MASK, name, "Masked by the classifier", form))
        else:
            found.append(Segment(Kind.IMITATION, match.group(), "Written by the agent; nothing is masked here"))
        position = match.end()
    found += _visible(text[position:])
    return tuple(found)


def in_the_open(text: str) -> str:
    """The same on one line of plain text, for titles and for readers without markup."""
    shown = {Kind.CODE_POINT: "⟨{}⟩", Kind.BREAK: "↵"}
    return "".join(shown.get(part.kind, "{}").format(part.text) for part in _visible(text))


def _visible(text: str) -> list[Segment]:
    if text.isascii() and text.isprintable() and text == text.strip():
        return [Segment(Kind.TEXT, text)] if text else []
    found: list[Segment] = []
    kept: list[str] = []

    def flush() -> None:
        if kept:
            found.append(Segment(Kind.TEXT, "".join(kept)))
            kept.clear()

    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if char == "\n":
            flush()
            found.append(Segment(Kind.BREAK, "↵", "Line break"))
        elif misleads(char) or marks > _MARKS_IN_A_ROW:
            flush()
            found.append(Segment(Kind.CODE_POINT, f"U+{ord(char):04X}", unicodedata.name(char, "control character")))
        else:
            kept.append(char)
    flush()
    return found


def misleads(char: str) -> bool:
    """Whether a character is better shown by its number than by its picture."""
    category = unicodedata.category(char)
    return (
        category[0] == "C"
        or category in {"Zl", "Zp"}
        or (category == "Zs" and char != " ")
        or char in _BLANK
        or "\ufe00" <= char <= "\ufe0f"  # variation selectors
        or "\U000e0100" <= char <= "\U000e01ef"
    )
