"""Runs of base64 and hexadecimal in a text.

Rules:
- Standard and URL-safe letters, with and without padding, in one run or in lines as mail and PEM break them; UTF-16
  inside is text too. A run of fewer than 12 letters hides nothing worth a look.
- A path, a slug or a name in snake case is made of the same letters: where the whole is no text, its parts are tried,
  and the path without some of its ends, because base64 has slashes too.
- A run that is no text is nobody's secret by that alone: only one that is long, looks random and is of no harmless kind
  (`content`) is not looked into.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis.unwrapping import content
from services.classifier.analysis.unwrapping.content import Content

_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}(?:={1,2}|%3[Dd](?:%3[Dd])?)?")
_LINES: Final = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{40,80}[ \t]{0,8}\r?\n[ \t]{0,8})+[A-Za-z0-9+/]{2,80}={0,2}(?![A-Za-z0-9+/])"
)
_HEX: Final = re.compile(r"(?<![A-Za-z0-9])(?:0[xX])?((?:[0-9a-fA-F]{2}){8,})(?![A-Za-z0-9])")
_SPACED_HEX: Final = re.compile(
    r"(?<![A-Za-z0-9])[0-9A-Fa-f]{2}([ :,-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){6,}(?![A-Za-z0-9])"
)
_PARTS: Final = re.compile(r"[A-Za-z0-9]{12,}(?:={1,2})?")
_ENDS: Final = 3
"""So many parts of a path may stand before and behind what was encoded."""
_SPACE: Final = re.compile(r"\s+")
_SHORTEST: Final = 12
_LONG: Final = 64
_UNLIKELY: Final = bytes([*range(1, 8), *range(0x0E, 0x1E), 0x7F, 0xC0, 0xC1, *range(0xF5, 0xFA)])
"""Where text begins there is none of these: most words of a text are told from base64 by it."""
_TO_STANDARD: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch, how it was written, and what it holds."""

    start: int
    end: int
    how: str
    content: Content


def find(text: str, most: int) -> Iterator[Run]:
    """Every run that holds something or could not be looked into; compressed data is opened up to `most` bytes."""
    if len(text) < _SHORTEST or (_RUN.search(text) is None and _SPACED_HEX.search(text) is None):
        return
    taken: list[tuple[int, int]] = []
    for how, start, end, digits in _hexadecimal(text):
        found = content.read(bytes.fromhex(digits), most)
        if _tells(found) or (how == "hex" and found.closed and _looks_hexadecimal(digits)):
            taken.append((start, end))
            yield Run(start, end, how, found)
    if "\n" in text:
        for match in _LINES.finditer(text):
            lines = _content(_SPACE.sub("", match[0]), most)
            if lines is not None and (_tells(lines) or lines.closed or lines.strings):
                yield Run(*match.span(), "base64", lines)
                if lines.closed or lines.kind or lines.sure:  # a word on the next line looks like the end of a run
                    taken.append(match.span())
    for match in _RUN.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            yield from _run(match, most)


def _hexadecimal(text: str) -> Iterator[tuple[str, int, int, str]]:
    for match in _HEX.finditer(text):
        yield "hex", *match.span(), match[1]
    for match in _SPACED_HEX.finditer(text):
        yield "bytes", *match.span(), match[0].replace(match[1], "")


def _run(match: re.Match[str], most: int) -> Iterator[Run]:
    whole = match[0]
    all_of_it = _content(whole, most)
    if all_of_it is not None and _tells(all_of_it):
        yield Run(*match.span(), "base64", all_of_it)
        return
    if whole.count("/") > 1:
        for start, end in _middles(whole):
            middle = _content(whole[start:end], most)
            if middle is not None and _tells(middle):
                yield Run(match.start() + start, match.start() + end, "base64", middle)
                return
    parts = [] if whole.isalnum() else list(_PARTS.finditer(whole))
    found = [(part, inner) for part in parts if (inner := _content(part[0], most)) is not None and _tells(inner)]
    for part, inner in found:
        yield Run(match.start() + part.start(), match.start() + part.end(), "base64", inner)
    if all_of_it is not None and not found and (all_of_it.closed or all_of_it.strings) and _looks_random(whole):
        yield Run(*match.span(), "base64", all_of_it)


def _middles(path: str) -> Iterator[tuple[int, int]]:
    """A path without some of its first and last parts, longest first."""
    slashes = [at for at, letter in enumerate(path) if letter == "/"]
    starts = [0, *(at + 1 for at in slashes[:_ENDS])]
    ends = [*slashes[-_ENDS:], len(path)]
    for start, end in sorted(((start, end) for start in starts for end in ends), key=lambda one: one[0] - one[1]):
        if _SHORTEST <= end - start < len(path):
            yield start, end


def _content(letters: str, most: int) -> Content | None:
    """What a run holds; None where it is no base64, or nobody would take it for some."""
    data = _base64(letters)
    if data is None or (len(data) < _LONG and data[:2] not in content.MARKED and _is_unlikely(data[:8])):
        return None
    return content.read(data, most)


def _is_unlikely(head: bytes) -> bool:
    return head[:6].translate(None, _UNLIKELY) != head[:6] and not content.in_pairs(head)


def _tells(found: Content) -> bool:
    """Whether it is by its content that it was encoded, and no word or path by chance."""
    return bool(found.text) or bool(found.kind) or found.sure


def _base64(letters: str) -> bytes | None:
    letters = letters.split("%", 1)[0].rstrip("=").translate(_TO_STANDARD)
    if len(letters) % 4 == 1:  # one too many: something that stood beside it
        letters = letters[:-1]
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return None


def _looks_random(letters: str) -> bool:
    """As the letters of base64 are spread: capitals, small letters and digits, each a good share."""
    size = len(letters)
    capitals = sum(map(str.isupper, letters))
    small = sum(map(str.islower, letters))
    digits = sum(map(str.isdigit, letters))
    return capitals >= 0.12 * size and small >= 0.12 * size and digits >= 0.03 * size


def _looks_hexadecimal(digits: str) -> bool:
    """As random bytes are: ten of sixteen are digits."""
    decimal = sum(map(str.isdigit, digits))
    return 0.4 * len(digits) <= decimal <= 0.85 * len(digits)
