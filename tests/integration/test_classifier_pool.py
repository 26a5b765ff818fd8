"""Worker processes: killed at their budget, replaced when they die, gone with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from placet.fingerprint_keys import FingerprintKeys
from services.classifier.adapters import rules
from services.classifier.adapters.pool import PoolAnalyst
from services.classifier.adapters.spent import Memory, Spent, Tier
from services.classifier.errors import PoolError
from services.classifier.model import Classification
from services.classifier.ports import GaveUp, Unmaskable
from tests.classifier_parts import configuration, owned, prepare_misbehaving, prepare_refusing, subject

ROOT = Path(__file__).parents[2]
MEMORY = 256 * 2**20


def made(**different: Any) -> PoolAnalyst:
    """A pool of one worker that misbehaves when told to, with patience; not started."""
    usual: dict[str, Any] = {
        "workers": 1,
        "soft_seconds": 30,
        "hard_seconds": 30,
        "batch_seconds": 60,
        "memory_bytes": MEMORY,
        "prepare": prepare_misbehaving,
    }
    return PoolAnalyst(configuration(), **usual | different)


@pytest.fixture(scope="module")
def analyst() -> Iterator[PoolAnalyst]:
    pool = made(workers=2, hard_seconds=1.5)
    pool.start()
    yield pool
    pool.close()


def test_results_come_in_order(analyst: PoolAnalyst) -> None:
    subjects = [subject(arguments={"n": number}) for number in range(20)]
    results = analyst.analyse(subjects)
    assert [one.arguments["n"] for one in results if isinstance(one, Classification)] == list(range(20))
    assert analyst.models == {"misbehaving": "1", "rules": rules.digest()}


BREAKS = {"HANG!": "too_slow", "DIE!": "error", "KILLED!": "error", "DEVOUR!": "error", "RAISE!": "error"}
SAYS = {"RAISE!": "ValueError at classifier_parts.py", "DEVOUR!": "MemoryError at classifier_parts.py"}
"""Where the worker lives on, the error's type and place; never its text."""


@pytest.mark.parametrize(("text", "reason"), BREAKS.items())
def test_the_service_goes_on_after_an_action_that_breaks_its_worker(
    analyst: PoolAnalyst, text: str, reason: str
) -> None:
    fine, bad = subject(arguments={"a": "fine"}), subject(arguments={"a": text})
    results = analyst.analyse([fine, bad, fine, fine])
    assert isinstance(results[1], GaveUp)
    assert results[1].reason == reason
    assert text not in repr(results[1])
    assert results[1].detail.startswith(SAYS.get(text, ""))
    assert bool(results[1].detail) is (text in SAYS)
    assert [isinstance(one, Classification) for one in results] == [True, False, True, True]
    assert isinstance(analyst.analyse([fine])[0], Classification)


def test_a_flood_of_slow_actions_is_not_waited_for() -> None:
    pool = made(hard_seconds=1, batch_seconds=6)
    pool.start()
    try:
        started = time.monotonic()
        results = pool.analyse([subject(arguments={"a": "HANG!"}) for _ in range(30)])
        assert results == [GaveUp("too_slow")] * 30
        assert time.monotonic() - started < 25  # thirty budgets would be thirty seconds
        again = (pool.analyse([subject(arguments={"a": "fine"})])[0] for _ in range(10))  # a busy machine may need it
        assert any(isinstance(result, Classification) for result in again)
    finally:
        pool.close()


def test_a_worker_killed_from_outside_is_replaced(analyst: PoolAnalyst) -> None:
    for worker in _workers():
        os.kill(worker.pid, signal.SIGKILL)
    assert isinstance(analyst.analyse([subject(arguments={"a": "fine"})])[0], Classification)


def test_what_an_action_took_travels_with_its_result() -> None:
    told: list[Spent] = []
    pool = made(hard_seconds=1.5, on_spent=told.append)
    pool.start()
    try:
        pool.analyse([subject(arguments={"a": "fine things"}), subject(arguments={"a": "DIE!"})])
    finally:
        pool.close()
    (one,) = told
    assert one.seconds[Tier.ALL] > 0
    assert one.remembered == {(Memory.LEAVES, False): 2, (Memory.TEXTS, False): 1}


def test_a_refusal_travels(analyst: PoolAnalyst) -> None:
    assert analyst.analyse([subject(session="AKIAQYLPMN5HFIQR7XYA")]) == [Unmaskable()]


