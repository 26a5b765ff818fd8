"""The supervisor over tiny real processes: order, restart, giving up, and leaving nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra import guard
from infra.children import Children
from infra.errors import PartFailedError
from infra.supervisor import Program, State, Supervisor, check_order, pause

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
ROOT = Path(__file__).resolve().parents[2]
STUBBORN = (
    sys.executable,
    "-c",
    "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print('ready', flush=True); time.sleep(600)",
)


@pytest.fixture
def children() -> Iterator[Children]:
    owned = Children()
    yield owned
    owned.close()


async def eventually(condition: Callable[[], object], *, seconds: float = 15.0) -> None:
    """Poll `condition()`; processes have no events to wait for."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(0.02)


def program(folder: Path, name: str, command: tuple[str, ...] = SLEEP, **more: object) -> Program:
    given: dict[str, object] = {"env": dict(os.environ), "log": folder / f"{name}.log"} | more
    return Program(name, command, **given)  # type: ignore[arg-type]


def test_order_is_what_after_says() -> None:
    folder = Path()
    programs = [
        program(folder, "last", after=("middle",)),
        program(folder, "middle", after=("first",)),
        program(folder, "first"),
    ]
    assert check_order(programs) == ["first", "middle", "last"]


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ({"a": ("b",), "b": ("a",)}, "wait for each other: a, b"),
        ({"a": ("gone",)}, "nothing is called gone"),
        ({"a": ("a",)}, "wait for each other: a"),
    ],
)
def test_an_impossible_order_is_refused(after: dict[str, tuple[str, ...]], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_order([program(Path(), name, after=names) for name, names in after.items()])


def test_two_programs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two programs are called a"):
        check_order([program(Path(), "a"), program(Path(), "a")])


def test_the_pause_doubles_and_ends_at_ten_seconds() -> None:
    assert [pause(count) for count in (0, 1, 2, 3, 20)] == [0.0, 0.25, 0.5, 1.0, 10.0]


async def test_a_program_waits_for_the_health_of_what_it_comes_after(tmp_path: Path, children: Children) -> None:
    healthy: set[str] = set()

    async def check(url: str) -> bool:
        return url in healthy

    programs = [program(tmp_path, "b", after=("a",), health="b"), program(tmp_path, "a", health="a")]
    async with Supervisor(programs, children, check=check) as supervisor:
        await eventually(lambda: supervisor.status["a"]["state"] == State.STARTING)
        assert supervisor.status["b"]["state"] == State.WAITING
        healthy.add("a")
        await eventually(lambda: supervisor.status["b"]["state"] == State.STARTING)
        healthy.add("b")
        await supervisor.ready()
        assert supervisor.status["b"]["state"] == State.HEALTHY


async def test_what_is_killed_runs_again_and_the_status_file_says_so(tmp_path: Path, children: Children) -> None:
    status = tmp_path / "status.json"
    said: list[str] = []
    async with Supervisor([program(tmp_path, "a")], children, status_file=status, say=said.append) as supervisor:
        await supervisor.ready()
        first = json.loads(status.read_text())["a"]["pid"]
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: json.loads(status.read_text())["a"]["pid"] not in {first, None})
        assert json.loads(status.read_text())["a"]["restarts"] == 1
    assert json.loads(status.read_text())["a"] == {"pid": None, "state": "stopped", "restarts": 1, "health": None}
    assert said == ["a: ended with status -9; starting it again"]


async def test_what_lost_its_health_is_started_again(tmp_path: Path, children: Children) -> None:
    answers = {"well": True}

    async def check(_: str) -> bool:
        return answers["well"]

    async with Supervisor([program(tmp_path, "a", health="a")], children, check=check, check_every=0.05) as supervisor:
        await supervisor.ready()
        first = supervisor.status["a"]["pid"]
        answers["well"] = False
        await eventually(lambda: supervisor.status["a"]["restarts"] == 1)
        answers["well"] = True
        await eventually(lambda: supervisor.status["a"]["state"] == State.HEALTHY)
        assert supervisor.status["a"]["pid"] != first


async def test_what_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path, children: Children) -> None:
    broken = (sys.executable, "-c", "raise SystemExit('no such setting')")
    async with Supervisor(
        [program(tmp_path, "bad", broken, health="x"), program(tmp_path, "a")], children
    ) as supervisor:
        with pytest.raises(PartFailedError, match=r"bad does not start: ended with status 1.*no such setting"):
            await supervisor.ready()


async def test_what_refuses_its_settings_is_not_tried_again(tmp_path: Path, children: Children) -> None:
    refusing = (sys.executable, "-c", "import sys; print('tried'); sys.exit(2)")
    async with Supervisor([program(tmp_path, "bad", refusing, health="x")], children) as supervisor:
        with pytest.raises(PartFailedError, match="bad does not start: ended with status 2"):
            await supervisor.ready()
    assert (tmp_path / "bad.log").read_text() == "tried\n"


async def test_what_is_never_healthy_fails_the_start(tmp_path: Path, children: Children) -> None:
    async def never(_: str) -> bool:
        return False

    slow = program(tmp_path, "slow", health="x", start_seconds=0.1)
    async with Supervisor([slow], children, check=never) as supervisor:
        with pytest.raises(PartFailedError, match="slow does not start: not healthy after 0 s"):
            await supervisor.ready()


async def test_what_ignores_term_is_killed(tmp_path: Path, children: Children) -> None:
    async with Supervisor([program(tmp_path, "a", STUBBORN, stop_seconds=0.3)], children) as supervisor:
        await supervisor.ready()
        await eventually(lambda: "ready" in (tmp_path / "a.log").read_text())
        process = psutil.Process(int(str(supervisor.status["a"]["pid"])))
    assert not process.is_running()


OWNER = """
import sys, time
from pathlib import Path
from infra.children import Children
owned = Children()
sleep = "import time; time.sleep(600)"
inner = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleep!r}]); {sleep}"
child = owned.spawn([sys.executable, "-c", inner], log=Path(sys.argv[1]))
print(owned.mark, flush=True)
time.sleep(600)
"""


async def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - it is killed from outside; nothing waits for it here
        [sys.executable, "-c", OWNER, str(tmp_path / "log")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        mark = owner.stdout.readline().strip()
        await eventually(lambda: len(guard.marked(mark)) == 2)  # the child and the grandchild
        owner.kill()
    await eventually(lambda: not guard.marked(mark))


def test_close_ends_grandchildren_whose_parent_is_gone(tmp_path: Path) -> None:
    owned = Children()
    orphaning = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    child = owned.spawn([sys.executable, "-c", orphaning], log=tmp_path / "log")
    child.wait(10)
    assert len(guard.marked(owned.mark)) == 1
    owned.close()
    assert guard.marked(owned.mark) == []


def test_a_childs_environment_is_what_it_was_given(tmp_path: Path, children: Children) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    child = children.spawn([sys.executable, "-c", show], log=tmp_path / "log", env={"ONLY": "this"})
    assert child.wait(10) == 0
    seen = json.loads((tmp_path / "log").read_text())
    assert seen["ONLY"] == "this"
    assert set(seen) <= {"ONLY", guard.MARK, "LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
