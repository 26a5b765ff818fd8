"""`placet execute`: a ticket in, a report out, and an exit status that tells."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from placet.cli.main import run
from placet.executor import Executor
from tests.fix_executor import Workbench, with_payload


@pytest.fixture
def module(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the command line finds the executor."""
    made = ModuleType("the_executor")
    made.executor = workbench.make("warehouse", "cli-store")  # type: ignore[attr-defined]  # a module made here
    made.make = lambda: workbench.make("warehouse", "made-store")  # type: ignore[attr-defined]  # as above
    made.nothing = 1  # type: ignore[attr-defined]  # as above
    monkeypatch.setitem(sys.modules, "the_executor", made)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return "the_executor:executor"


def test_a_ticket_is_run_and_the_report_said(
    workbench: Workbench, module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workbench.folder / "t.json"
    workbench.ticket().save(path)
    assert run(["execute", "--ticket", str(path), "--module", module, "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (said["status"], said["code"], said["counts"]) == ("succeeded", "done", {"rows": 10})
    assert workbench.calls == [10]


def test_an_executor_may_be_made_by_a_function(workbench: Workbench, module: str) -> None:
    path = workbench.folder / "t.json"
    workbench.ticket().save(path)
    assert run(["execute", "--ticket", str(path), "--module", module.replace(":executor", ":make")]) == 0
    assert workbench.calls == [10]


def test_a_changed_ticket_is_refused(workbench: Workbench, module: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = workbench.folder / "t.json"
    with_payload(workbench.ticket(), b'"limit":10', b'"limit":11').save(path)
    assert run(["execute", "--ticket", str(path), "--module", module]) == 1
    out = capsys.readouterr().out
    assert "refused  digest_mismatch: the bytes are not those that were assented to" in out
    assert workbench.calls == []


def test_what_is_no_ticket_is_said(workbench: Workbench, module: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = workbench.folder / "t.json"
    path.write_text('{"canary": 1}')
    assert run(["execute", "--ticket", str(path), "--module", module]) == 1
    err = capsys.readouterr().err
    assert "bad_ticket" in err
    assert "canary" not in err


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("the_executor", "--module is package.module:name"),
        ("no_such_module:executor", "cannot be imported"),
        ("the_executor:missing", "holds nothing called missing"),
        ("the_executor:nothing", "is not an Executor"),
    ],
)
@pytest.mark.usefixtures("module")
def test_a_wrong_module_is_wrong_usage(
    workbench: Workbench, where: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workbench.folder / "t.json"
    workbench.ticket().save(path)
    assert run(["execute", "--ticket", str(path), "--module", where]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--follow", "--ticket", __file__]])
def test_a_ticket_or_following_but_not_both(module: str, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["execute", "--module", module, *more]) == 2
    assert "Give either --ticket or --follow" in capsys.readouterr().err


def test_following_stops_on_a_signal(
    workbench: Workbench, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers: dict[Any, Any] = {}
    monkeypatch.setattr("signal.signal", handlers.__setitem__)

    def follow(_: Executor, stop: threading.Event) -> None:
        for handler in handlers.values():
            handler()
        assert stop.is_set()

    monkeypatch.setattr(Executor, "follow", follow)
    assert run(["execute", "--module", module, "--follow"]) == 0
    assert len(handlers) == 2
    assert f"Following as executor {workbench.executor.executor}" in capsys.readouterr().err


def test_following_without_a_broker_says_so(module: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert tmp_path.exists()
    assert run(["execute", "--module", module, "--follow"]) == 1
    assert "has no Kafka settings" in capsys.readouterr().err