def test_a_new_configuration_takes_over_between_two_batches_and_no_action_is_lost(
    analyst: PoolAnalyst, tmp_path: Path
) -> None:
    before, after = configuration(), owned(tmp_path, "Blue Heron")
    batch = [subject(arguments={"note": "about Blue Heron", "n": number}) for number in range(8)]
    seen: list[tuple[str, tuple[str, ...]]] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            results = analyst.analyse(batch)
            assert [one.arguments["n"] for one in results if isinstance(one, Classification)] == list(range(8))
            seen.extend((analyst.configuration, one.labels) for one in results if isinstance(one, Classification))

    try:
        with ThreadPoolExecutor(1) as executor:
            working = executor.submit(work)
            for given in (after, before, after, after):
                analyst.renew(given)
            end = time.monotonic() + 60
            while time.monotonic() < end and seen[-1:] != [(after.digest, ("ours",))]:
                time.sleep(0.01)
            stop.set()
            working.result(timeout=60)
        assert seen[-1] == (after.digest, ("ours",))
        assert set(seen) <= {(before.digest, ()), (after.digest, ("ours",))}, "one action, one configuration"
    finally:
        stop.set()
        analyst.renew(before)
        analyst.analyse([])
    assert analyst.configuration == before.digest


def test_a_new_key_marks_all_of_an_action_and_all_of_a_batch(analyst: PoolAnalyst) -> None:
    before = configuration()
    after = replace(before, keys=FingerprintKeys(b"j" * 32, before.keys.likenesses))
    batch = [subject(arguments={"card": "4111 1111 1111 1111", "n": number}) for number in range(6)]
    seen: list[tuple[str, list[Classification]]] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            found = [one for one in analyst.analyse(batch) if isinstance(one, Classification)]
            seen.append((analyst.keys.id, found))

    try:
        with ThreadPoolExecutor(1) as executor:
            working = executor.submit(work)
            analyst.renew(after)
            end = time.monotonic() + 60
            while time.monotonic() < end and (not seen or seen[-1][0] != after.keys.id):
                time.sleep(0.01)
            stop.set()
            working.result(timeout=60)
        assert {name for name, _ in seen} == {before.keys.id, after.keys.id}
        for keys in (before.keys, after.keys):
            marks = {one.fingerprint for name, each in seen if name == keys.id for c in each for one in c.findings}
            assert marks == {keys.mark("finding", b"CREDIT_CARD\n4111 1111 1111 1111")[:32]}, "one action, one key"
        assert len({tuple(one.likeness for one in each) for _, each in seen}) == 1, "a repeat is known all the while"
    finally:
        stop.set()
        analyst.renew(before)
        analyst.analyse([])


def test_workers_that_are_ready_too_late_are_ended() -> None:
    pool = made()
    pool.close()
    before = {worker.pid for worker in _workers()}
    pool.renew(configuration())
    assert pool._next is None
    assert {worker.pid for worker in _workers()} <= before


def test_workers_that_do_not_start_leave_the_old_ones_at_work(tmp_path: Path) -> None:
    pool = made(prepare=prepare_refusing)
    pool.start()
    try:
        with pytest.raises(PoolError):
            pool.renew(owned(tmp_path, "Blue Heron"))
        assert isinstance(pool.analyse([subject(arguments={"a": "fine"})])[0], Classification)
        assert pool.configuration == configuration().digest
    finally:
        pool.close()


PROGRAM = """
import sys
from pathlib import Path
def main():
    from services.classifier.adapters.pool import PoolAnalyst
    from tests.classifier_parts import configuration, prepare_misbehaving, subject
    pool = PoolAnalyst(configuration(), workers=1, soft_seconds=9, hard_seconds=9, batch_seconds=9,
                       memory_bytes=2**28, prepare=prepare_misbehaving)
    pool.start()
    pool.analyse([subject(arguments={"a": "fine"})])
    print("ready", flush=True)
    pool.analyse([subject(arguments={"a": "HANG!"})])
if __name__ == "__main__":
    main()
"""


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(PROGRAM)
    deep = tmp_path / ("d" * 90)  # sockets have short paths, temporary folders have not
    deep.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(program)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(deep)},
        stdout=subprocess.PIPE,
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2  # the fork server and a worker, at least
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()
    _, alive = psutil.wait_procs([child for child in children if _runs(child)], timeout=15)
    assert [child for child in alive if _runs(child)] == []


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _workers() -> list[psutil.Process]:
    """The processes that the fork server of this process made."""
    servers = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return [worker for server in servers for worker in server.children()]
