"""The system without its services: what it makes, what it restarts, whom it refuses, and that nothing is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from infra import admin, guard
from infra.errors import AlreadyRunningError, InfraError, PartUnavailableError
from infra.layout import RunLock
from infra.system import System

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = {name: os.environ[name] for name in ("PATH", "HOME", "PLACET_CACHE", "XDG_CACHE_HOME") if name in os.environ}


def system(folder: Path, said: list[str] | None = None) -> System:
    say: Callable[[str], None] = (lambda _: None) if said is None else said.append
    return System(folder, say=say, mode="test", outside=OUTSIDE, services=())


async def eventually(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Poll `condition()`; processes have no events to wait for."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(0.05)


def signed_in(dsn_file: Path) -> object:
    with psycopg.connect(dsn_file.read_text().strip()) as connection:
        row = connection.execute("SELECT current_user").fetchone()
    return row[0] if row else None


async def test_a_system_from_start_to_end(tmp_path: Path) -> None:
    said: list[str] = []
    try:
        running = await system(tmp_path / "run", said).__aenter__()
    except PartUnavailableError as error:
        pytest.skip(str(error))
    try:
        with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"):
            await system(tmp_path / "run").__aenter__()
        endpoints = json.loads(running.layout.endpoints.read_text())
        with admin.operator(running.kafka.settings("ops")) as client:
            assert admin.check(client) == []
        assert signed_in(Path(endpoints["dsn_files"]["settle"])) == "settle"
        secret = [path for path in running.layout.folder.rglob("*") if path.suffix in {".password", ".dsn"}]
        assert secret
        assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
        for part in (running.kafka, running.postgres):
            first = part.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await eventually(lambda part=part, first=first: part.pid not in {None, first})  # type: ignore[misc]
        assert {"kafka ended; starting it again", "postgres ended; starting it again"} <= set(said)
        await eventually(lambda: "kafka: ready again" in said and "postgres: ready again" in said)
        mark = running.children.mark
    finally:
        await running.__aexit__(None, None, None)
    assert guard.marked(mark) == []
    assert not RunLock.held(running.layout)

    again = system(tmp_path / "run")
    async with again:
        assert json.loads(again.layout.endpoints.read_text())["kafka"] == endpoints["kafka"]
    assert guard.marked(again.children.mark) == []


KILLED = """
import asyncio, os, sys
from pathlib import Path
from infra.system import System

async def main():
    async with System(Path(sys.argv[1]), say=lambda _: None, mode="test", services=()) as system:
        print(system.children.mark, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_nothing_is_left_of_a_system_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - it is killed from outside; nothing waits for it here
        [sys.executable, "-c", KILLED, str(tmp_path / "run")], cwd=ROOT, env=OUTSIDE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        mark = await asyncio.to_thread(lambda: owner.stdout.readline().strip() if owner.stdout else "")
        if not mark:
            pytest.skip("no embedded parts")
        assert len(guard.marked(mark)) >= 2
        owner.kill()
    await eventually(lambda: not guard.marked(mark))
    async with system(tmp_path / "run"):
        pass


async def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(InfraError, match="remove it"):
        await system(tmp_path).__aenter__()
    assert (tmp_path / "precious.txt").read_text() == "mine"
    (tmp_path / "precious.txt").unlink()
    (tmp_path / "layout").write_text("0\n")
    with pytest.raises(InfraError, match=r"another version of Placet \(format 0\)"):
        await system(tmp_path).__aenter__()
