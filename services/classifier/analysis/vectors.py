"""Embeddings: long vectors of numbers, told from measurements by how their numbers are spread.

Rules:
- As a list of numbers, as text (`[0.0132, -0.4471, …]`, as a database's vector literal has it) and as 32- or 64-bit
  floats in bytes, as embedding services send them in base64. From 64 numbers on.
- Most are fractions, none is large; they have both signs and more than one decimal, or so many decimals as only a
  computation makes. Prices, counts, percentages, temperatures and what a metric reports have neither.
"""

from __future__ import annotations

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
_DECIMALS: Final = 6
_FEW: Final = 8
_TEXT: Final = re.compile(
    r"(?<![\w.])[-+]?\d{0,6}\.\d{1,20}(?:[eE][-+]?\d{1,3})?"
    rf"(?:(?:\s{{0,4}}[,;]\s{{0,4}}|\s{{1,4}})[-+]?\d{{0,6}}\.?\d{{1,20}}(?:[eE][-+]?\d{{1,3}})?){{{_FEW},}}+"
)
"""A run of numbers, however long: taken whole or not at all, so that a text of near-matches is read once."""
_NUMBER: Final = re.compile(r"[-+]?\d{0,6}\.?\d{1,20}(?:[eE][-+]?\d{1,3})?")
_HEAD: Final = SHORTEST * 8
"""Bytes that are looked at."""


def is_vector(numbers: Sequence[float]) -> bool:
    """Whether numbers are spread as an embedding's are."""
    if len(numbers) < SHORTEST or not all(math.isfinite(one) for one in numbers):
        return False
    fractions = [one for one in numbers if not float(one).is_integer()]
    largest = max(map(abs, numbers))
    if len(fractions) * 2 <= len(numbers) or largest > _LARGEST:
        return False
    if largest <= _SMALL and min(numbers) < 0 < max(numbers):
        return any(round(one, 1) != one for one in fractions)
    computed = sum(round(one, _DECIMALS - 1) != one for one in fractions)
    return computed * 2 > len(numbers)


def find(passage: Passage) -> Iterator[Span]:
    """Vectors written out."""
    text = passage.text
    if passage.number or len(text) < SHORTEST * 3:
        return
    if text.count(".") * 2 >= SHORTEST:
        for match in _TEXT.finditer(text):
            if is_vector([float(number) for number in _NUMBER.findall(match[0])]):
                yield Span(EMBEDDING, match.start(), match.end(), 0.85, "vector/text")


def in_bytes(data: bytes) -> bool:
    """Whether bytes begin with 32- or 64-bit floats, small throughout: of random bytes, one in eight is, so that
    sixty-four never are.
    """
    head = data[:_HEAD] if len(data) >= SHORTEST * 4 else b""
    return any(
        _small(struct.unpack(f"<{len(head) // size}{code}", head[: len(head) // size * size]))
        for code, size in (("f", 4), ("d", 8))
    )


def _small(numbers: Sequence[float]) -> bool:
    return (
        len(numbers) >= SHORTEST // 2
        and all(one == 0 or _TINY < abs(one) <= _SMALL for one in numbers)  # also false for what is no number
        and min(numbers) < 0 < max(numbers)
        and sum(one != 0 for one in numbers) * 2 > len(numbers)
    )
