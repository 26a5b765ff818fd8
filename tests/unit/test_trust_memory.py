"""No process that has a durable store goes back to an older trust file, restarted or not."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from placet.errors import VerificationError
from placet.events import ExecutionStatus
from placet.executor.store import Store
from placet.journal import Journal
from placet.outcomes import ClientError
from placet.trust_store import Memory, TrustStore
from services.approver import wiring
from services.approver.wiring import remember
from services.chassis.errors import SettingsError, TransientError
from tests.factories import World
from tests.fix_executor import Workbench

WORLD = World()
ROOT = WORLD.root.key_id


class Dictionary:
    """A memory, and what was done to it; away so many times."""

    def __init__(self, **kept: int) -> None:
        self.kept = kept
        self.away = 0

    def newest_trust(self, root: str) -> int:
        self._answer()
        return self.kept.get(root, 0)

    def keep_trust(self, root: str, version: int) -> None:
        self._answer()
        self.kept[root] = max(version, self.newest_trust(root))

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise TransientError("postgres")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    put(tmp_path / "trust.json", 5)
    return tmp_path / "trust.json"


def put(path: Path, version: int, world: World = WORLD) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(world.trust_file(version=version))
    fresh.replace(path)


def test_what_was_in_force_is_kept_before_anybody_is_judged_by_it(path: Path) -> None:
    store, memory = TrustStore(path, WORLD.root.public), Dictionary()
    store.remember(memory)
    assert memory.kept == {ROOT: 5}
    put(path, 6)
    memory.away = 2
    for _ in range(2):
        with pytest.raises(TransientError):
            store.current()
    assert store.current().version == memory.kept[ROOT] == 6
    put(path, 4)
    assert store.current().version == memory.kept[ROOT] == 6


@pytest.mark.parametrize("version", [1, 4])
def test_an_older_file_is_refused_with_both_versions_and_what_to_do(version: int, path: Path) -> None:
    put(path, version)
    memory = Dictionary(**{ROOT: 5})
    with pytest.raises(VerificationError, match=rf"^old_trust: .* version {version}, older than version 5, .* copy"):
        TrustStore(path, WORLD.root.public).remember(memory)
    assert memory.kept == {ROOT: 5}


def test_the_same_a_newer_and_another_roots_file_are_taken(path: Path) -> None:
    memory = Dictionary(**{ROOT: 5})
    TrustStore(path, WORLD.root.public).remember(memory)
    put(path, 7)
    TrustStore(path, WORLD.root.public).remember(memory)
    other = World()
    put(path, 1, other)
    TrustStore(path, other.root.public).remember(memory)
    assert memory.kept == {ROOT: 7, other.root.key_id: 1}


def test_what_is_forgotten_is_left_alone(path: Path) -> None:
    store, memory, other = TrustStore(path, WORLD.root.public), Dictionary(), Dictionary()
    store.remember(memory)
    store.remember(other)
    store.forget(memory)
    put(path, 6)
    store.current()
    assert (memory.kept, other.kept) == ({ROOT: 5}, {ROOT: 6})


# The stores -------------------------------------------------------------------------------------------------------


class Closes(Memory, Protocol):
    """A store that is a file."""

    def close(self) -> None: ...


@pytest.mark.parametrize("kind", [Store, Journal])
def test_a_store_keeps_the_newest_of_each_root_for_the_next_process(
    kind: Callable[[Path], Closes], tmp_path: Path
) -> None:
    one, other = kind(tmp_path / "state"), kind(tmp_path / "state")
    assert one.newest_trust("a") == 0
    one.keep_trust("a", 3)
    other.keep_trust("a", 2)
    other.keep_trust("b", 1)
    assert [each.newest_trust(root) for each in (one, other) for root in "ab"] == [3, 1, 3, 1]
    one.keep_trust("a", 4)
    one.close()
    other.close()
    again = kind(tmp_path / "state")
    assert (again.newest_trust("a"), again.newest_trust("b")) == (4, 1)
    again.close()


def test_a_journal_says_it_once_and_does_not_lose_it_when_it_drops_what_is_over(workbench: Workbench) -> None:
    workbench.ticket()
    path, root = workbench.folder / "nightly-export.journal", workbench.stand_in.trust._root.key_id
    journal = Journal(path)
    journal.keep_trust(root, 1)
    assert path.read_bytes().count(b'"trust"') == 1
    with path.open("ab") as beside:  # by a process that was slower to write than to look
        beside.write(json.dumps({"kind": "trust", "root": root, "version": 0}).encode() + b"\n")
    journal.compact(now=workbench.now().replace(year=2100))
    assert b"proposed" not in path.read_bytes()
    assert journal.newest_trust(root) == Journal(path).newest_trust(root) == 1


# Who remembers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def older(workbench: Workbench) -> dict[str, Any]:
    """The files of a bench whose executors and gates have gone by version 2, put back to version 1."""
    first = workbench.stand_in.trust_file.read_bytes()
    workbench.stand_in.write_trust()
    workbench.stand_in.trust.current()
    workbench.stand_in.trust_file.write_bytes(first)
    return {"trust_file": workbench.stand_in.trust_file, "trust_root_file": workbench.stand_in.root_file}


REFUSED = r"^Not started: the trust file .* is version 1, older than version 2, which was in force here before; copy"


def test_an_executor_does_not_start_on_an_older_file(workbench: Workbench, older: dict[str, Any]) -> None:
    alive = sorted(workbench.folder.glob("store.*.lock"))
    with pytest.raises(ClientError, match=REFUSED):
        workbench.make("warehouse", **older)
    assert sorted(workbench.folder.glob("store.*.lock")) == alive, "what did not start is not taken for alive"
    workbench.stand_in.write_trust()
    executor = workbench.make("warehouse", **older)
    assert executor.trust.current().version == 3
    executor.close()


def test_a_gate_does_not_start_on_an_older_file(workbench: Workbench, older: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=REFUSED):
        workbench.make_gate("nightly-export", **older)
    workbench.stand_in.write_trust()
    workbench.make_gate("nightly-export", **older).close()


def test_a_trust_shared_by_several_outlives_each(workbench: Workbench) -> None:
    """What is closed is not written to."""
    other = workbench.make("other", store="other")
    other.close()
    workbench.stand_in.write_trust()
    assert workbench.stand_in.trust.current().version == 2
    assert workbench.executor.execute(workbench.ticket()).report is not None
    assert [report.status for report in workbench.reports] == [ExecutionStatus.SUCCEEDED]


def test_settle_waits_for_its_database_and_refuses_an_older_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(wiring, "sleep", slept.append)
    logging.disable(logging.CRITICAL)
    memory = Dictionary(**{ROOT: 4})
    memory.away = 2
    remember(TrustStore(path, WORLD.root.public), memory)
    assert (len(slept), memory.kept) == (2, {ROOT: 5})
    put(path, 4)
    with pytest.raises(SettingsError, match=r"^settle cannot start: the trust file .* version 4, older than version 5"):
        remember(TrustStore(path, WORLD.root.public), memory)
    logging.disable(logging.NOTSET)
