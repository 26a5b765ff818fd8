"""Child processes of one owner, under a guard: the one place that starts and stops processes.

- Every child gets the owner's mark in its environment, its own session and a log file; it inherits no descriptor.
- The guard (infra.guard) ends them all when the owner is killed; `close()` ends them all when it is not.
- Plain blocking code without threads: callers put it where they like.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from infra import guard
from infra.errors import InfraError

ROOT = Path(__file__).resolve().parent.parent


class Children:
    """The processes of one owner. `mark` is in the environment of each and of whatever they start."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._live: dict[int, subprocess.Popen[bytes]] = {}
        self.closed = False
        """Closed children start nothing more: a thread that is late must not leave a process behind."""
        self._guard: subprocess.Popen[bytes] | None = None

    def spawn(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: int | None = None,
        group: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a child whose output is appended to `log`. `env` is its whole environment (default: ours)."""
        self._ensure_guard()
        environment = dict(os.environ if env is None else env) | {guard.MARK: self.mark}
        log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, log.open("ab") as output:
            if self.closed:
                raise InfraError("Nothing is started any more: everything is being stopped.")
            log.chmod(0o600)
            child = subprocess.Popen(  # noqa: S603 - commands are built here, never from input
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=cwd,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
            self._live[child.pid] = child
        self._tell(f"+ {child.pid}")
        return child

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """Drop a child that has been waited for: its pid may be given to somebody else."""
        with self._lock:
            if self._live.pop(child.pid, None) is None:
                return
        self._tell(f"- {child.pid}")

    def stop(self, child: subprocess.Popen[bytes], *, grace: float, gently: signal.Signals = signal.SIGTERM) -> int:
        """Ask with `gently`, wait up to `grace` seconds, then kill with all descendants. Returns the exit status."""
        family = guard.descend([child.pid])
        if child.poll() is None:
            child.send_signal(gently)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(grace)
        return self._reap(child, family)

    def kill(self, child: subprocess.Popen[bytes]) -> int:
        """SIGKILL to the child and its descendants, at once."""
        family = guard.descend([child.pid])
        child.kill()
        return self._reap(child, family)

    def _reap(self, child: subprocess.Popen[bytes], family: list[psutil.Process]) -> int:
        if child.poll() is None:
            child.kill()
        status = child.wait()
        for process in family:
            if process.pid != child.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        psutil.wait_procs([process for process in family if process.pid != child.pid], timeout=5)
        self.forget(child)
        return status

    def close(self) -> None:
        """End whatever is left, then dismiss the guard."""
        with self._lock:
            self.closed = True
            left = list(self._live.values())
        for child in left:
            self.stop(child, grace=guard.GRACE_SECONDS)
        with self._lock:
            watcher, self._guard = self._guard, None
        if watcher is None:
            return
        guard.end(process for process in guard.strays(self.mark) if process.pid != watcher.pid)
        with contextlib.suppress(BrokenPipeError):
            watcher.communicate(b"done\n", timeout=10)

    def _ensure_guard(self) -> None:
        with self._lock:
            if self._guard is None:
                self._guard = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "infra.guard", self.mark, str(os.getpid())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=ROOT,
                    start_new_session=True,
                )

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._guard is not None and self._guard.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._guard.stdin.write(line.encode() + b"\n")
                    self._guard.stdin.flush()


def silent(_: str) -> None:
    """Report no progress."""


Progress = Callable[[str], None]
