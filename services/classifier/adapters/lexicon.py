"""The lists behind names, read once from where they lie beside the code."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from services.classifier.analysis.language.lexicon import Lexicon

_FOLDER: Final = Path(__file__).parents[1] / "lexicon"


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Given and family names, words and places."""
    return Lexicon(*(_lines(name) for name in ("given", "family", "words", "places")))


def _lines(name: str) -> frozenset[str]:
    return frozenset((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")) - {""}
