"""Which rules look: one digest over the code, and the lists of words, that decide what is found.

Rule: a classification is repeated by the same rules, model, configuration and libraries; a version number alone says
little between two releases.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from services.classifier import analysis, decide

_DIGITS: Final = 12


@cache
def digest() -> str:
    """The start of the SHA-256 of every file of rules and list of words, by name and content: 12 hexadecimal digits."""
    folder = Path(analysis.__path__[0])
    found = hashlib.sha256()
    lists = folder.with_name("lexicon").glob("*.txt")
    for path in sorted([*folder.rglob("*.py"), *lists, Path(decide.__file__)]):
        found.update(f"{path.relative_to(folder.parent)}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:_DIGITS]
