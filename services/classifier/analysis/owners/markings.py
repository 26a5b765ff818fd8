"""What documents say about themselves: CONFIDENTIAL, attorney-client privileged, TLP:AMBER; and the owner's own.

Rules:
- A marking is set apart from talk by how it is written: a single word counts in capitals, a phrase in capitals or with
  each of its words capitalised; only what nobody says in passing (`TLP:RED`, `VS-NfD`) counts however it is written.
- Hyphens, underscores and runs of white space make no difference; `CONFIDENTIAL_STORE` is a name, not a marking.
- A value under a name such as `classification` that says a level in any writing is a marking too.
- What the marking forbids to pass on within the house as well (TLP:RED, TOP SECRET) is RESTRICTED_MARKING.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ahocorasick_rs import AhoCorasick

from services.classifier.analysis.owners.folding import Fold, fold
from services.classifier.analysis.owners.form import MARKING, Markings
from services.classifier.model import Passage, Span

RESTRICTED: Final = "RESTRICTED_MARKING"
RECOGNIZER: Final = "marking/"
BUILT_IN: Final = f"{RECOGNIZER}built_in"
OWN: Final = f"{RECOGNIZER}own"
LEVEL: Final = f"{RECOGNIZER}level"
_SCORE: Final = 0.85
_FOLDS: Final[frozenset[Fold]] = frozenset({"case", "accents", "separators"})

_CAPITALS: Final = (
    "confidential", "vertraulich", "confidentiel", "confidencial", "confidenziale", "riservato", "vertrouwelijk",
    "proprietary and confidential", "confidential and proprietary", "fouo",
)  # fmt: skip
_PHRASES: Final = (
    "company confidential", "business confidential", "commercial in confidence", "in strict confidence",
    "private and confidential", "private & confidential", "privileged and confidential", "privileged & confidential",
    "confidential and privileged", "attorney client privileged", "attorney client privilege", "attorney work product",
    "attorney client communication", "legally privileged", "legal privilege", "subject to legal privilege",
    "solicitor client privileged", "internal only", "internal use only", "for internal use only",
    "company internal", "do not distribute", "do not forward", "not for distribution", "not for public release",
    "not for onward distribution", "for official use only", "official sensitive", "law enforcement sensitive",
    "controlled unclassified information", "sensitive but unclassified", "company proprietary",
    "nur für den dienstgebrauch", "nur für den internen gebrauch", "nur zur internen verwendung", "nur intern",
    "diffusion restreinte", "usage interne uniquement", "secret professionnel",
    "uso interno exclusivo", "solo uso interno", "uso exclusivo interno", "secreto profesional",
)  # fmt: skip
_ANYHOW: Final = (
    "tlp:amber", "tlp: amber", "tlp amber", "tlp:amber+strict", "tlp:green", "tlp: green", "tlp green", "vs nfd",
    "社外秘", "部外秘", "取扱注意", "内部资料", "대외비",
)  # fmt: skip
_RESTRICTED_PHRASES: Final = (
    "strictly confidential", "highly confidential", "most confidential", "top secret", "secret//noforn", "secret//rel",
    "secret//si", "//noforn", "eyes only", "streng vertraulich", "streng geheim", "strictement confidentiel",
    "tres secret", "estrictamente confidencial", "strettamente riservato", "strettamente confidenziale",
    "material non public information", "material nonpublic information",
)  # fmt: skip
_RESTRICTED_ANYHOW: Final = ("tlp:red", "tlp: red", "tlp red", "極秘", "绝密", "机密")

_LEVEL_NAMES: Final = frozenset({"classification", "sensitivity", "marking", "confidentiality", "tlp"})
_LEVELS: Final[Mapping[str, str]] = {
    "confidential": MARKING, "company confidential": MARKING, "internal only": MARKING, "amber": MARKING,
    "amber+strict": MARKING, "restricted": RESTRICTED, "secret": RESTRICTED, "top secret": RESTRICTED,
    "strictly confidential": RESTRICTED, "highly confidential": RESTRICTED, "red": RESTRICTED,
    "highly restricted": RESTRICTED,
}  # fmt: skip
_COLOURS: Final = frozenset({"red", "amber", "amber+strict"})
_KINDS: Final = frozenset({"type", "client", "access", "grant", "flow"})
"""Under such a name CONFIDENTIAL is a kind of something: OAuth has confidential clients."""
_SMALL: Final = re.compile(r"(?i)\b(?:and|for|in|to|not|fur|für|den|zur)\b")
_WORD: Final = re.compile(r"[^\W\d_]+")


def _capitals(text: str) -> bool:
    return text.isupper()


def _capitalised(text: str) -> bool:
    """In capitals, or each word that is not a small one begins with one; small words at the start do too."""
    words = _WORD.findall(text)
    begins = [word[0].isupper() for index, word in enumerate(words) if index == 0 or not _SMALL.fullmatch(word)]
    return text.isupper() or (len(begins) > 1 and all(begins))


def _anyhow(_: str) -> bool:
    return True


class Marks:
    """Every marking in force."""

    def __init__(self, markings: Markings) -> None:
        entries: dict[str, tuple[str, Callable[[str], bool], str]] = {}
        if markings.built_in:
            entries |= _entries(_CAPITALS, MARKING, _capitals)
            entries |= _entries(_PHRASES, MARKING, _capitalised)
            entries |= _entries(_ANYHOW, MARKING, _anyhow)
            entries |= _entries(_RESTRICTED_PHRASES, RESTRICTED, _capitalised)
            entries |= _entries(_RESTRICTED_ANYHOW, RESTRICTED, _anyhow)
        for one in markings.own:
            written = _anyhow if one.any_case else _as_written(one.text)
            entries[fold(one.text, _FOLDS).text] = (one.type, written, OWN)
        self._levels = markings.built_in
        self._automaton = AhoCorasick(list(entries), store_patterns=False)
        self._entries = tuple(entries.values())

    def find(self, passage: Passage) -> Iterator[Span]:
        """Every marking, also where one stands inside another."""
        text = passage.text
        if passage.number:
            return
        if self._levels and len(text) < 32 and not _LEVEL_NAMES.isdisjoint(passage.hints):  # noqa: PLR2004 - no level is longer
            yield from _level(passage)
        folded = fold(text, _FOLDS)
        for number, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            kind, written, name = self._entries[number]
            begins, ends = folded.original(start, end)
            if written(text[begins:ends]) and _apart(text, begins, ends) and not _is_kind(passage, begins, ends):
                yield Span(kind, begins, ends, _SCORE, name)


def _entries(
    phrases: Iterable[str], kind: str, written: Callable[[str], bool]
) -> dict[str, tuple[str, Callable[[str], bool], str]]:
    return {fold(phrase, _FOLDS).text: (kind, written, BUILT_IN) for phrase in phrases}


def _as_written(phrase: str) -> Callable[[str], bool]:
    """An owner's marking in the owner's writing, whatever the space between its words."""
    wanted = "".join(_WORD.findall(phrase))
    return lambda text: "".join(_WORD.findall(text)) == wanted


def _level(passage: Passage) -> Iterator[Span]:
    value = fold(passage.text, _FOLDS).text.strip()
    kind = _LEVELS.get(value.removeprefix("tlp:"))
    if kind is not None and (value not in _COLOURS or "tlp" in passage.hints):
        yield Span(kind, 0, len(passage.text), _SCORE, LEVEL)


def _apart(text: str, start: int, end: int) -> bool:
    """Whether letters, digits or joining marks continue on neither side."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    joined = (_joins(before) and text[start].isalnum()) or (_joins(after) and text[end - 1].isalnum())
    return not joined


def _joins(char: str) -> bool:
    return char in {"_", "-"} or char.isdecimal() or (char != "" and char.lower() != char.upper())


def _is_kind(passage: Passage, start: int, end: int) -> bool:
    return start == 0 and end == len(passage.text) and not _KINDS.isdisjoint(passage.hints)
