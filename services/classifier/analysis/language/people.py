"""From what the name model says of words to people; addresses are told by `addresses`.

Rules:
- A name is a run of words that the model is sure of, with what joins a name: hyphens, apostrophes, initials, particles,
  the comma of `Family, Given`. A word beside it that has a capital and half its trust belongs to it.
- A word alone must be surer than two; a word without a capital surer than one with. A word that names a product, a
  service or a day is nobody, whatever the model says.
- What stands inside an identifier, a path, a call or a version is nobody either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.classifier.analysis.language import addresses, evidence
from services.classifier.analysis.language.capitals import CAPITAL
from services.classifier.analysis.language.lexicon import Lexicon
from services.classifier.analysis.language.reading import NAME, Word
from services.classifier.analysis.language.words import NOBODY
from services.classifier.model import Span

_SURE: Final = 0.5
_KNOWN: Final = 0.02
"""As sure as the model must be of a known given name."""
_LOWER: Final = 0.9
_LOWER_NEXT: Final = 0.7
_SHORTEST: Final = 3
_ABBREVIATED: Final = 2
"""Letters of what a full stop and a blank do not end a sentence after."""
_BESIDE: Final = 0.25
_PARTICLES: Final = frozenset(
    re.findall(
        r"\w+",
        "van von der den de di da do dos das del della du la le ten ter zu zur zum al el bin ibn ben abu y e af av of",
    )
)
_INITIALS_BEFORE: Final = re.compile(rf"(?<![\w.@/])((?:{CAPITAL}\.[ -]?){{1,3}})\Z")
"""Initials in front of a family name."""
_LONGEST_INITIALS: Final = 9
_INITIAL_AFTER: Final = re.compile(rf" {CAPITAL}\.(?!\w)")
_WITH_INITIALS: Final = 0.3
"""As sure as the model must be of a family name with initials in front of it."""
_HYPHENS: Final = frozenset("-‐'’`")
_JOINTS: Final = frozenset({"-", "‐", "'", "’", ".", "`"})
_INSIDE: Final = re.compile(r"[\w@/\\$#~^&%]")
"""Directly before or after a word these make it a part of something else."""
CAMEL: Final = re.compile(r"(?!Mac|Mc|De|Di|La|Le|Van|Von|O['’])[^\W\d_]*[^\W\d_A-Z][A-Z]")


def find(text: str, words: Sequence[Word], lexicon: Lexicon) -> Iterator[Span]:
    """Spans of people and of addresses."""
    yield from _people(text, words, lexicon)
    yield from addresses.find(text, words)


def _people(text: str, words: Sequence[Word], lexicon: Lexicon) -> Iterator[Span]:
    at = 0
    while at < len(words):
        if not text[words[at].start].isalpha() or not (
            words[at].person >= _SURE or _starts_name(text, words, at, lexicon)
        ):
            at += 1
            continue
        first, last = _start_of_name(text, words, at), _end_of_name(text, words, at, lexicon)
        at = last + 1
        last = _last_capital(text, words, first, last)
        span = _name(text, words[first : last + 1], lexicon)
        if span is not None:
            yield span


def _starts_name(text: str, words: Sequence[Word], at: int, lexicon: Lexicon) -> bool:
    """A given name, a word with a capital and initials before it, or a pair that could be a name."""
    start = words[at].start
    written = text[start : words[at].end]
    known = lexicon.known(written)
    if (
        (words[at].person >= _WITH_INITIALS or (known.family and not known.doubtful))
        and text[start].isupper()
        and words[at].end - start > 1
        and _INITIALS_BEFORE.search(text, max(0, start - _LONGEST_INITIALS), start) is not None
    ):
        return True
    if words[at].person >= _KNOWN and written[0].isupper() and written.lower() not in NOBODY:
        return known.given or _starts_pair(text, words, at)
    return _starts_pair(text, words, at)


def _starts_pair(text: str, words: Sequence[Word], at: int) -> bool:
    """Two words with capitals, the first a little like a given name and the second a little like a family name."""
    if at + 1 >= len(words) or text[words[at].end : words[at + 1].start] != " ":
        return False
    given, family = words[at], words[at + 1]
    return (
        given.given > max(_BESIDE, given.family)
        and family.family > max(_BESIDE, family.given)
        and all(
            text[one.start].isupper() and text[one.start : one.end].lower() not in NOBODY for one in (given, family)
        )
    )


def _end_of_name(text: str, words: Sequence[Word], at: int, lexicon: Lexicon) -> int:
    """The last word of the name that starts here."""
    last = at
    while (following := _next(text, words, last, lexicon)) is not None:
        last = following
    return last


def _next(text: str, words: Sequence[Word], last: int, lexicon: Lexicon) -> int | None:
    """The index of the word that goes on with the name, over what joins them; None where it ends."""
    at = last + 1
    if at >= len(words):
        return None
    gap = text[words[last].end : words[at].start]
    written = text[words[at].start : words[at].end]
    if written in _JOINTS and not gap:
        if at + 1 < len(words) and _belongs(text, words[at + 1]):
            between = text[words[at].end : words[at + 1].start]
            short = words[last].end - words[last].start <= _ABBREVIATED
            if not between or (written == "." and between == " " and short):
                return at + 1
        return None
    if written == "," and not gap and at + 1 < len(words):
        return (
            at + 1
            if _is_turned(text, words[last], words[at + 1], lexicon)
            and text[words[at].end : words[at + 1].start] == " "
            else None
        )
    if gap not in {" ", "\u00a0", "  ", "\t", "+"}:
        return None
    if _is_initial(text, words, at) and at + 2 < len(words) and _has_form(text, words[at + 2]):
        return at + 2
    if written.lower() in _PARTICLES and at + 1 < len(words) and text[words[at].end] == " ":
        ahead = _next_word(text, words, at)
        return ahead if ahead is not None and words[ahead].person >= _SURE else None
    return at if _belongs(text, words[at]) else None


def _is_turned(text: str, family: Word, given: Word, lexicon: Lexicon) -> bool:
    """Whether the comma between two words stands between a family name and a given one, and not in a list."""
    first, second = (lexicon.known(text[word.start : word.end]) for word in (family, given))
    sounds = family.family > family.given and given.given > max(_SURE, given.family)
    return sounds and evidence.is_turned(first, second)


def _is_initial(text: str, words: Sequence[Word], at: int) -> bool:
    """A capital, its full stop and a blank."""
    one = words[at]
    return one.end - one.start == 1 and text[one.start].isupper() and text[one.end : one.end + 2] == ". "


def _has_form(text: str, word: Word) -> bool:
    """Whether what follows a given name and an initial can be a family name: there its form is enough."""
    written = text[word.start : word.end]
    return written[0].isupper() and len(written) > 1 and written.lower() not in NOBODY


def _next_word(text: str, words: Sequence[Word], at: int) -> int | None:
    for ahead in (at + 1, at + 2):
        if ahead >= len(words):
            return None
        if text[words[ahead].start : words[ahead].end].lower() not in _PARTICLES:
            return ahead
    return None


def _belongs(text: str, word: Word) -> bool:
    written = text[word.start : word.end]
    if not written[0].isalpha():
        return False
    return word.person >= _SURE or (word.person >= _BESIDE and written[0].isupper() and written.lower() not in NOBODY)


def _start_of_name(text: str, words: Sequence[Word], first: int) -> int:
    """A word before that has a capital and half the model's trust."""
    while first > 0:
        before = words[first - 1]
        gap = text[before.end : words[first].start]
        if gap == " " and before.person >= _BESIDE and _belongs(text, before):
            first -= 1
        else:
            break
    return first


