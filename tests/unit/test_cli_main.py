"""The command line as a whole: its commands, what is missing, and how it ends."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click
import pytest

from placet.cli import here
from placet.cli.main import BUILT_IN, PLATFORM, cli, run
from placet.client_settings import JOURNAL, KEY, STORE
from placet.outcomes import ClientError

cli_main: Any = importlib.import_module("placet.cli.main")  # the package's `main` is the function


def alone(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> None:
    """As if only these were installed beside the library."""
    monkeypatch.setattr(cli_main, "entry_points", lambda **_: points)


def walk(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    return [
        leaf
        for name in command.list_commands(context)
        if (found := command.get_command(context, name)) is not None
        for leaf in walk(found, (*path, name))
    ]


def test_every_command_of_the_library_has_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)
    leaves = walk(cli)
    assert {leaf[0] for leaf in leaves} == set(BUILT_IN)
    for leaf in leaves:
        command: click.Command | None = cli
        for name in leaf:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), name)
        assert command is not None
        text = f"{command.help}{command.epilog}"
        assert f"placet {' '.join(leaf)}" in text, leaf
        assert any(option.name in {"as_json", "json"} for option in command.params), f"{leaf} has no --json"


@pytest.mark.parametrize("name", PLATFORM)
def test_what_comes_with_the_platform_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(monkeypatch)
    assert run([name, "--anything", "at all"]) == 1
    err = capsys.readouterr().err
    assert f"`placet {name}` is not available here: it comes with the platform" in err
    assert "Traceback" not in err


def test_a_command_whose_parts_are_missing_says_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(monkeypatch, EntryPoint("up", "no_such_package.up:up", "placet.commands"))
    assert run(["up"]) == 1
    assert "it needs no_such_package, which is not installed" in capsys.readouterr().err
    assert run(["--help"]) == 0
    assert "(not installed here)" in capsys.readouterr().out


def test_what_others_add_is_used_and_the_librarys_own_stands_in_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone(
        monkeypatch,
        EntryPoint("keys", "placet.cli.agents:agents", "placet.commands"),
        EntryPoint("ledger", "no_such_package.cli:ledger", "placet.commands"),
    )
    assert run(["keys", "--help"]) == 0
    assert "List, enrol and disable agents" in capsys.readouterr().out
    assert run(["ledger", "--help"]) == 0
    assert "verify" in capsys.readouterr().out


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["approve-everything"]) == 2
    assert "No such command" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (ClientError("It broke. Because. Do this."), 1, "Error: It broke. Because. Do this.\n"),
        (KeyboardInterrupt(), 130, "Stopped.\n"),
        (click.Abort(), 130, "Stopped.\n"),
        (click.UsageError("Not so."), 2, "Error: Not so.\n"),
        (click.ClickException("No."), 1, "Error: No.\n"),
    ],
    ids=repr,
)
def test_every_end_has_its_status_and_a_sentence(
    raised: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def command() -> None:
        raise raised

    monkeypatch.setattr(cli_main, "cli", command)
    assert run([]) == status
    assert capsys.readouterr().err.endswith(said)


def test_the_status_of_a_command_is_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> int:
        return 3

    monkeypatch.setattr(cli_main, "cli", command)
    with pytest.raises(SystemExit) as ended:
        cli_main.main([])
    assert ended.value.code == 3


def test_help_and_the_pytest_plugin_load_nothing_heavy() -> None:
    program = (
        "import sys; import placet.testing; from placet.cli.main import run; "
        "assert run(['propose', '--help']) == 0; "
        "print([name for name in ('kafka', 'pydantic', 'cryptography', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


class TestHere:
    def running(self, folder: Path, *agents: str) -> Path:
        keys = folder / "keys"
        for kind, names in (("agents", agents), ("executors", ("warehouse",))):
            (keys / kind).mkdir(parents=True)
            for name in names:
                (keys / kind / f"{name}.key.json").touch()
        path = folder / "endpoints.json"
        found: dict[str, Any] = {
            "keys": str(keys),
            "run": str(folder),
            "trust_file": "t",
            "trust_root_file": "r",
            "kafka_files": {"agent": "a.json", "executor": "e.json"},
            "desk": "http://127.0.0.1:1",
        }
        path.write_text(json.dumps(found))
        return path

    @pytest.fixture
    def endpoints(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = self.running(tmp_path, "nightly-export")
        monkeypatch.setattr(here.endpoints, "__defaults__", (path,))
        return path

    def test_the_only_agent_of_the_system_that_runs_here(self, endpoints: Path) -> None:
        found = here.environment("agent", None, {})
        assert found[KEY] == str(endpoints.parent / "keys/agents/nightly-export.key.json")
        assert found["PLACET_KAFKA_FILE"] == "a.json"
        assert found[JOURNAL].startswith(str(endpoints.parent / "state"))
        assert here.desk_url(None) == "http://127.0.0.1:1"

    def test_variables_win_one_by_one(self, endpoints: Path) -> None:
        assert endpoints.exists()
        found = here.environment("executor", "warehouse", {STORE: "mine"})
        assert (found[STORE], found["PLACET_KAFKA_FILE"]) == ("mine", "e.json")
        assert here.desk_url("https://desk") == "https://desk"

    def test_a_named_broker_is_never_mixed_with_development_keys(self, endpoints: Path) -> None:
        assert endpoints.exists()
        given = {"PLACET_KAFKA_BOOTSTRAP": "kafka:9092"}
        assert here.environment("agent", None, given) == given

    def test_several_agents_are_asked_about(self, endpoints: Path) -> None:
        (endpoints.parent / "keys/agents/other.key.json").touch()
        with pytest.raises(ClientError, match="Say which with --agent: nightly-export, other"):
            here.environment("agent", None, {})

    @pytest.mark.parametrize("content", ["{", "{}"])
    def test_a_file_that_says_nothing(self, endpoints: Path, content: str) -> None:
        endpoints.write_text(content)
        if content == "{}":
            assert here.environment("agent", None, {}) == {}
            with pytest.raises(ClientError, match="Pass --url"):
                here.desk_url(None)
        else:
            with pytest.raises(ClientError, match="placet up"):
                here.environment("agent", None, {})

    def test_a_file_of_another_version(self, endpoints: Path) -> None:
        endpoints.write_text('{"desk": 1}')
        with pytest.raises(ClientError, match="another version"):
            here.environment("agent", None, {})


def test_what_main_names_is_there() -> None:
    for where in BUILT_IN.values():
        module, _, name = where.partition(":")
        assert isinstance(getattr(importlib.import_module(module), name), click.Command)
