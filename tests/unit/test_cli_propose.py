"""`placet propose` without a broker: lines in, lines out, exit status, and words for what is wrong."""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from placet.cli.batch import Batch
from placet.cli.main import run
from placet.gate import Gate
from placet.outcomes import Ticket
from placet.testing import FakeGate

RESOURCE = "postgres://warehouse/customers"


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGate]:
    """The gate that the command line gets, whatever the environment says."""
    with FakeGate(tmp_path / "gate") as made:
        made.answer("db.query", "allowed", rules=("reads/aggregate",), labels=("internal",))
        made.answer("export.customers", "approved")
        made.answer("db.slow", "pending")
        monkeypatch.setattr(Gate, "from_env", lambda *_, **__: made)
        yield made


Command = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def placet(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `placet propose --json …`; its status, its lines, and what it said on standard error."""

    def propose(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
        status = run(["propose", "--json", *map(str, arguments)])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return propose


def line(number: int | str, name: str = "db.query", **more: Any) -> str:
    return json.dumps({"id": number, "name": name, "resource": RESOURCE, "arguments": {"limit": 1}, **more})


def write(folder: Path, *lines: str) -> Path:
    path = folder / "actions.jsonl"
    path.write_text("".join(each + "\n" for each in lines))
    return path


@pytest.mark.usefixtures("gate")
class TestFile:
    def test_one_line_out_per_line_in(self, placet: Command, tmp_path: Path) -> None:
        path = write(tmp_path, line(1), line("two", "export.customers", purpose="monthly", preview=[1]))
        status, lines, _ = placet("--file", path, "--wait", 5)
        assert status == 0
        found = {each["id"]: each for each in lines}
        assert set(found) == {1, "two"}
        assert set(found[1]) == {"id", "action_id", "outcome", "reason", "labels", "rules", "milliseconds"}
        assert (found[1]["outcome"], found["two"]["outcome"]) == ("allowed", "approved")
        assert (found[1]["rules"], found[1]["labels"]) == (["reads/aggregate"], ["internal"])
        assert found[1]["reason"] == {"code": "as_the_test_says", "sentence": "As the test says."}
        assert found[1]["milliseconds"] >= 0

    def test_many_lines_with_few_in_flight(self, placet: Command, gate: FakeGate, tmp_path: Path) -> None:
        status, lines, _ = placet("--file", write(tmp_path, *map(line, range(100))), "--in-flight", 3)
        assert status == 0
        assert sorted(each["id"] for each in lines) == list(range(100))
        assert len(gate.proposed) == 100

    @pytest.mark.parametrize("name", ["db.drop", "db.slow"])
    def test_one_that_is_not_allowed_sets_the_status(self, placet: Command, tmp_path: Path, name: str) -> None:
        status, lines, _ = placet("--file", write(tmp_path, line(1), line(2, name)), "--wait", 0)
        assert status == 1
        assert {each["id"]: each["outcome"] for each in lines}[1] == "allowed"

    def test_when_the_wait_ends_it_is_pending_and_goes_on(
        self, placet: Command, gate: FakeGate, tmp_path: Path
    ) -> None:
        status, (said,), _ = placet("--file", write(tmp_path, line(1, "db.slow")), "--wait", 0.01)
        assert (status, said["outcome"], said["reason"]) == (1, "pending", None)
        gate.resolve(said["action_id"], "approved")
        settled = gate.outcome(said["action_id"])
        assert settled is not None
        assert settled.outcome == "approved"

    BAD: dict[str, tuple[str, str]] = {  # noqa: RUF012 - a table
        "not JSON": ("{", "not_json"),
        "not an object": ("[]", "bad_line"),
        "a key twice": ('{"id": 1, "id": 2}', "duplicate_key"),
        "nothing": ("{}", "bad_line"),
        "an unknown member": (line(7, canary=1), "bad_line"),
        "arguments missing": ('{"id": 7, "name": "a", "resource": "a://b"}', "arguments"),
        "a bad name": (line(7, "Canary Query"), "bad_name"),
        "a bad resource": (line(7).replace("postgres://", "postgres://canary:canary@"), "bad_resource"),
        "not finite": ('{"id": 7, "arguments": {"a": NaN}}', "non_finite"),
    }

    @pytest.mark.parametrize("case", BAD)
    def test_a_bad_line_gets_an_error_and_stops_nothing(self, placet: Command, tmp_path: Path, case: str) -> None:
        bad, code = self.BAD[case]
        status, lines, err = placet("--file", write(tmp_path, bad, line(1)), "--in-flight", 1)
        assert status == 1
        assert [each.get("outcome") for each in lines] == [None, "allowed"]
        assert code in lines[0]["error"]
        assert lines[0]["line"] == 1
        assert lines[0]["id"] in {7, None}
        assert "anary" not in json.dumps(lines) + err

    def test_standard_input(self, placet: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with write(tmp_path, line(1), "", line(2)).open() as source:
            monkeypatch.setattr("sys.stdin", source)
            status, lines, _ = placet("--file", "-")
        assert (status, len(lines)) == (0, 2)

    def test_tickets_are_private_files(self, placet: Command, tmp_path: Path) -> None:
        status, (said,), _ = placet("--file", write(tmp_path, line(1)), "--ticket", tmp_path / "tickets")
        path = tmp_path / "tickets" / f"{said['action_id']}.ticket.json"
        assert status == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert Ticket.from_json(path.read_text()).action_id == said["action_id"]

    def test_no_such_file_is_wrong_usage(self, placet: Command, tmp_path: Path) -> None:
        status, lines, err = placet("--file", tmp_path / "missing.jsonl")
        assert (status, lines) == (2, [])
        assert "missing.jsonl: No such file or directory" in err

    def test_a_broker_that_is_away_is_told_once(self, placet: Command, gate: FakeGate, tmp_path: Path) -> None:
        gate.log.down = True
        status, lines, err = placet("--file", write(tmp_path, line(1), line(2)))
        assert (status, lines) == (1, [])
        assert err.startswith("Error: Could not reach the broker")

    def test_ctrl_c_leaves_what_was_proposed_pending(
        self, placet: Command, gate: FakeGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @contextlib.contextmanager
        def lines(path: Path) -> Iterator[Iterator[bytes]]:
            def stopped() -> Iterator[bytes]:
                yield from path.read_bytes().splitlines()
                raise KeyboardInterrupt

            yield stopped()

        monkeypatch.setattr("placet.cli.propose._open", lines)
        status, (said,), err = placet("--file", write(tmp_path, line(1, "db.slow")), "--wait", 60)
        assert (status, err.strip()) == (130, "Stopped.")
        assert said["outcome"] == "pending"
        assert gate.outcome(said["action_id"]) is None


@pytest.mark.usefixtures("gate")
class TestSingle:
    ARGUMENTS = ("--name", "db.query", "--resource", RESOURCE, "--arguments")

    def test_by_options(self, placet: Command, gate: FakeGate, tmp_path: Path) -> None:
        (tmp_path / "preview.json").write_text("[1, 2]")
        more = ("--purpose", "report", "--preview", f"@{tmp_path}/preview.json", "--on-behalf-of", "frank")
        status, (said,), _ = placet(*self.ARGUMENTS, '{"limit": 1}', *more, "--ticket", tmp_path / "ticket")
        assert (status, said["outcome"]) == (0, "allowed")
        (proposed,) = gate.proposed
        assert (proposed.purpose, proposed.preview, proposed.on_behalf_of) == ("report", [1, 2], "frank")
        assert Ticket.from_json((tmp_path / "ticket").read_text()).action_id == said["action_id"]

    def test_denied(self, placet: Command) -> None:
        status, (said,), _ = placet("--name", "db.drop", "--resource", RESOURCE, "--arguments", "{}")
        assert (status, said["outcome"], said["reason"]["code"]) == (1, "denied", "no_answer")

    def test_what_breaks_the_contract_is_said_without_its_value(self, placet: Command) -> None:
        arguments = ("--name", "db.query", "--resource", "canary", "--arguments", "{}")
        status, lines, err = placet(*arguments)
        assert (status, lines) == (1, [])
        assert err.startswith("Error: bad_resource: resource is not what the contract allows")
        assert "canary" not in err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((), "Give either --file, or --name"),
            (("--file", "a", "--name", "b"), "Give either --file, or --name"),
            (("--name", "db.query"), "Missing --resource"),
            ((*ARGUMENTS, "[1]"), "--arguments is not a JSON object"),
            ((*ARGUMENTS, '{"canary": 1, "canary": 2}'), "duplicate_key"),
            ((*ARGUMENTS, "@/nowhere/at/all"), "/nowhere/at/all: No such file"),
            ((*ARGUMENTS, "{}", "--deadline", "soon"), "for example 15m"),
            ((*ARGUMENTS, "{}", "--wait", "-1"), "--wait"),
        ],
        ids=str,
    )
    def test_wrong_usage(self, placet: Command, arguments: tuple[str, ...], said: str) -> None:
        status, lines, err = placet(*arguments)
        assert (status, lines) == (2, [])
        assert said in err
        assert "canary" not in err

    def test_text_shows_what_hides(self, gate: FakeGate, capsys: pytest.CaptureFixture[str]) -> None:
        gate.answer("db.odd", "rejected", sentence="no\u202e\x1b[2J\nallowed")
        assert run(["propose", "--name", "db.odd", "--resource", RESOURCE, "--arguments", "{}"]) == 1
        (shown,) = capsys.readouterr().out.splitlines()
        assert "no\\u202e\\u001b[2J\\u000aallowed" in shown


def test_what_is_not_configured_is_named(placet: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PLACET_SIGNING_KEY_FILE", "PLACET_TRUST_FILE", "PLACET_KAFKA_BOOTSTRAP", "PLACET_KAFKA_FILE"):
        monkeypatch.delenv(name, raising=False)
    status, lines, err = placet("--name", "a", "--resource", "a://b", "--arguments", "{}")
    assert (status, lines) == (1, [])
    assert "Set PLACET_SIGNING_KEY_FILE: this process's private key; PLACET_TRUST_FILE" in err


def test_a_fault_of_its_own_is_not_passed_for_an_answer(gate: FakeGate, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(gate, "propose", broken)
    batch = Batch(gate, wait=0, deadline=None, in_flight=1, emit=lambda _: None)  # type: ignore[arg-type]  # not reached
    with pytest.raises(RuntimeError, match="a fault"):
        batch.run([line(1).encode()])
