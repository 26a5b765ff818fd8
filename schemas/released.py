"""What was released never changes: `released.lock` holds a line `SHA-256  json/NAME` per released schema.

Empty until release 1.0. A new meaning is a new version of the topic, and a new file.
"""

from __future__ import annotations

from pathlib import Path

from placet.canonical import sha256_hex


def changed(folder: Path) -> list[str]:
    """The released schemas that are gone or differ from what was released."""
    lines = (folder / "released.lock").read_text().splitlines()
    released = [line.split(maxsplit=1) for line in lines if line.strip()]
    return sorted(name for digest, name in released if _digest(folder / name) != digest)


def _digest(path: Path) -> str | None:
    return sha256_hex(path.read_bytes()) if path.exists() else None
