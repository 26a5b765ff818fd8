"""Where in a text language stands, so that the name model runs on nothing else.

Rules:
- Language: a line with two free words, one with a capital that could begin a name, or a sentence without any.
- Of a statement in SQL only what its parser says can hold language is looked at (`Passage.spoken`): literals that no
  column told, and comments. Literals beside each other are one line: a given name and a family name are two columns.
  One that holds JSON is left to whoever reads that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from services.classifier.analysis import shape
from services.classifier.analysis.language.words import NOBODY
from services.classifier.model import Passage

_LETTER: Final = re.compile(r"[^\W\d_]")
_GAP: Final = 80
"""So few characters between two parts cost less to read than to ask twice."""
_BESIDE: Final = 8
"""So far apart stand two literals of one row: `', NULL, '`."""
_PIECE: Final = re.compile(r"[^\n]{1,480}(?:(?=\n)|\Z|(?<=\s)|(?<=[,;>}]))|[^\n]{1,480}")
"""A line, or as much of a long one as fits, up to where something ends."""
_SENTENCE: Final = 5
"""As many words in a row as a line without capitals must have to be asked about."""
_BETWEEN: Final = 2
"""Characters between two words of a sentence: a comma and a blank."""
_FREE_WORD: Final = re.compile(
    r"(?<![\w@/\\$#~^&%.-])(?<!\w\+)[^\W\d_]+(?:['’-][^\W\d_]+)*(?![\w@/\\(\[$=]|[.:'’+-]\w)"
)
"""A word that stands free: no part of a path, a call, an address of mail or an assignment."""


def parts(passage: Passage) -> list[tuple[int, int]]:
    """The parts of a text that read like language and hold a word that could be somebody's, in order.

    A part is made of whole lines: those with such a word, and the lines beside them. Code, logs and data have few. A
    line that is longer than a paragraph is looked at piece by piece.
    """
    text = passage.text
    if passage.number or len(text) < 3 or not _LETTER.search(text):  # noqa: PLR2004
        return []
    alone = "name" in passage.hints
    prose = passage.spoken is not None or not shape.is_sql(passage, database=True)
    pieces = list(_pieces(text, passage.spoken))
    upper = text.isupper()
    has = [_could_name_somebody(text, *piece, alone=alone, prose=prose, upper=upper) for piece in pieces]
    found: list[tuple[int, int]] = []
    for at, (start, end) in enumerate(pieces):
        beside = (at > 0 and has[at - 1] and _near(text, pieces[at - 1], pieces[at])) or (
            at + 1 < len(pieces) and has[at + 1] and _near(text, pieces[at], pieces[at + 1])
        )
        if not has[at] and not beside:
            continue
        if found and start - found[-1][1] <= _GAP:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _pieces(text: str, spoken: Sequence[tuple[int, int]] | None) -> Iterator[tuple[int, int]]:
    """Lines, or as much of a long one as fits, of the whole text or of what is spoken in it."""
    literals = (one for one in spoken or () if text[one[0] + 1 : one[0] + 2] not in {"{", "["})
    for start, end in [(0, len(text))] if spoken is None else _rows(literals):
        yield from (match.span() for match in _PIECE.finditer(text, start, end))


def _rows(spoken: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    row: tuple[int, int] | None = None
    for start, end in spoken:
        if row is not None and start - row[1] <= _BESIDE:
            row = (row[0], end)
            continue
        if row is not None:
            yield row
        row = (start, end)
    if row is not None:
        yield row


def _near(text: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two pieces are lines, one below the other."""
    return first[1] + 1 == second[0] and text[first[1]] == "\n"


def _could_name_somebody(text: str, start: int, end: int, *, alone: bool, prose: bool, upper: bool) -> bool:
    """Whether a line has two words, one of them with a capital that no sentence, product or constant explains.

    In a text that is `upper` throughout capitals say nothing. In `prose` a line without such a word will do, where it
    is a sentence: people write without capitals.
    """
    candidate = False
    run = unknown = before = 0
    for number, match in enumerate(_FREE_WORD.finditer(text, start, end), start=1):
        word = match[0]
        if match.start() - before > _BETWEEN or '"' in text[before : match.start()]:
            run = unknown = 0
        run, before = run + 1, match.end()
        if word.lower() not in NOBODY and len(word) > 1:
            unknown += 1
            candidate = candidate or (word[0].isupper() and (upper or not word.isupper()))
        if (candidate and (number > 1 or alone)) or (prose and run >= _SENTENCE and unknown > 1):
            return True
    return candidate and alone
