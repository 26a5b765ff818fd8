"""Whether a text looks as chance makes it: what no name and no issuer's prefix tells.

Rule: identifiers that look random and are none of it (UUIDs, paths, dates, versions, digests with their algorithm's
name) are no secrets by their looks alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

_SHORTEST: Final = 16
_LONGEST: Final = 8_000
_BITS: Final = 3.0
"""Sixteen hexadecimal digits by chance have 3.3 bits a character, words and dates less than 3."""
_NAME: Final = re.compile(r"[\w-]+(?:[/.:@][\w-]+)+|[A-Za-z]+(?:[_-][A-Za-z]+)*(?:[_-]?\d{1,4})?")
"""Paths, hosts, versions, images and words in a row."""
_IDENTIFIER: Final = re.compile(
    r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d[\d.:TZ+_-]*|(?:sha\d{1,3}|md5)[:=-]\S+|W?/?\"[^\"]*\"|v\d[\w.-]*"
)
_UP: Final = re.compile(r"[a-z][A-Z]")
_PAIRS: Final = re.compile(r"[A-Z]{2}")
_CHANGES: Final = 2
_CHUNK: Final = re.compile(r"[A-Za-z0-9]{12}")


def entropy(text: str) -> float:
    """Bits per character, as the text's own letters are spread."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def is_mixed(value: str) -> bool:
    """Letters and digits."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def is_scrambled(value: str) -> bool:
    """Letters and digits, or letters whose case changes as no word's does: of thirty by chance, one in a hundred has
    no digit.
    """
    return is_mixed(value) or (len(_UP.findall(value)) > _CHANGES and len(_PAIRS.findall(value)) > 1)


def is_dense(value: str) -> bool:
    """Letters and digits, and somewhere a dozen without a separator: no name of hyphenated words is."""
    return is_mixed(value) and any(is_mixed(chunk) for chunk in _CHUNK.findall(value))


def looks_random(text: str) -> bool:
    """Whether a value is a secret where its name says only that it could be one."""
    if not _SHORTEST <= len(text) <= _LONGEST or any(char.isspace() for char in text) or not is_mixed(text):
        return False
    return entropy(text) >= _BITS and not _NAME.fullmatch(text) and not _IDENTIFIER.fullmatch(text)
