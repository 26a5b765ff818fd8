"""The list of mutants holds together, and its runner tells the ways a test can end apart."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.mutants import LIST, ROOT, Mutant, Verdict, fault, load, run

MUTANTS = load(ROOT / LIST)
TRIED = ("an event's signature holds", "a node hashes with its prefix", "a grant expires")
"""A handful that `make test` really tries; `make mutants` tries them all."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_an_entry_fits_the_tree(mutant: Mutant) -> None:
    assert fault(mutant, ROOT) is None


def test_every_invariant_has_a_mutant_and_no_guard_two() -> None:
    assert {mutant.invariant for mutant in MUTANTS} == set(range(1, 9))
    assert len({mutant.guard for mutant in MUTANTS}) == len(MUTANTS)


def test_some_are_caught_here_and_now() -> None:
    some = [mutant for mutant in MUTANTS if mutant.guard in TRIED]
    assert [judged.verdict for judged in run(some)] == [Verdict.CAUGHT] * len(TRIED)


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


def test_the_ways_a_mutant_can_end(tmp_path: Path) -> None:
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
