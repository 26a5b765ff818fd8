"""Where a system that runs here keeps everything: one folder, private to its user.

run.lock           held while the system runs; free again when its process dies
layout             the format of this folder, so that a later version does not misread it
keys/              what `placet keys init` makes
secrets/           generated secrets of processes that need one, one file each
kafka/ postgres/   data, settings and logs of the embedded parts; kafka/clients/<principal>.json says how to connect
dsn/               one DSN file per database role
state/<process>/   what a process keeps besides (the executor's store, a journal)
logs/<process>.log
status.json        name, pid, state and restarts of each process, kept current by the supervisor
endpoints.json     where everything is, for people and tools; paths, never secrets
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from infra.errors import AlreadyRunningError, InfraError

FORMAT: Final = "1"


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths under one run folder. `folder` is absolute."""

    folder: Path

    @property
    def keys(self) -> Path:
        """Keys and trust file."""
        return self.folder / "keys"

    @property
    def secrets(self) -> Path:
        """Generated secrets."""
        return self.folder / "secrets"

    @property
    def dsn(self) -> Path:
        """DSN files."""
        return self.folder / "dsn"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.folder / "logs"

    @property
    def tmp(self) -> Path:
        """Temporary files of the services, so that none are left elsewhere."""
        return self.folder / "tmp"

    @property
    def clients(self) -> Path:
        """KafkaSettings of each principal, as JSON."""
        return self.folder / "kafka" / "clients"

    @property
    def directory(self) -> Path:
        """The people."""
        return self.folder / "directory.json"

    @property
    def status(self) -> Path:
        """The supervisor's view."""
        return self.folder / "status.json"

    @property
    def endpoints(self) -> Path:
        """Where everything is."""
        return self.folder / "endpoints.json"

    def state(self, name: str) -> Path:
        """A process's own folder."""
        return self.folder / "state" / name

    def make(self) -> None:
        """Create the folders. Raises InfraError for a folder that another version made or that is something else."""
        mark = self.folder / "layout"
        if mark.exists():
            found = mark.read_text().strip()
            if found != FORMAT:
                raise InfraError(f"{self.folder} was made by another version of Placet (format {found}): remove it.")
        elif self.folder.exists() and any(path.name != "run.lock" for path in self.folder.iterdir()):
            raise InfraError(f"{self.folder} holds something that is not a run of Placet, or is stale: remove it.")
        for path in (self.folder, self.secrets, self.dsn, self.logs, self.tmp, self.clients, self.folder / "state"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.write_text(FORMAT + "\n")


class RunLock:
    """Held by the one system of a folder. A killed system lets go of it by dying."""

    def __init__(self, layout: Layout) -> None:
        self._path = layout.folder / "run.lock"
        self._handle: IO[str] | None = None

    def take(self) -> None:
        """Raise AlreadyRunningError, which names the holder, when it is held."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = self._path.open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            handle.close()
            raise AlreadyRunningError(
                f"A system already runs in {self._path.parent} (process {holder}): stop it with Ctrl-C there, "
                "or choose another folder with --folder."
            ) from None
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        self._handle = handle

    def release(self) -> None:
        """Let go."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    @staticmethod
    def held(layout: Layout) -> bool:
        """Whether a system runs in the folder now."""
        try:
            with (layout.folder / "run.lock").open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False
