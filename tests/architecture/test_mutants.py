"""The list of mutants holds together, and its runner tells the ways a test can end apart."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.mutants import LIST, ROOT, Mutant, Verdict, changed_since, fault, judge, load, run
from tests.scratch import Copy

MUTANTS = load(ROOT / LIST)
TRIED = "a node hashes with its prefix"
"""One of the cheapest, which `make test` really tries; `make mutants` tries them all."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_an_entry_fits_the_tree(mutant: Mutant) -> None:
    assert fault(mutant, ROOT) is None


def test_every_invariant_has_a_mutant_and_no_guard_two() -> None:
    assert {mutant.invariant for mutant in MUTANTS} == set(range(1, 9))
    assert len({mutant.guard for mutant in MUTANTS}) == len(MUTANTS)


def test_one_is_caught_here_and_now(tmp_path: Path) -> None:
    """That its test passes unchanged is seen wherever the test itself runs."""
    (one,) = (mutant for mutant in MUTANTS if mutant.guard == TRIED)
    assert judge(Copy(tmp_path, ROOT), one).verdict is Verdict.CAUGHT


CODE = "LIMIT = 3\n\n\ndef good(x: int) -> bool:\n    return x < LIMIT\n"
TESTS = """
from guard import good


def test_good():
    assert good(1) and not good(3)


def test_weak():
    assert good(1)


def test_red():
    assert good(9)
"""


def tiny(folder: Path) -> Path:
    (folder / "guard.py").write_text(CODE)
    (folder / "test_guard.py").write_text(TESTS)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def test_the_ways_a_mutant_can_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # it needs none of them, and they are slow to import

    def mutant(test: str, old: str = "x < LIMIT", new: str = "x <= LIMIT") -> Mutant:
        return Mutant("g", 1, "guard.py", old, new, f"test_guard.py::{test}")

    judged = run(
        [
            mutant("test_good"),
            mutant("test_weak"),
            mutant("test_red"),
            mutant("test_good", new="x < LIMITS"),
            mutant("test_good", old="def good", new="def bad"),
        ],
        root=tiny(tmp_path),
    )
    assert [each.verdict for each in judged] == [
        Verdict.CAUGHT,
        Verdict.SURVIVED,
        Verdict.UNPROVEN,
        Verdict.BROKEN,  # a name that is not there
        Verdict.BROKEN,  # the test cannot be collected
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"file": "none.py"}, "is no file"),
        ({"old": "absent"}, "0 times"),
        ({"old": "LIMIT"}, "2 times"),
        ({"new": "x <"}, "does not compile"),
        ({"new": "(x < LIMIT)"}, "changes nothing"),
        ({"test": "test_guard.py::test_none"}, "there is no test"),
        ({"test": "test_guard.py"}, "there is no test"),
    ],
)
def test_a_faulty_entry_is_named(changes: dict[str, str], sentence: str, tmp_path: Path) -> None:
    given = {"file": "guard.py", "old": "x < LIMIT", "new": "True", "test": "test_guard.py::test_good"} | changes
    assert sentence in str(fault(Mutant(guard="g", invariant=1, **given), tiny(tmp_path)))


def test_only_what_changed_since_a_commit(tmp_path: Path) -> None:
    root = tiny(tmp_path)
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    subprocess.run(["git", *who, "commit", "-qm", "first"], cwd=root, check=True)
    assert changed_since("HEAD", root) == frozenset()
    (root / "guard.py").write_text(CODE + "\n")
    assert changed_since("HEAD", root) == {"guard.py"}
