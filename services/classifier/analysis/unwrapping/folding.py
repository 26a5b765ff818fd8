"""One spelling for what looks the same: so that a rule sees what a reader sees.

Rules:
- Invisible characters (zero width, bidirectional controls, soft hyphens, tags, variation selectors) and strokes through
  letters are left out; compatibility characters (full width, mathematical, circled) become what they stand for
  (NFKC, character by character); digits of any script become ASCII; dashes become `-`.
- A Cyrillic or Greek letter becomes the Latin one it looks like where that makes its word Latin altogether, and Latin
  letters stand beside it without a space between: `почта:jane@…` keeps its Russian word.
- A number in the groups of a card, a social security number or an IBAN, with one unusual mark between all of them,
  gets the usual one: `4111.1111.1111.1111`.
- ASCII text costs one look for such numbers.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache, partial
from typing import Final

from services.classifier.analysis import placeholders
from services.classifier.analysis.unwrapping.layer import Layer, Weaver, respelled

_UNSEEN: Final = (range(0xFE00, 0xFE10), range(0xE0000, 0xE1000), range(0x0334, 0x0339))
"""Variation selectors, tags and what else is ignorable by default, strokes through letters."""
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
"""Letters and marks that show nothing."""
_SPELLED: Final = {
    **dict.fromkeys("‒–—―−⁃﹘➖", "-"),
    **dict.fromkeys("‘’‚‛′＇", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    "⁄": "/", "∕": "/", "∶": ":", "։": ":",
}  # fmt: skip
_LOOK_ALIKE: Final = {
    # Cyrillic
    **dict(zip("аАвВеЕһНіІїјЈкКӏмМоОрРԛѕЅсСтТѵѴԝхХуУүҮԁ", "aAbBeEhHiIijJkKlmMoOpPqsScCtTvVwxXyYyYd", strict=True)),
    # Greek
    **dict(zip("αΑΒεΕΖηΗιΙκΚΜνΝοΟρΡτΤυΥχΧϲϹϳγω", "aABeEZnHiIkKMvNoOpPtTuYxXcCjyw", strict=True)),
}  # fmt: skip

_LOOKED_LIKE: Final = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")
_MIXED: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"\w+")
_LATIN: Final = re.compile(r"[A-Za-z]")

_MARK: Final = r"[._/:|*~·•]"
_EDGE_BEFORE, _EDGE_AFTER = r"(?<![\w.,:/-])", r"(?![\w:/-])(?![.,]\d)"
_CARD: Final = re.compile(
    rf"{_EDGE_BEFORE}[2-6]\d{{3}}({_MARK})(?:\d{{4}}\1\d{{4}}\1\d{{1,7}}|\d{{6}}\1\d{{4,5}}){_EDGE_AFTER}"
)
_SSN: Final = re.compile(rf"{_EDGE_BEFORE}\d{{3}}([_:|*~·•])\d\d\1\d{{4}}{_EDGE_AFTER}")
_IBAN: Final = re.compile(
    rf"{_EDGE_BEFORE}[A-Z]{{2}}\d\d({_MARK}|-)[A-Z0-9]{{4}}(?:\1[A-Z0-9]{{4}}){{1,6}}(?:\1[A-Z0-9]{{1,4}})?{_EDGE_AFTER}"
)
_SHORTEST_NUMBER: Final = 11
_GROUPED: Final = re.compile(rf"\d({_MARK})\d\d(?:\d\d(?:\d\d)?)?\1\d|\d\d({_MARK}|-)[A-Z0-9]{{4}}\2[A-Z0-9]{{4}}")
"""What stands in any number that is respelled."""


def fold(layer: Layer) -> Layer:
    """The same text in one spelling; the layer itself where nothing changes."""
    text = layer.text
    if not text.isascii() and (changing := {char for char in set(text) if _spelled(char) != char}):
        layer = _respell(layer, changing)
    if not layer.text.isascii():
        layer = _replaced(layer, _latin(layer.text))
    if len(layer.text) >= _SHORTEST_NUMBER and _GROUPED.search(layer.text) is not None:
        layer = _replaced(layer, _grouped(layer.text))
    return layer


def plain(name: str) -> str:
    """A name in one spelling; what was masked in it is a word that tells nothing, `‹ACCESS_TOKEN_1›` too."""
    return name if name.isascii() else placeholders.HARMLESS.sub(" x ", fold(Layer(name)).text)


def _replaced(layer: Layer, text: str) -> Layer:
    return layer if text == layer.text else respelled(layer, text)


def _respell(layer: Layer, changing: set[str]) -> Layer:
    weaver, text, position = Weaver(layer), layer.text, 0
    for match in re.finditer(f"[{re.escape(''.join(sorted(changing)))}]", text):
        weaver.keep(position, match.start())
        weaver.put(_spelled(match[0]), match.start(), match.end())
        position = match.end()
    weaver.keep(position, len(text))
    return weaver.layer()


@lru_cache(maxsize=4096)
def _spelled(char: str) -> str:
    if char.isascii():
        return char
    if char in _SPELLED:
        return _SPELLED[char]
    category = unicodedata.category(char)
    if category in {"Cf", "Me"} or char in _BLANK_LETTERS or any(ord(char) in unseen for unseen in _UNSEEN):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Pd":
        return "-"
    if category == "Zs":
        return " "
    return unicodedata.normalize("NFKC", char)


def _latin(text: str) -> str:
    if _LOOKED_LIKE.search(text) is None:
        return text
    return _MIXED.sub(_latin_run, text)


def _latin_run(run: re.Match[str]) -> str:
    if _LOOKED_LIKE.search(run[0]) is None or _LATIN.search(run[0]) is None:
        return run[0]
    return _WORD.sub(_latin_word, run[0])


def _latin_word(word: re.Match[str]) -> str:
    text = "".join(_LOOK_ALIKE.get(char, char) for char in word[0])
    return word[0] if _LOOKED_LIKE.search(text) else text


def _grouped(text: str) -> str:
    for pattern, usual in ((_CARD, "-"), (_SSN, "-"), (_IBAN, " ")):
        text = pattern.sub(partial(_with_mark, usual), text)
    return text


def _with_mark(usual: str, match: re.Match[str]) -> str:
    return match[0].replace(match[1], usual)
