"""Diagnoses and medicines in running text, word by word.

Rules:
- The words stand in `health_words`, with what they rest on. An illness is taken with the words that narrow it
  (`chronic`, `type 2`, `mellitus`) and a medicine with its dose, so that they are masked whole.
- A word inside a path, an address or an identifier is none.
- One pass over the words, each looked up in sets: linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.classifier.analysis.language import health_words as known
from services.classifier.model import Passage, Span

_WORD: Final = re.compile(r"(?<![\w./@:=-])[^\W\d_]+(?:['’-][^\W_]+)*(?![\w@(=]|[./:-]\w)")
_SHORTEST: Final = 3
_NARROWING: Final = 4
"""Words before an illness that can belong to it."""
_TYPE_BEFORE: Final = re.compile(r"(?i)\b(?:type|typ|stage|grade)\s(?:[1-4]|i{1,3}v?|iv)[\s-]\Z")
_LONGEST_TYPE: Final = 12
_AFTER_ILLNESS: Final = re.compile(
    r"(?i)\s(?:mellitus|media|nervosa|pectoris|erythematosus|vulgaris|gravidarum|typ(?:e)?\s(?:[12]|i{1,2})|in\spregnancy|disease|infection|"
    r"(?<=hepatitis\s)[a-e]|of\sthe\s[a-z]{3,12}|du\s[a-z]{3,12}|de\s[a-zá-ú]{3,12}|[a-e](?=[,.;)]|\Z))\b"
)
_AFTER_MEDICINE: Final = re.compile(
    r"(?i)(?:\s(?:glargine|lispro|aspart|degludec|detemir|carbonate|sodium|hydrochloride|xr|er|sr))?"
    r"(?:\s\d{1,4}(?:[.,]\d{1,2})?\s?(?:mg|mcg|µg|g|ml|iu|units?)\b)?"
)


def find(passage: Passage) -> Iterator[Span]:
    """Spans of illnesses and medicines."""
    if passage.number or len(passage.text) < _SHORTEST:
        return
    text = passage.text
    words = list(_WORD.finditer(text))
    taken = 0
    for at, match in enumerate(words):
        word = match[0].lower().replace("’", "'")
        if len(word) < _SHORTEST or match.start() < taken:
            continue
        if _is_illness(words, at, word):
            start = _narrowed(text, words, at)
            after = _AFTER_ILLNESS.match(text, match.end())
            taken = after.end() if after is not None else match.end()
            yield Span("HEALTH", start, taken, 0.7, "pattern/illness")
        elif _is_medicine(word):
            after = _AFTER_MEDICINE.match(text, match.end())
            taken = after.end() if after is not None else match.end()
            yield Span("HEALTH", match.start(), taken, 0.7, "pattern/medicine")


def _is_medicine(word: str) -> bool:
    return word in known.MEDICINES or (len(word) >= known.SHORTEST_MEDICINE and word.endswith(known.STEMS))


def _is_illness(words: Sequence[re.Match[str]], at: int, word: str) -> bool:
    if word in known.ILLNESSES or (word.endswith(known.GERMAN_ENDINGS) and word not in known.GERMAN_ENDINGS):
        return True
    if word.endswith(known.GREEK_ENDINGS) and known.GREEK.fullmatch(word) is not None:
        return True
    before = words[at - 1][0].lower().replace("’", "'") if at and _beside(words, at) else ""
    if (before, word) in known.COMPANY:
        return True
    return word in known.HEADS and (before in known.BEFORE or before.removesuffix("'s") in known.PEOPLE)


def _narrowed(text: str, words: Sequence[re.Match[str]], at: int) -> int:
    """Where an illness starts, with the words before that narrow it."""
    first = at
    while first > max(0, at - _NARROWING) and _beside(words, first) and _narrows(words[first - 1][0], first, at):
        first -= 1
    start = words[first].start()
    kind = _TYPE_BEFORE.search(text, max(0, start - _LONGEST_TYPE), start)
    return kind.start() if kind is not None else start


def _narrows(word: str, first: int, at: int) -> bool:
    word = word.lower().replace("’", "'")
    return word in known.BEFORE or (first == at and word.removesuffix("'s") in known.PEOPLE)


def _beside(words: Sequence[re.Match[str]], at: int) -> bool:
    """Whether one blank separates a word from that before it."""
    between = words[at].start() - words[at - 1].end()
    return between == 1 and words[at].string[words[at].start() - 1] in " -"
