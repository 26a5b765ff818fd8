"""The keys under which the classifier marks values and actions, as they stand in their file. Pure.

    the newest key      of fingerprints: links the same value in two actions
    the last key        of likenesses: knows a repeat of an action; with one line it is the same

Rules:
- A line is a key: 32 characters or more, drawn at random, without a space. `placet keys fingerprint` makes the file.
- Fingerprints are rotated by a new first line; the last line stays, so that what people rejected a moment before is
  still known for a repeat. Whoever changes the last line gives that up for as long as a rejection stands.
- The id of a key is public and tells nothing of it: 64 bits of what it makes of a constant, as it does of values.
- A key is never part of a `repr` or of an error.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from placet.errors import DecodeError

MIN_CHARACTERS: Final = 32
_MAX_BYTES: Final = 10_000
_MOST: Final = 2
_LIKENESS: Final = "likeness"
_NAME: Final = "name"
"""The domain of ids: no fingerprint and no likeness is ever made in it."""


@dataclass(frozen=True, slots=True)
class FingerprintKeys:
    """The keys in force, 32 bytes each."""

    fingerprints: bytes = field(repr=False)
    likenesses: bytes = field(repr=False)

    @classmethod
    def single(cls, key: bytes) -> FingerprintKeys:
        """One key for both."""
        return cls(key, key)

    @classmethod
    def read(cls, content: bytes) -> FingerprintKeys:
        """The keys in a file's content; raise `DecodeError` that quotes none of it."""
        first, *rest = (hashlib.sha256(line.encode()).digest() for line in lines_of(content))
        return cls(first, rest[-1] if rest else first)

    @property
    def id(self) -> str:
        """What the key of fingerprints is called: 16 hexadecimal digits."""
        return self.mark(_NAME, b"")[:16]

    def mark(self, domain: str, content: bytes) -> str:
        """HMAC-SHA-256, separated by domain; 64 hexadecimal digits."""
        key = self.likenesses if domain == _LIKENESS else self.fingerprints
        return hmac.new(key, domain.encode() + b"\0" + content, hashlib.sha256).hexdigest()


def lines_of(content: bytes) -> list[str]:
    """The lines of a file of keys, each a key; raise `DecodeError` that quotes none of it."""
    how = "a key a line, the newest first; make it with `placet keys fingerprint`"
    if len(content) > _MAX_BYTES or not content.isascii():
        raise DecodeError("bad_key", f"is not a file of keys: {how}")
    lines = content.decode("ascii").splitlines()
    if not 1 <= len(lines) <= _MOST:
        raise DecodeError("bad_key", f"holds {len(lines)} lines, not one or {_MOST}: {how}")
    for number, line in enumerate(lines, start=1):
        if len(line) < MIN_CHARACTERS or not line.isprintable() or " " in line:
            raise DecodeError("bad_key", f"line {number} is no key of {MIN_CHARACTERS} characters or more: {how}")
    return lines
