"""Two words with capitals that the name model passed over: which of them it is asked about once more.

Rules:
- What it takes for a name, alone, is one: in running text it overlooks some. How sure it must be of the two depends on
  what is known of them (`evidence`); of a given and a family name that are nothing else it is not asked at all.
- With a comma between them the first is the family's name, unless they stand in a list.
- Bounded: so many pairs of one text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.classifier.analysis.language import evidence
from services.classifier.analysis.language.capitals import CAPITAL, WORD
from services.classifier.analysis.language.lexicon import Lexicon
from services.classifier.analysis.language.people import CAMEL
from services.classifier.analysis.language.reading import Word
from services.classifier.analysis.language.words import NOBODY, THINGS
from services.classifier.model import Span

_PAIR: Final = re.compile(rf"(?<![\w@/\\$#~^&%.'’-])(?=({WORD})(,?) ({WORD})(?![\w@/(\[$=]|\\(?!n)|[.:'’-]\w))")
_BEFORE_COMMA: Final = re.compile(rf"({CAPITAL}[\w'’-]*) \Z")
_LONGEST_WORD: Final = 30


def overlooked(text: str, spans: Sequence[Span], most: int, lexicon: Lexicon) -> list[tuple[int, int, str, float]]:
    """At most so many pairs of words that could be names and lie in no name.

    Start, end, how to show them alone, and as sure as the model must be of each.
    """
    people = [span for span in spans if span.entity_type == "PERSON"]
    found: list[tuple[int, int, str, float]] = []
    for match in _PAIR.finditer(text):
        start, end = match.start(1), match.end(3)
        first, second = match[1], match[3]
        if not first[0].isupper() or not second[0].isupper() or (first.isupper() and not text.isupper()):
            continue
        if {first.lower(), second.lower()} & NOBODY or second.lower() in THINGS:
            continue
        if CAMEL.match(first) or CAMEL.match(second):
            continue
        half = any((span.start, span.end) in {match.span(1), match.span(3)} for span in people)
        if not half and any(span.start < end and start < span.end for span in people):
            continue
        if match[2] and _goes_on(text, start, lexicon):
            continue
        shown = (second, first) if match[2] else (first, second)
        least = evidence.asked_alone(text, start, end, shown, lexicon)
        if least is None:
            continue
        found.append((start, end, " ".join(shown), least))
        if len(found) == most:
            break
    return found


def is_name(shown: str, words: Sequence[Word], least: float) -> bool:
    """Whether the model takes a pair of words, alone, for a given and a family name."""
    middle = shown.index(" ")
    given = [word for word in words if word.end <= middle and shown[word.start].isalpha()]
    family = [word for word in words if word.start > middle and shown[word.start].isalpha()]
    return bool(given and family) and min(word.person for word in (*given, *family)) >= least


def _goes_on(text: str, start: int, lexicon: Lexicon) -> bool:
    """Whether a word before a comma has a name before it: a list of names, none of which is turned."""
    before = _BEFORE_COMMA.search(text, max(0, start - _LONGEST_WORD), start)
    return before is not None and not lexicon.known(before[1]).never
