"""From what the name model says of words to people; addresses are told by `addresses`.

Rules:
- A name is a run of words that the model is sure of, with what joins a name: hyphens, apostrophes, initials, particles,
  the comma of `Family, Given`. A word beside it that has a capital and half its trust belongs to it.
- A word alone must be surer than two; a word without a capital surer than one with. A word that names a product, a
  service or a day is nobody, whatever the model says.
- Two words with capitals that the model passed over are shown to it once more, alone: what it takes for a name then is
  one. In running text it overlooks some; alone it hardly ever errs.
- What stands inside an identifier, a path, a call or a version is nobody either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.classifier.analysis.language import addresses
from services.classifier.analysis.language.reading import Word
from services.classifier.analysis.language.words import NO_FAMILY, NOBODY, THINGS
from services.classifier.model import Span

_SURE: Final = 0.5
_ALONE: Final = 0.85
_LOWER: Final = 0.9
_LOWER_NEXT: Final = 0.7
_SHORTEST: Final = 3
_BESIDE: Final = 0.25
_PARTICLES: Final = frozenset(
    re.findall(
        r"\w+",
        "van von der den de di da do dos das del della du la le ten ter zu zur zum al el bin ibn ben abu y e af av of",
    )
)
SURE_AGAIN: Final = 0.8
"""As sure as the model must be of each word of a pair that it sees alone."""
_CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ][^\W\d_]{1,20}(?:['’-][^\W\d_]{1,20}){0,2}"
_PAIR: Final = re.compile(rf"(?<![\w@/\\$#~^&%.'’-])(?=({_CAPITAL})(,?) ({_CAPITAL})(?![\w@/\\(\[$=]|[.:'’-]\w))")
_INITIALS_BEFORE: Final = re.compile(r"(?<![\w.@/])((?:[^\W\d_a-zß-öø-ÿ]\.[ -]?){1,3})\Z")
"""Initials in front of a family name."""
_LONGEST_INITIALS: Final = 9
_INITIAL_AFTER: Final = re.compile(r" [^\W\d_a-zß-öø-ÿ]\.(?!\w)")
_WITH_INITIALS: Final = 0.3
"""As sure as the model must be of a family name with initials in front of it."""
_JOINTS: Final = frozenset({"-", "‐", "'", "’", ".", "`"})
_INSIDE: Final = re.compile(r"[\w@/\\$#~^&%]")
"""Directly before or after a word these make it a part of something else."""
_AFTERWARDS: Final = re.compile(r" ([A-Za-z]+)\b")
_CAMEL: Final = re.compile(r"(?!Mac|Mc|De|Di|La|Le|Van|Von|O['’])[^\W\d_]*[^\W\d_A-Z][A-Z]")


def find(text: str, words: Sequence[Word]) -> Iterator[Span]:
    """Spans of people and of addresses."""
    yield from _people(text, words)
    yield from addresses.find(text, words)


def overlooked(text: str, spans: Sequence[Span], most: int) -> list[tuple[int, int, str]]:
    """At most so many pairs of words that could be names and lie in no span: start, end, how to show them alone."""
    found: list[tuple[int, int, str]] = []
    for match in _PAIR.finditer(text):
        start, end = match.start(1), match.end(3)
        first, second = match[1], match[3]
        if not first[0].isupper() or not second[0].isupper() or (first.isupper() and not text.isupper()):
            continue
        if {first.lower(), second.lower()} & NOBODY or second.lower() in THINGS:
            continue
        if _CAMEL.match(first) or _CAMEL.match(second):
            continue
        half = match[2] and any((span.start, span.end) in {match.span(1), match.span(3)} for span in spans)
        if not half and any(span.start < end and start < span.end for span in spans):
            continue
        found.append((start, end, f"{second} {first}" if match[2] else text[start:end]))
        if len(found) == most:
            break
    return found


def is_name(shown: str, words: Sequence[Word]) -> bool:
    """Whether the model takes a pair of words, alone, for a given and a family name."""
    middle = shown.index(" ")
    given = [word for word in words if word.end <= middle and shown[word.start].isalpha()]
    family = [word for word in words if word.start > middle and shown[word.start].isalpha()]
    return bool(given and family) and min(word.person for word in (*given, *family)) >= SURE_AGAIN


def _people(text: str, words: Sequence[Word]) -> Iterator[Span]:
    at = 0
    while at < len(words):
        if not text[words[at].start].isalpha() or not (words[at].person >= _SURE or _starts_name(text, words, at)):
            at += 1
            continue
        first, last = _start_of_name(text, words, at), _end_of_name(text, words, at)
        at = last + 1
        last = _last_capital(text, words, first, last)
        span = _name(text, words[first : last + 1])
        if span is not None:
            yield span


def _starts_name(text: str, words: Sequence[Word], at: int) -> bool:
    """A word with a capital and initials before it, or a pair that could be a name."""
    start = words[at].start
    if (
        words[at].person >= _WITH_INITIALS
        and text[start].isupper()
        and words[at].end - start > 1
        and _INITIALS_BEFORE.search(text, max(0, start - _LONGEST_INITIALS), start) is not None
    ):
        return True
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


def _end_of_name(text: str, words: Sequence[Word], at: int) -> int:
    """The last word of the name that starts here."""
    last = at
    while (following := _next(text, words, last)) is not None:
        last = following
    return last


def _next(text: str, words: Sequence[Word], last: int) -> int | None:
    """The index of the word that goes on with the name, over what joins them; None where it ends."""
    at = last + 1
    if at >= len(words):
        return None
    gap = text[words[last].end : words[at].start]
    written = text[words[at].start : words[at].end]
    if written in _JOINTS and not gap:
        if at + 1 < len(words) and _belongs(text, words[at + 1]):
            between = text[words[at].end : words[at + 1].start]
            if not between or (written == "." and between == " "):
                return at + 1
        return None
    if written == "," and not gap and at + 1 < len(words):
        turned = words[last].family > words[last].given and words[at + 1].given > max(_SURE, words[at + 1].family)
        return at + 1 if turned and text[words[at].end : words[at + 1].start] == " " else None
    if gap not in {" ", "\u00a0", "  ", "\t", "+"}:
        return None
    if _is_initial(text, words, at) and at + 2 < len(words) and _has_form(text, words[at + 2]):
        return at + 2
    if written.lower() in _PARTICLES and at + 1 < len(words) and text[words[at].end] == " ":
        ahead = _next_word(text, words, at)
        return ahead if ahead is not None and words[ahead].person >= _SURE else None
    return at if _belongs(text, words[at]) else None


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


def _name(text: str, words: Sequence[Word]) -> Span | None:
    """The span of a name; None where the words are none."""
    proper = [word for word in words if text[word.start].isalpha() and word.end - word.start > 1]
    if not proper:
        return None
    start, end = words[0].start, words[-1].end
    if _is_inside(text, start, end):
        return None
    texts = [text[word.start : word.end] for word in proper]
    if all(written.lower() in NOBODY for written in texts) or any(_CAMEL.match(written) for written in texts):
        return None
    score = max(word.person for word in proper)
    initials = _INITIALS_BEFORE.search(text, max(0, start - _LONGEST_INITIALS), start)
    if initials is not None and texts[0][0].isupper() and texts[0].lower() not in NOBODY:
        return Span("PERSON", initials.start(1), end, round(min(1.0, score), 2), "rampart/name")
    if len(proper) == 1 and not _alone(text, end, texts[0], score):
        return None
    if len(proper) > 1 and texts[-1].lower() in NO_FAMILY:
        return None
    if len(proper) == 1 and (after := _INITIAL_AFTER.match(text, proper[0].end)) is not None:
        end = after.end()
    if all(written[0].islower() for written in texts) and not _without_capitals(proper):
        return None
    return Span("PERSON", start, end, round(min(1.0, score), 2), "rampart/name")


def _alone(text: str, end: int, written: str, score: float) -> bool:
    """Whether one word, which ends here, is a name: a sure one, and not that of the thing that follows."""
    thing = _AFTERWARDS.match(text, end)
    if written.isupper() and not text.isupper():
        return False
    return score >= _ALONE and len(written) >= _SHORTEST and (thing is None or thing[1].lower() not in THINGS)


def _without_capitals(proper: Sequence[Word]) -> bool:
    """Whether words without capitals are a name: a sure given name and something that goes on with it."""
    return len(proper) > 1 and proper[0].given >= _LOWER and all(word.person >= _LOWER_NEXT for word in proper)


def _is_inside(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and _INSIDE.match(before):
        return True
    if not after:
        return False
    if after in ".:-":
        return text[end + 1 : end + 2].isalnum()
    return after in "([=" or _INSIDE.match(after) is not None
