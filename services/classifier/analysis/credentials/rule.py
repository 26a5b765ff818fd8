"""The words of the rules for secrets: a text, a rule, and where a token may begin.

Rules:
- A rule runs only where one of its marks stands, compared in lower case.
- Patterns are linear: bounded repeats, no nested quantifiers, and a run of characters is tried from its start alone.
- What a pattern cannot tell, `accept` tells of the value (a JWT decodes, a token looks random).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SECRET: Final = "SECRET"  # noqa: S105 - an entity type
EXAMPLE: Final = "EXAMPLE_CREDENTIAL"

EDGE: Final = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u00[0-9A-Fa-f]{2}))"
"""Where a token begins: after no letter, digit or underscore, but after an escape (`\\n`, `%3D`, `\\u003d`)."""
RUN_EDGE: Final = r"(?<![A-Za-z0-9_-])"
"""Where a run of URL-safe characters begins: for patterns that fail only after having read much of one."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and the same in lower case with every character at its place."""

    raw: str = field(repr=False)
    folded: str = field(repr=False)

    @staticmethod
    def of(raw: str) -> Text:
        """Fold character by character where lower case has another length (`İ`)."""
        folded = raw.lower()
        if len(folded) != len(raw):
            folded = "".join(lower if len(lower := char.lower()) == 1 else char for char in raw)
        return Text(raw, folded)


def _any(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One kind of secret. The first group that matched is the value; without groups, the whole match."""

    entity_type: str
    name: str
    pattern: re.Pattern[str]
    marks: tuple[str, ...]
    """One of them stands in any text that the pattern matches."""
    score: float = 0.95
    accept: Callable[[str], bool] = _any
    prefixes: tuple[str, ...] = ()
    """What every token of the kind begins with: what follows may be a stand-in."""
    source: str = ""
    """Where the format is written down."""
    folded: bool = False
    """The pattern is in lower case, for the folded text."""
    told: bool = False
    """Words around tell that the value is a secret, not its shape: what cannot be one is not."""


def alternatives(words: tuple[str, ...], between: str = "") -> str:
    """A pattern for any of some words that branches as they do, so that no position tries them all.

    `between` may stand where a word has `_`.
    """
    if not words:
        return ""
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    ends = "" in branches
    parts = [
        (between if head == "_" and between else re.escape(head)) + alternatives(tuple(dict.fromkeys(tails)), between)
        for head, tails in branches.items()
        if head
    ]
    if not parts:
        return ""
    inner = "|".join(parts)
    return f"(?:{inner})?" if ends else inner if len(parts) == 1 else f"(?:{inner})"
