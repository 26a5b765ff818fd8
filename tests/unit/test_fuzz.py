"""A bounded share of `make fuzz`, and that a fuzzer's failure is a failure: `tests.fuzz` says how."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzzer
from tests.fuzz.targets import TARGETS, Target

INPUTS = 2_000


@pytest.mark.parametrize("name", TARGETS)
def test_only_named_errors_come_out(name: str) -> None:
    count = max(100, INPUTS * TARGETS[name].weight // 10)
    done = fuzzer.chunk((name, random.SystemRandom().randrange(2**31), count))
    assert [(fuzzer.keep(name, value), trace) for value, trace in done.failures] == []
    assert done.codes.total() == count


def test_the_same_seed_makes_the_same_inputs() -> None:
    one, other = ([TARGETS["codec"].make(random.Random(7)) for _ in range(5)] for _ in range(2))
    assert one == other


def raises(_: bytes) -> None:
    raise KeyError("not a named error")


def hangs(_: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize(("run", "name"), [(raises, "KeyError"), (hangs, "TooSlowError")])
def test_another_error_and_a_hang_are_failures_with_a_file_to_try_again(
    run: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(TARGETS, "json", Target(TARGETS["json"].make, run, 1))  # type: ignore[arg-type]  # a table's column
    monkeypatch.setattr(fuzzer, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(fuzzer, "SECONDS_PER_INPUT", 0.05)
    assert fuzzer.main(["--inputs", "2", "--target", "json", "--processes", "1", "--seed", "1"]) == 1
    told = capsys.readouterr().out
    assert f"!{name}" in told
    assert "2 failures" in told
    assert "--reproduce" in told
    assert len(list((tmp_path / "kept").iterdir())) >= 1
