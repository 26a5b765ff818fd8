"""The file of fingerprint keys (`placet.fingerprint_keys`), made and rotated.

Rules: replaced at once, mode 0600, as its owner's; what is no file of keys is left alone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from placet.fingerprint_keys import FingerprintKeys, lines_of
from placet.private_files import write_private


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a file: the id of its key of fingerprints now, and before (None: there was no file)."""

    id: str
    before: str | None


def renew(path: Path, *, likenesses: bool = False) -> Renewed:
    """Make the file, or give it a new key of fingerprints, and of `likenesses` where that is asked for too.

    Raise `DecodeError` where the file is none of keys, OSError where it cannot be written or given to its owner.
    """
    lines, before, owner = list[str](), None, None
    if path.exists():
        content = path.read_bytes()
        lines, before = lines_of(content), FingerprintKeys.read(content).id
        owner = path.stat()
    kept = [] if likenesses else lines[-1:]
    write_private(path, "".join(f"{line}\n" for line in [secrets.token_hex(32), *kept]), owner=owner)
    return Renewed(FingerprintKeys.read(path.read_bytes()).id, before)
