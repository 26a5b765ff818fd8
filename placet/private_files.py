"""Files with secrets: written whole, for their owner alone."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, text: str, *, owner: os.stat_result | None = None) -> None:
    """Put `text` in place of whatever stood there, at once, mode 0600; as `owner`'s where that is somebody else.

    Raise OSError where it cannot be written or given away; what stood there stays.
    """
    staged = path.with_name(path.name + ".new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        if owner is not None and (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    staged.replace(path)
