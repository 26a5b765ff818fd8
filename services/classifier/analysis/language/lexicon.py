"""What is known of a word whoever says it: that people bear it as a name, that it is a word of a language, a place.

Rules:
- Words are compared without case and accents, as the name model compares them.
- A word may be several things at once (Grace, Park, Austin); what it is where it stands is asked of `evidence`.
- Parts of one name (`Anne-Marie`, `O'Brien`) are looked up one by one, two letters and fewer not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from services.classifier.analysis.accents import fold
from services.classifier.analysis.language.called import CALLED, NAMESAKES

_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_PART: Final = re.compile(r"[^\W\d_]{3,}")
_NOUNS: Final = re.compile(r".{3,}(?:tion|tions|ment|ness|ity|ware|ing|ism|ung|keit|heit|schaft|zione|ción|ção|logy)")
"""How words end that are nobody's name, in whichever list they are missing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a word can be."""

    given: bool
    family: bool
    common: bool
    """A word of a language; of a name, that it is one as well."""
    thing: bool
    """A place, or something else that is called like somebody."""

    @property
    def name(self) -> bool:
        """Somebody's."""
        return self.given or self.family

    @property
    def never(self) -> bool:
        """Nobody's name, as far as is known."""
        return not self.name and (self.common or self.thing)

    @property
    def doubtful(self) -> bool:
        """A name, and as well something else."""
        return self.name and (self.common or self.thing)

    @property
    def only_given(self) -> bool:
        """A given name and nothing else."""
        return self.given and not (self.family or self.common or self.thing)

    @property
    def strange(self) -> bool:
        """In no list."""
        return not (self.name or self.common or self.thing)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The lists, folded."""

    given: frozenset[str]
    family: frozenset[str]
    words: frozenset[str]
    places: frozenset[str]

    def known(self, written: str) -> Known:
        """What a word can be; of one that is made of parts, what any of them can."""
        parts = _PART.findall(folded(written))
        return Known(
            any(part in self.given for part in parts),
            any(part in self.family for part in parts),
            bool(parts) and all(part in self.words or _NOUNS.fullmatch(part) is not None for part in parts),
            bool(parts) and all(part in self.places or part in CALLED for part in parts),
        )

    def is_called(self, written: str) -> bool:
        """Whether words, together, are the name of a place, a maker or a work."""
        together = " ".join(re.findall(r"[\w'-]+", folded(written)))
        return together in self.places or together in NAMESAKES


@lru_cache(maxsize=4096)
def folded(written: str) -> str:
    """A word in small letters without accents."""
    return fold(written.lower().translate(_LETTERS))
