"""Words with a capital, as patterns; letters of scripts without case count as capitals."""

from __future__ import annotations

from typing import Final

CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ]"
WORD: Final = rf"{CAPITAL}[^\W\d_]{{1,20}}(?:['’-][^\W\d_]{{1,20}}){{0,2}}"
"""Two letters or more, and what a hyphen or an apostrophe joins to them."""
