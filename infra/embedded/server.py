"""What every server of our own is: a process on one folder, started, stopped, killed and restarted.

- `start()` returns when the server answers, and raises PartFailedError with the end of its logs when it does not.
- Whoever gives it children ends them; without, it has a set of its own, which `stop()` closes.
"""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from infra.children import Children, Progress
from infra.errors import PartFailedError


class EmbeddedServer(ABC):
    """One server in `folder`."""

    name: ClassVar[str]
    """As people call it."""
    start_seconds: float
    stop_seconds: float
    gently: ClassVar[signal.Signals] = signal.SIGTERM
    """Asks it to stop at once but cleanly."""

    def __init__(self, folder: Path, *, children: Children | None, progress: Progress) -> None:
        self.folder = folder.absolute()
        self._owned = children is None
        self._children = children or Children()
        self._progress = progress
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def log(self) -> Path:
        """What it says of itself."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Prepare the folder if it is new, start the server, wait until it answers."""
        if self.pid is not None:
            return
        if self._owned and self._children.closed:
            self._children = Children()
        self._process = self._launch()
        try:
            self._wait_until_it_answers(time.monotonic() + self.start_seconds)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop cleanly, nothing acknowledged is lost; by force when that takes longer than a few seconds."""
        if self._process is not None:
            self._children.stop(self._process, grace=self.stop_seconds, gently=self.gently)
            self._process = None
        if self._owned:
            self._children.close()

    def kill(self) -> None:
        """SIGKILL it and its own children, as a crash would."""
        if self._process is not None:
            self._children.kill(self._process)
            self._process = None

    def restart(self) -> None:
        """Start again on the same folder and addresses, after `stop()` or `kill()`."""
        self.kill()
        self.start()

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Prepare what is missing and start the process."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client gets an answer now."""

    def _wait_until_it_answers(self, deadline: float) -> None:
        while True:
            if self.pid is None:
                raise PartFailedError(f"{self.name} stopped while starting: {self._said()}")
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise PartFailedError(f"{self.name} did not answer in time: {self._said()}")
            time.sleep(0.1)

    def _said(self) -> str:
        return tail(self.log)


def tail(*paths: Path, lines: int = 8) -> str:
    """Return the last lines of the logs, for an error's sentence."""
    text = [line for path in paths if path.exists() for line in path.read_text(errors="replace").splitlines()]
    return " | ".join(text[-lines:]) or "its log is empty"
