"""Embeddings: long vectors of numbers, told from measurements by how their numbers are spread.

Rules:
- As a list of numbers, as text (`[0.0132, -0.4471, …]`, as a database's vector literal has it) and as base64 of 32- or
  64-bit floats, as embedding services send them. From 64 numbers on.
- Most are fractions, none is large; they have both signs, or so many decimals as only a computation makes. Prices,
  counts and percentages have neither.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final

from services.classifier.model import Passage, Span

EMBEDDING: Final = "EMBEDDING"
SHORTEST: Final = 64
_LARGEST: Final = 1_000.0
_SMALL: Final = 16.0
_TINY: Final = 1e-9
_DECIMALS: Final = 4
_FEW: Final = 8
_TEXT: Final = re.compile(
    r"(?<![\w.])[-+]?\d{0,6}\.\d{1,20}(?:[eE][-+]?\d{1,3})?"
    rf"(?:(?:\s{{0,4}}[,;]\s{{0,4}}|\s{{1,4}})[-+]?\d{{0,6}}\.?\d{{1,20}}(?:[eE][-+]?\d{{1,3}})?){{{_FEW},}}+"
)
"""A run of numbers, however long: taken whole or not at all, so that a text of near-matches is read once."""
_NUMBER: Final = re.compile(r"[-+]?\d{0,6}\.?\d{1,20}(?:[eE][-+]?\d{1,3})?")
_SHORTEST_BASE64: Final = SHORTEST * 16 // 3
_BASE64: Final = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{_SHORTEST_BASE64},}}={{0,2}}")


def is_vector(numbers: Sequence[float]) -> bool:
    """Whether numbers are spread as an embedding's are."""
    if len(numbers) < SHORTEST or not all(math.isfinite(one) for one in numbers):
        return False
    fractions = [one for one in numbers if not float(one).is_integer()]
    largest = max(map(abs, numbers))
    if len(fractions) * 2 <= len(numbers) or largest > _LARGEST:
        return False
    if largest <= _SMALL and min(numbers) < 0 < max(numbers):
        return True
    computed = sum(round(one, _DECIMALS - 1) != one for one in fractions)
    return computed * 2 > len(numbers)


def find(passage: Passage) -> Iterator[Span]:
    """Vectors written out, and vectors as bytes."""
    text = passage.text
    if passage.number or len(text) < SHORTEST * 3:
        return
    if text.count(".") * 2 >= SHORTEST:
        for match in _TEXT.finditer(text):
            if is_vector([float(number) for number in _NUMBER.findall(match[0])]):
                yield Span(EMBEDDING, match.start(), match.end(), 0.85, "vector/text")
    if len(text) < _SHORTEST_BASE64:
        return
    for match in _BASE64.finditer(text):
        if _is_floats(match[0]):
            yield Span(EMBEDDING, match.start(), match.end(), 0.85, "vector/base64")


def _is_floats(encoded: str) -> bool:
    """Whether bytes are small floats throughout: of random bytes, one in eight is, so sixty-four never are."""
    head = encoded.rstrip("=")[: SHORTEST * 32 // 3 // 4 * 4].replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(head[: len(head) // 4 * 4])
    except (ValueError, binascii.Error):
        return False
    return any(
        _small(struct.unpack(f"<{len(content) // size}{code}", content[: len(content) // size * size]))
        for code, size in (("f", 4), ("d", 8))
    )


def _small(numbers: Sequence[float]) -> bool:
    return (
        len(numbers) >= SHORTEST // 2
        and all(one == 0 or _TINY < abs(one) <= _SMALL for one in numbers)  # also false for what is no number
        and min(numbers) < 0 < max(numbers)
        and sum(one != 0 for one in numbers) * 2 > len(numbers)
    )
