"""Where downloaded parts are kept, so that a second start needs no network.

- One folder per user: PLACET_CACHE, else XDG_CACHE_HOME/placet, else ~/.cache/placet.
- Several starts at once share it under a file lock: one fetches, the others wait and then find it there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder for downloaded parts, without creating it."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get("PLACET_CACHE"):
        return Path(chosen).expanduser()
    if chosen := environ.get("XDG_CACHE_HOME"):
        return Path(chosen).expanduser() / "placet"
    return Path.home() / ".cache" / "placet"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file at `path` exclusively; the operating system lets go when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)
