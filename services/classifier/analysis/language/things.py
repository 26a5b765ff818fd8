"""What the name of a field or column says its values are the names of: things, which may be called like somebody.

Rules:
- What a field says weighs more than what its value sounds like: a vessel, a font, a model, a plant. `product_name`,
  `{"products": [{"name": …}]}` and a column `product` say one thing.
- Where people write sentences (`title`, `summary`), a value counts as a thing's name only as a whole; where things have
  their names, a name in a row of words with capitals does, too.
"""

from __future__ import annotations

import re
from typing import Final

from services.classifier.analysis.language.words import NOT_PEOPLE, SENTENCES
from services.classifier.model import Span

_NAMING: Final = frozenset({"name", "title", "label", "display", "displayname", "id"})
_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST: Final = 6


def is_thing(word: str) -> bool:
    """Whether a word, or what it is the plural of, is that of things."""
    return word in NOT_PEOPLE or word.removesuffix("s") in NOT_PEOPLE or word.removesuffix("es") in NOT_PEOPLE


def says_thing(hints: tuple[str, ...]) -> bool:
    """Whether values under a name are names of things."""
    while len(hints) > 1 and hints[-1] in _NAMING and is_thing(hints[-2]):
        hints = hints[:-1]
    return bool(hints) and is_thing(hints[-1])


def names_thing(hints: tuple[str, ...], value: str, span: Span) -> bool:
    """Whether a span of a value names the thing that its field says; `span` counts from the value's start."""
    if span.entity_type != "PERSON" or not says_thing(hints):
        return False
    if not value[: span.start].strip() and not value[span.end :].strip():
        return True
    words = _WORD.findall(value)
    return hints[-1] not in SENTENCES and len(words) <= _MOST and all(word[0].isupper() for word in words)
