"""Generated secrets as files: one line, readable by their owner alone, never overwritten."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file with mode 0600, whatever stood there before."""
    staged = path.with_name(path.name + ".new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    staged.replace(path)


def password_file(path: Path) -> Path:
    """Make the file with a fresh 192-bit password unless it is there already; return its path."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, secrets.token_urlsafe(24) + "\n")
    return path


def password_files(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """One password file per name, in `folder`."""
    return {name: password_file(folder / f"{name}.password") for name in names}
