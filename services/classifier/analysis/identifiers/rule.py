"""One rule: a form, a validator, and the words it needs.

Rules:
- Patterns are linear: bounded repeats, no nested quantifiers, anchored where a token starts.
- A form that chance fills once in a hundred or more often needs one of its words; a checksum of one digit is right by
  chance once in ten, so it alone is no proof.
- A rule with words is not tried at all where none of them stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from services.classifier.analysis.identifiers.context import Around, Words, inside_identifier
from services.classifier.model import Span

Accept = Callable[[str], bool]

NOTHING: Final = Words(())
RECOGNIZER: Final = "identifier/"


@dataclass(frozen=True, slots=True)
class Rule:
    """A form of one entity type."""

    entity_type: str
    name: str
    pattern: re.Pattern[str]
    """The first group is the span; without one, the whole match."""
    accept: Accept
    words: Words = field(default=NOTHING)
    """One of them must be near; none: the form speaks for itself."""
    score: float = 0.9

    def find(self, around: Around) -> Iterator[Span]:
        """What the rule finds."""
        if self.words is not NOTHING and not around.has(self.words):
            return
        text, group = around.passage.text, 1 if self.pattern.groups else 0
        for match in self.pattern.finditer(text):
            start, end = match.span(group)
            if inside_identifier(text, start, end) or not self.accept(text[start:end]):
                continue
            if self.words is not NOTHING and not self.words.near(around.passage, start, end):
                continue
            yield Span(self.entity_type, start, end, self.score, f"{RECOGNIZER}{self.name}")


def digits(groups: str, *, joints: str = " .-") -> re.Pattern[str]:
    """Digits in groups (`3 3 4`) that stand together or with one mark between them."""
    joint = f"[{re.escape(joints)}]?" if joints else ""
    return token(joint.join(rf"\d{{{size}}}" for size in groups.split()))


def token(form: str) -> re.Pattern[str]:
    """A form that is no part of a word. ASCII digits only: what else Unicode calls a digit is for others."""
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{form})(?![A-Za-z0-9_])", re.ASCII)


def words(*names: str) -> Words:
    """The words of a rule."""
    return Words(names)
