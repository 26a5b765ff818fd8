"""The watcher that outlives its owner: when the owner dies, nothing it started is left behind.

- It reads its standard input. Lines `+ PID` and `- PID` say which processes belong to the owner; `done` says
  that the owner has stopped everything itself.
- End of input without `done`, or the owner gone, means the owner was killed: every process it named, their
  descendants, and every process that carries the owner's mark in its environment gets TERM, then KILL.
- The mark (PLACET_RUN_MARK) closes the gap between starting a process and naming it, and finds grandchildren.
- Started in its own session, so that Ctrl-C in the terminal does not reach it.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterable

import psutil

MARK = "PLACET_RUN_MARK"
GRACE_SECONDS = 3.0
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


def strays(mark: str) -> list[psutil.Process]:
    """Return what carries `mark`, each with its descendants, which may have been started without it."""
    return descend(process.pid for process in marked(mark))


def marked(mark: str) -> list[psutil.Process]:
    """Return live processes, this one excepted, whose environment carries `mark`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(*_GONE, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def descend(pids: Iterable[int]) -> list[psutil.Process]:
    """Return the live processes among `pids`, each with its descendants."""
    found: list[psutil.Process] = []
    for pid in pids:
        with contextlib.suppress(*_GONE):
            process = psutil.Process(pid)
            found += [process, *process.children(recursive=True)]
    return found


def end(processes: Iterable[psutil.Process], *, grace: float = GRACE_SECONDS) -> None:
    """TERM, wait up to `grace` seconds, KILL."""
    waiting = list({process.pid: process for process in processes}.values())
    for process in waiting:
        with contextlib.suppress(*_GONE):
            process.terminate()
    _, alive = psutil.wait_procs(waiting, timeout=grace)
    for process in alive:
        with contextlib.suppress(*_GONE):
            process.kill()
    psutil.wait_procs(alive, timeout=grace)


def main(mark: str, owner: int) -> None:
    """Watch until the owner says `done` or is gone."""
    pids: set[int] = set()
    buffered = b""
    while True:
        readable, _, _ = select.select([0], [], [], 1.0)
        if not readable:
            if not psutil.pid_exists(owner):
                break
            continue
        chunk = os.read(0, 4096)
        if not chunk:
            break
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            if line == b"done":
                return
            sign, _, number = line.partition(b" ")
            (pids.add if sign == b"+" else pids.discard)(int(number))
    end([*descend(pids), *strays(mark)])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
