"""Texts that the name model was not trained on: told, and names and addresses in them by their form.

Rules:
- The model reads the Latin script. What is written in another is not called clean: `unread` says so, and the
  classification carries it as a label (infra/adr/0015-name-model.md).
- What form alone tells is found all the same (`cyrillic`, `east_asian`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.language import cyrillic, east_asian
from services.classifier.model import Passage, Span

_OTHER: Final = re.compile(
    r"[\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f\u0530-\u058f\u0590-\u05ff\u0600-\u06ff\u0750-\u077f\u0780-\u0fff"
    r"\u1000-\u109f\u10a0-\u11ff\u1200-\u137f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    r"\U00020000-\U0002ebef]"
)
"""Letters of Greek, Cyrillic, Armenian, Hebrew, Arabic, the scripts of India and South-East Asia, Georgian, Ethiopic,
Han, kana and Hangul."""
_FEWEST: Final = 3
"""Fewer letters than this are a symbol (`µ`, `Σ`, the name of a variable), no text."""


def unread(text: str) -> bool:
    """Whether a text, or a part of it, is in a script that the name model does not read."""
    if text.isascii():
        return False
    return sum(1 for _ in zip(range(_FEWEST), _OTHER.finditer(text), strict=False)) == _FEWEST


def find(passage: Passage) -> Iterator[Span]:
    """Spans of names and addresses that their form tells."""
    if not passage.number and unread(passage.text):
        yield from cyrillic.find(passage.text)
        yield from east_asian.find(passage.text)
