"""Generated secrets as files: one line, readable by their owner alone, never overwritten."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from placet.private_files import write_private


def password_file(path: Path) -> Path:
    """Make the file with a fresh 192-bit password unless it is there already; return its path."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, secrets.token_urlsafe(24) + "\n")
    return path


def password_files(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """One password file per name, in `folder`."""
    return {name: password_file(folder / f"{name}.password") for name in names}