def _last_capital(text: str, words: Sequence[Word], first: int, last: int) -> int:
    """Where a name that starts with a capital ends: no verb goes on with it."""
    if text[words[first].start].isupper():
        while last > first and text[words[last].start].islower() and text[words[last].start - 1].isspace():
            last -= 1
    return last


def _name(text: str, words: Sequence[Word], lexicon: Lexicon) -> Span | None:
    """The span of a name; None where the words are none."""
    proper = [one for one in _whole(text, words) if text[one.start : one.end].lower() not in _PARTICLES]
    if not proper:
        return None
    start, end = words[0].start, words[-1].end
    texts = [text[word.start : word.end] for word in proper]
    if all(written.lower() in NOBODY for written in texts) or any(CAMEL.match(written) for written in texts):
        return None
    score = max(word.person for word in proper)
    initials = _INITIALS_BEFORE.search(text, max(0, start - _LONGEST_INITIALS), start)
    if initials is not None and texts[0][0].isupper() and texts[0].lower() not in NOBODY:
        return Span("PERSON", initials.start(1), end, round(min(1.0, score), 2), NAME)
    if all(written[0].islower() for written in texts) and not _without_capitals(proper):
        return None
    kept = evidence.proven(text, proper, lexicon)
    if kept is None or (kept[0] == kept[1] and _is_constant(text, texts[kept[0]])):
        return None
    start = proper[kept[0]].start if kept[0] > 0 else start
    end = proper[kept[1]].end if kept[1] < len(proper) - 1 else end
    if _is_inside(text, start, end):
        return None
    if kept[0] == kept[1] and (after := _INITIAL_AFTER.match(text, end)) is not None:
        end = after.end()
    return Span("PERSON", start, end, round(min(1.0, score), 2), NAME)


def _whole(text: str, words: Sequence[Word]) -> list[Word]:
    """Words with letters, those that a hyphen or an apostrophe joins as one; no initials."""
    whole: list[Word] = []
    for word in words:
        if not text[word.start].isalpha():
            continue
        if whole and word.start - whole[-1].end == 1 and text[whole[-1].end] in _HYPHENS:
            whole[-1] = whole[-1].joined(word)
        else:
            whole.append(word)
    return [word for word in whole if word.end - word.start > 1]


def _is_constant(text: str, written: str) -> bool:
    """One word in capitals that is not all of a text, or one that is too short."""
    return len(written) < _SHORTEST or (written.isupper() and text.strip() != written)


def _without_capitals(proper: Sequence[Word]) -> bool:
    """Whether words without capitals are a name: a sure given name and something that goes on with it."""
    return len(proper) > 1 and proper[0].given >= _LOWER and all(word.person >= _LOWER_NEXT for word in proper)


def _is_inside(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and _INSIDE.match(before):
        return True
    if not after:
        return False
    if text.startswith("\\n", end):
        return False
    if after in ".:-":
        return text[end + 1 : end + 2].isalnum()
    return after in "([=" or _INSIDE.match(after) is not None
