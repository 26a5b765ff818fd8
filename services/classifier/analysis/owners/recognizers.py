"""The owner's own recognizers: patterns with the words around them, and never one that a text could make slow.

Rules:
- A pattern that repeats what itself repeats is refused when it is read: it is what makes a text of fifty characters
  take a year. So is one that matches nothing at all.
- What such a look does not catch is bounded: a pattern has a budget of processor time that grows with the text's
  length and nothing else. A text on which it is spent is not inspected, so the cost is linear whatever the pattern.
- A pattern runs only where the letters stand that every match of it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from re import _constants, _parser  # type: ignore[attr-defined]  # how `re` reads a pattern: nobody else has it exactly
from typing import Any, Final

import regex

from services.classifier.analysis.owners import checks
from services.classifier.analysis.owners.form import RAISED, THRESHOLD, OwnRecognizer
from services.classifier.errors import DetectorError
from services.classifier.model import Passage, Span

RECOGNIZER: Final = "own/"
_GRACE_SECONDS: Final = 0.05
_SECONDS_PER_CHARACTER: Final = 5e-6
"""A hundred times what a sound pattern takes; of this process's own time, so a busy machine spends none of it."""
_FEW: Final = 10
"""So often may what itself repeats be repeated: `(?:[a-z]+\\.){0,8}`."""
_BEFORE: Final = 60
_WORD: Final = re.compile(r"\w+")

_REPEATS: Final = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}


def refusal(pattern: str) -> str | None:
    """Why a pattern is not used; None where it is."""
    try:
        tree = _parser.parse(pattern)
        compiled = regex.compile(pattern, regex.VERSION0)
    except (re.error, regex.error, OverflowError, RecursionError) as error:
        return f"is no pattern as `re` has it: {str(error)[:200]}"
    if _nested(tree, within=False):
        return f"repeats what itself repeats, and takes for ever on some texts; give the outer an end, at most {_FEW}"
    try:
        matches_nothing = compiled.match("", timeout=_GRACE_SECONDS) is not None or tree.getwidth()[0] == 0
    except TimeoutError:
        return "takes too long"
    return "matches nothing at all, and so everywhere" if matches_nothing else None


@dataclass(frozen=True, slots=True)
class Recognized:
    """A match, and what made its score."""

    recognizer: OwnRecognizer
    word: str | None
    """The word of its context that stands with it."""
    span: Span


class Recognizers:
    """All of the owner's; their patterns are not refused."""

    def __init__(self, recognizers: Iterable[OwnRecognizer]) -> None:
        self._compiled = [_Compiled.of(one) for one in recognizers]
        for one in self._compiled:
            if one.recognizer.validator is not None:  # some read tables at their first use: now, not at an action
                checks.passes(one.recognizer.validator, "")

    def find(self, passage: Passage) -> Iterator[Recognized]:
        """What counts; raise `DetectorError` (`too_slow`) where a pattern has spent its budget."""
        text = passage.text
        folded = text.casefold() if self._compiled else ""
        for one in self._compiled:
            if one.mark in folded:
                yield from _found(one, passage)


@dataclass(frozen=True, slots=True)
class _Compiled:
    recognizer: OwnRecognizer
    pattern: Any
    mark: str
    context: frozenset[str]

    @classmethod
    def of(cls, recognizer: OwnRecognizer) -> _Compiled:
        flags = regex.VERSION0 | (regex.IGNORECASE if recognizer.ignore_case else 0)
        return cls(
            recognizer,
            regex.compile(recognizer.pattern, flags),
            _mark(_parser.parse(recognizer.pattern)),
            frozenset(map(str.casefold, recognizer.context)),
        )


def _found(one: _Compiled, passage: Passage) -> Iterator[Recognized]:
    text, recognizer = passage.text, one.recognizer
    group = 1 if one.pattern.groups else 0
    try:
        for match in one.pattern.finditer(text, timeout=_GRACE_SECONDS + len(text) * _SECONDS_PER_CHARACTER):
            start, end = match.span(group)
            if start >= end or (
                recognizer.validator is not None and not checks.passes(recognizer.validator, text[start:end])
            ):
                continue
            word = _context(one.context, passage, start)
            score = min(1.0, recognizer.score + RAISED) if word is not None else recognizer.score
            if score >= THRESHOLD:
                name = f"{RECOGNIZER}{recognizer.name}"
                yield Recognized(recognizer, word, Span(recognizer.type, start, end, score, name))
    except TimeoutError:
        raise DetectorError("too_slow") from None


def _context(words: frozenset[str], passage: Passage, start: int) -> str | None:
    """The first of the words in the name above, or the nearest one shortly before."""
    if not words:
        return None
    named = next((word for word in passage.hints if word.casefold() in words), None)
    if named is not None:
        return named.casefold()
    before = _WORD.findall(passage.text[max(0, start - _BEFORE) : start].casefold())
    return next((word for word in reversed(before) if word in words), None)


def _nested(tree: Any, *, within: bool) -> bool:
    """Whether something that varies in length is repeated inside what is itself repeated more than a few times."""
    for operation, argument in tree:
        if operation in _REPEATS:
            low, high, body = argument
            if within and high > low and (high > _FEW or low == 0):
                return True
            if _nested(body, within=within or high > _FEW) or (high > _FEW and _ambiguous(body)):
                return True
        elif any(_nested(part, within=within) for part in _parts(operation, argument)):
            return True
    return False


def _ambiguous(body: Any) -> bool:
    """`(a|aa)+`: branches of several lengths, repeated."""
    return any(
        (operation is _constants.BRANCH and _varies(argument[1]))
        or any(_ambiguous(part) for part in _parts(operation, argument))
        for operation, argument in body
    )


def _varies(branches: Any) -> bool:
    widths = {branch.getwidth() for branch in branches}
    return len(widths) > 1 or any(low != high for low, high in widths)


def _parts(operation: Any, argument: Any) -> list[Any]:
    """The patterns inside a part of a pattern."""
    if operation is _constants.SUBPATTERN:
        return [argument[-1]]
    if operation is _constants.BRANCH:
        return list(argument[1])
    if operation in {_constants.ASSERT, _constants.ASSERT_NOT}:
        return [argument[1]]
    if operation is _constants.GROUPREF_EXISTS:
        return [part for part in argument[1:] if part is not None]
    return [argument] if operation is _constants.ATOMIC_GROUP else []


def _mark(tree: Any) -> str:
    """The longest run of letters that stands in every match, case folded; empty where there is none."""
    runs, run = [""], ""
    for operation, argument in tree:
        if operation is _constants.LITERAL and chr(argument).isascii():
            run += chr(argument).lower()
            continue
        runs.append(run)
        run = ""
    return max([*runs, run], key=len)
