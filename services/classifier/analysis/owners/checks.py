"""Checks that an owner's recognizer may name: check digits as the field computes them, and whether a value looks drawn.

Rules: spaces and hyphens between the digits do not count; a check says yes or no and raises nothing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from stdnum import damm, iban, luhn, verhoeff
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_37_2, mod_37_36, mod_97_10

Check: TypeAlias = Literal[
    "luhn", "verhoeff", "damm", "mod_11_2", "mod_11_10", "mod_37_2", "mod_37_36", "mod_97_10", "iban", "random"
]

_SEPARATORS: Final = re.compile(r"[\s-]+")
_RANDOM_BITS: Final = 3.0
"""Bits a character: hexadecimal digits have at most 4, words of a language about 2.5 at such lengths."""
_SHORTEST_RANDOM: Final = 12


def _random(value: str) -> bool:
    """Letters and digits, spread as a machine draws them."""
    if len(value) < _SHORTEST_RANDOM or not (any(map(str.isdigit, value)) and any(map(str.isalpha, value))):
        return False
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
    return bits >= _RANDOM_BITS


_CHECKS: Final[Mapping[Check, Callable[[str], bool]]] = {
    "luhn": luhn.is_valid,
    "verhoeff": verhoeff.is_valid,
    "damm": damm.is_valid,
    "mod_11_2": mod_11_2.is_valid,
    "mod_11_10": mod_11_10.is_valid,
    "mod_37_2": mod_37_2.is_valid,
    "mod_37_36": mod_37_36.is_valid,
    "mod_97_10": mod_97_10.is_valid,
    "iban": iban.is_valid,
    "random": _random,
}


def passes(check: Check, value: str) -> bool:
    """Whether a value passes a check."""
    return bool(_CHECKS[check](_SEPARATORS.sub("", value)))
