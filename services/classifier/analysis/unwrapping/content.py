"""What bytes hold: text, numbers, an artefact, something compressed, something harmless, or what cannot be looked into.

Rules:
- Compressed data (gzip, zlib) is opened up to a size, and twice at most.
- Bytes that are no text are `binary`: not looked into. Harmless are pictures, fonts, certificates, public keys, what
  has the size of a signature, and what is short as identifiers and tokens are. Text that stands in them is looked into
  all the same.
- Sealed or packed data that says so itself (OpenSSL, Fernet, age, ZIP, PDF, pickles …) is `binary` at any size.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass, field, replace
from typing import Final

from services.classifier.analysis import artefacts, vectors

_PRINTABLE: Final = bytes([9, 10, 13, *range(32, 127)])
_HIGH: Final = bytes(range(128, 256))
_STRINGS: Final = re.compile(
    rb"(?:[\x20-\x7e\t\r\n]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){8,}"
)
"""UTF-8."""
_SHORT: Final = 192
"""Bytes: page tokens, session tickets and signatures are about that long at most."""
_DIGEST_SIZES: Final = frozenset({256, 257, 384, 512, 513})
"""RSA signatures and keys; smaller ones are short anyway."""
_HARMLESS: Final = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"\x00\x00\x01\x00", b"wOFF", b"wOF2",
    b"\x00\x01\x00\x00\x00", b"OTTO", b"\x00\x00\x00\x07ssh-", b"\x00\x00\x00\x0bssh-", b"\x00\x00\x00\x13ecdsa-",
)  # fmt: skip
_SEALED: Final = (
    b"Salted__", b"age-encryption.org/", b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\x00",
    b"BZh91AY&SY", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1",
    b"\x01\x02\x02\x00\x78", b"\x7fELF", b"SQLite format 3\x00", b"PAR1", b"\x93NUMPY",
)  # fmt: skip
_MARKED: Final = re.compile(rb"(?s)\x80\x00\x00\x00[\x00\x01]|\x80[\x04\x05]\x95.{4}\x00{4}")
"""Fernet tokens and pickles."""
_COMPRESSED: Final = frozenset({b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"})
"""How gzip begins, and zlib at each of its levels (RFC 1950 §2.2)."""
MARKED: Final = _COMPRESSED | artefacts.HEADS | {mark[:2] for mark in (*_SEALED, *_HARMLESS)}
"""How anything marked as what it is begins."""
_OPENINGS: Final = 2
_FEWEST: Final = 3
"""Characters that tell UTF-16 by their high bytes."""


@dataclass(frozen=True, slots=True)
class Content:
    """What bytes hold. Nothing of it set: nothing to look at."""

    text: str = field(default="", repr=False)
    strings: str = field(default="", repr=False)
    """Stretches of text in bytes that are none as a whole."""
    kind: str = ""
    """What all of it is, as an entity type."""
    told: str = ""
    """What told the kind."""
    closed: str = ""
    """Why it could not be looked into: a code of `placet.events.Uninspected`."""
    sure: bool = False
    """It is marked as what it is; no chance made it look so."""


def read(data: bytes, most: int, openings: int = _OPENINGS) -> Content:
    """What bytes hold; compressed data is opened up to `most` bytes."""
    if data[:2] in _COMPRESSED:
        opened = _opened(data, most, openings)
        if opened is not None:
            return opened
    text = _text(data)
    if text is not None:
        return Content(text)
    strings = "\n".join(match.decode("utf-8", "replace") for match in _STRINGS.findall(data))
    artefact = artefacts.in_bytes(data)
    if artefact is not None:
        return Content(kind=artefacts.MODEL_ARTIFACT, told=f"{artefacts.RECOGNIZER}{artefact}", sure=True)
    if data.startswith(_SEALED) or _MARKED.match(data):
        return Content(strings=strings, closed="binary", sure=True)
    if vectors.in_bytes(data):
        return Content(kind=vectors.EMBEDDING, told="vector/bytes")
    if len(data) <= _SHORT or len(data) in _DIGEST_SIZES or _is_harmless(data):
        return Content(strings=strings)
    return Content(strings=strings, closed="binary")


def _opened(data: bytes, most: int, openings: int) -> Content | None:
    """What was compressed; None where it only began as if it were."""
    gzip = data[:1] == b"\x1f"
    if not openings:
        return Content(closed="too_deep", sure=True)
    stream = zlib.decompressobj(wbits=47)
    try:
        content = stream.decompress(data, most + 1)
    except zlib.error:
        return Content(closed="binary", sure=True) if gzip else None
    if len(content) > most:
        return Content(closed="too_large", sure=True)
    if not content:
        return Content(closed="binary", sure=True) if gzip and not stream.eof else None
    inner = read(content, most, openings - 1)
    # Compressed on purpose: what is no text there is no identifier either.
    closed = inner.closed or ("" if inner.text or inner.kind or _is_harmless(content) else "binary")
    return replace(inner, closed=closed, sure=True)


def _text(data: bytes) -> str | None:
    if not data:
        return None
    odd = len(data.translate(None, _PRINTABLE))
    if odd == 0:
        return data.decode()
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return _mostly(data, "utf-16")
    if 2 * data[1::2].count(0) > 0.25 * len(data):
        return _mostly(data, "utf-16-le")
    if 2 * data[::2].count(0) > 0.25 * len(data):
        return _mostly(data, "utf-16-be")
    text = _mostly(data, "utf-8")
    if text is None and odd * 8 <= len(data) and not data.translate(None, _PRINTABLE + _HIGH):
        return data.decode("latin-1")
    if text is None and in_pairs(data):
        return _mostly(data, "utf-16-le" if _in_one_block(data[1::2]) else "utf-16-be")
    return text


def in_pairs(data: bytes) -> bool:
    """Whether every other byte is mostly the same, as in UTF-16 of any one script."""
    return _in_one_block(data[1::2]) or _in_one_block(data[::2])


def _in_one_block(high: bytes) -> bool:
    return len(high) >= _FEWEST and 2 * max(map(high.count, set(high))) > len(high)


def _mostly(data: bytes, encoding: str) -> str | None:
    """The text, where it is one: nearly all of it characters that show."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    odd = sum(text.count(char) for char in set(text) if _is_odd(char))
    return text if odd <= 0.05 * len(text) else None


def _is_odd(char: str) -> bool:
    """No character of a text; the invisible ones are: they hide what stands in it."""
    return not char.isprintable() and char not in "\t\r\n" and unicodedata.category(char) in {"Cc", "Cn", "Co", "Cs"}


def _is_harmless(data: bytes) -> bool:
    if data.startswith(_HARMLESS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return True
    # DER: a sequence as long as it says, as certificates and public keys are.
    return data[:2] == b"\x30\x82" and int.from_bytes(data[2:4], "big") + 4 == len(data)
