"""The policy folder: reloaded without a restart, never with a set that does not validate."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from services.policy.adapters import folder as module
from services.policy.adapters.folder import PolicyFolder, State, read_folder
from services.policy.errors import PolicyError
from services.policy.model import Rulebook
from services.policy.rulebook import compile_rulebook
from services.policy.wiring import readiness
from tests.policies import files

ONE = '@id("one") @reason("x") permit (principal, action, resource);'
TWO = '@id("two") @reason("x") forbid (principal, action, resource);'


class Watched:
    """A folder, its changes, and a clock that only the test moves."""

    def __init__(self, path: Path) -> None:
        self.path, self.now, self.changes = path, 0.0, list[State]()
        self.folder: PolicyFolder
        self.stamp = 1_000_000_000

    def write(self, policies: str, name: str = "rules.cedar") -> None:
        (self.path / name).write_text(policies)
        self.stamp += 1_000_000_000
        os.utime(self.path / name, ns=(self.stamp, self.stamp))

    def start(self) -> None:
        self.folder = PolicyFolder(self.path, on_change=self.changes.append, clock=lambda: self.now)

    def later(self, seconds: float = 1.0) -> Rulebook | None:
        self.now += seconds
        return self.folder.current()

    def rules(self) -> list[str]:
        book = self.folder.current()
        return sorted(book.rules) if book is not None else []


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    for name, content in files(ONE).items():
        (tmp_path / name).write_bytes(content)
    return Watched(tmp_path)


def test_what_lies_there_at_the_start_loads_at_once(watched: Watched) -> None:
    watched.start()
    assert watched.rules() == ["one"]
    assert [(state.rules, state.problems) for state in watched.changes] == [(1, ())]
    assert readiness(watched.folder.state) is None


def test_a_change_loads_when_it_has_settled(watched: Watched) -> None:
    watched.start()
    before = watched.folder.state.digest
    watched.write(TWO)
    assert watched.rules() == ["one"], "the folder is looked at once a second"
    watched.later()
    assert watched.rules() == ["one"], "it may still be under way"
    watched.later()
    assert watched.rules() == ["two"]
    assert watched.folder.state.digest != before
    assert len(watched.changes) == 2


def test_a_change_that_goes_on_is_waited_for(watched: Watched) -> None:
    watched.start()
    for text in (TWO, TWO + " ", TWO + "  "):
        watched.write(text)
        watched.later()
        assert watched.rules() == ["one"]
    watched.later()
    assert watched.rules() == ["two"]


def test_a_file_added_and_a_file_removed_are_changes(watched: Watched) -> None:
    watched.start()
    watched.write(TWO, "more.cedar")
    watched.later()
    watched.later()
    assert watched.rules() == ["one", "two"]
    (watched.path / "more.cedar").unlink()
    watched.later()
    watched.later()
    assert watched.rules() == ["one"]


@pytest.mark.parametrize(
    ("policies", "code"),
    [("permit (", "bad_cedar"), ("", "no_rules"), (ONE.replace("@reason", '@note("x") @reason'), "unknown_annotation")],
)
def test_a_set_that_does_not_validate_leaves_the_running_one_and_says_so(
    watched: Watched, policies: str, code: str
) -> None:
    watched.start()
    before = watched.folder.state.digest
    watched.write(policies)
    watched.later()
    watched.later()
    state = watched.folder.state
    assert watched.rules() == ["one"]
    assert state.digest == before
    assert code in {problem.code for problem in state.problems}
    assert watched.changes[-1] == state
    said = readiness(state)
    assert said is not None
    assert "earlier set stays in force" in said
    assert code in said
    watched.write(TWO)
    watched.later()
    watched.later()
    assert watched.rules() == ["two"]
    assert readiness(watched.folder.state) is None


def test_a_refused_set_is_said_once_not_every_second(watched: Watched) -> None:
    watched.start()
    watched.write("permit (")
    for _ in range(5):
        watched.later()
    assert len(watched.changes) == 2


def test_files_that_vanish_leave_the_running_set(watched: Watched) -> None:
    watched.start()
    for path in watched.path.iterdir():
        path.unlink()
    watched.path.rmdir()
    watched.later()
    watched.later()
    assert watched.rules() == ["one"]
    assert watched.folder.state.problems


def test_no_set_at_all_is_no_rulebook_until_there_is_one(watched: Watched) -> None:
    (watched.path / "rules.cedar").unlink()
    watched.start()
    assert watched.folder.current() is None
    assert "everything is denied" in (readiness(watched.folder.state) or "")
    watched.write(ONE)
    watched.later()
    watched.later()
    assert watched.rules() == ["one"]


def test_a_folder_that_is_not_there_is_no_rulebook(tmp_path: Path) -> None:
    folder = PolicyFolder(tmp_path / "nowhere")
    assert folder.current() is None
    assert [problem.code for problem in folder.state.problems] == ["unreadable"]
    with pytest.raises(PolicyError):
        read_folder(tmp_path / "nowhere")


def test_readers_do_not_wait_for_a_reload(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.start()
    compiling, finish = threading.Event(), threading.Event()

    def slow(given: dict[str, bytes]) -> Rulebook:
        compiling.set()
        assert finish.wait(10)
        return compile_rulebook(given)

    monkeypatch.setattr(module, "compile_rulebook", slow)
    watched.write(TWO)
    watched.later()
    reloading = threading.Thread(target=watched.later)
    reloading.start()
    assert compiling.wait(10)
    watched.now += 10
    assert watched.rules() == ["one"], "the set in force, while the next one compiles"
    finish.set()
    reloading.join(10)
    assert watched.rules() == ["two"]


def test_the_set_is_swapped_whole_under_readers(watched: Watched) -> None:
    watched.start()
    seen: set[tuple[str, ...]] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            book = watched.folder.current()
            assert book is not None
            seen.add((book.digest, *sorted(book.rules)))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for text in (TWO, ONE, TWO):
        watched.write(text)
        watched.later()
        watched.later()
    stop.set()
    for reader in readers:
        reader.join(10)
    assert len({found[0] for found in seen}) == len(seen), "one digest, one set of rules"
