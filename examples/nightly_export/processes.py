"""The two processes of the demonstration, each with its own key, its own database role and nothing of the other's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PLACET_RUN_MARK")
"""The last one marks the processes of a run, so that none can be left behind."""


class AgentChild:
    """An agent process that answers orders, one JSON object per line each way."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "examples.nightly_export.agent"],
                env=_environment(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._log = log

    def ask(self, do: str, **order: Any) -> dict[str, Any]:
        """Give an order and wait for its answer; raise RuntimeError where the process has died."""
        if self._child.stdin is None or self._child.stdout is None:
            raise RuntimeError("the agent has no pipes")
        self._child.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the agent stopped; see {self._log}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.stdin is not None:
            with suppress(BrokenPipeError):
                self._child.stdin.close()
        _stop(self._child)
        if self._child.stdout is not None:
            self._child.stdout.close()


class ExecutorChild:
    """The executor process, listening on a free port of the loopback."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "examples.nightly_export.executor"],
                env=_environment({**env, "WAREHOUSE_PORT": str(port)}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._log = log

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Return when it answers; raise RuntimeError where it does not."""
        deadline = time.monotonic() + seconds
        while not _answers(lambda: httpx.get(f"{self.url}/healthz", timeout=1)):
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the executor did not start; see {self._log}")
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.terminate()
        _stop(self._child)


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a process needs to run at all, and what it is given; nothing else of ours leaks in."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **env}


def _answers(call: Callable[[], httpx.Response]) -> bool:
    try:
        return call().status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _stop(child: subprocess.Popen[Any]) -> None:
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
