"""`placet propose` and `placet execute` as programs, on a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from placet.catalogue import Topic
from placet.client_settings import JOURNAL, KEY, ROOT, STORE, TRUST
from placet.events import ActionProposed
from placet.gate import Gate
from tests.fix_gate import KafkaStage, reported

ROOT_FOLDER = Path(__file__).parents[2]
EXECUTOR = """
from placet.executor import Executor, Result

def make():
    executor = Executor.from_env()

    @executor.action("db.query")
    def query(limit: int) -> Result:
        return Result(None, counts={"rows": limit})

    return executor
"""


class Shell:
    """A shell in which an agent or an executor is configured."""

    def __init__(self, stage: KafkaStage, folder: Path) -> None:
        self._stage, self.folder = stage, folder

    def environment(self, kind: str) -> dict[str, str]:
        keys = self._stage.stand_in
        key = keys.agent_key("nightly-export") if kind == "agent" else keys.executor_key("warehouse")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PLACET_")},
            **self._stage.kafka.settings(kind).to_env(),
            KEY: str(key),
            TRUST: str(keys.trust_file),
            ROOT: str(keys.root_file),
            JOURNAL: str(self.folder / "cli.journal"),
            STORE: str(self.folder / "cli.store"),
            "PYTHONPATH": str(self.folder),
        }

    def start(self, kind: str, *arguments: object) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", "from placet.cli import main; main()", *map(str, arguments)]
        return subprocess.Popen(
            program,
            env=self.environment(kind),
            cwd=ROOT_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, kind: str, *arguments: object) -> tuple[int, list[dict[str, Any]], str]:
        process = self.start(kind, *arguments)
        out, err = process.communicate(timeout=90)
        return process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def shell(kafka_stage: KafkaStage, tmp_path: Path) -> Shell:
    (tmp_path / "its_executor.py").write_text(EXECUTOR)
    return Shell(kafka_stage, tmp_path)


@pytest.fixture
def settled(kafka_stage: KafkaStage) -> Iterator[None]:
    """Whatever is proposed is decided by its name, as soon as it arrives."""
    stop = threading.Event()
    done: set[str] = set()

    def decide() -> None:
        while not stop.wait(0.02):
            for action_id in set(kafka_stage._arrived) - done:
                done.add(action_id)
                _decide(kafka_stage, action_id)

    thread = threading.Thread(target=decide)
    thread.start()
    yield
    stop.set()
    thread.join()


def _decide(stage: KafkaStage, action_id: str) -> None:
    proposed: ActionProposed = stage.proposed(action_id)
    answers = {"db.query": "allowed", "export.customers": "approved", "db.drop": "denied"}
    if outcome := answers.get(proposed.action.name):
        stage.resolve(action_id, outcome, sentence=f"{proposed.action.name} is {outcome}.")


def line(number: int, name: str) -> str:
    return json.dumps({"id": number, "name": name, "resource": "postgres://warehouse/x", "arguments": {"limit": 3}})


@pytest.mark.usefixtures("settled")
def test_a_file_of_actions(shell: Shell) -> None:
    names = ["db.query", "db.drop", "export.customers", "db.slow"]
    lines = [line(number, name) for number, name in enumerate(names)]
    path = shell.folder / "actions.jsonl"
    path.write_text("\n".join([*lines[:2], "not JSON", *lines[2:]]) + "\n")
    status, said, err = shell.run("agent", "propose", "--file", path, "--json", "--wait", 5)
    assert (status, err) == (1, "")
    found = {each["id"]: each for each in said}
    assert [found[n].get("outcome") for n in range(4)] == ["allowed", "denied", "approved", "pending"]
    assert found[1]["reason"]["sentence"] == "db.drop is denied."
    assert "not_json" in found[None]["error"]
    assert all(each["milliseconds"] < 5000 for n, each in found.items() if n in {0, 1, 2})
    allowed = shell.folder / "allowed.jsonl"
    allowed.write_text("\n".join(line(n, "db.query") for n in range(40)) + "\n")
    assert shell.run("agent", "propose", "--file", allowed, "--json", "--wait", 30)[0] == 0


@pytest.mark.usefixtures("settled")
def test_a_ticket_from_one_program_is_run_by_another_once(shell: Shell) -> None:
    ticket = shell.folder / "ticket.json"
    action = ("--name", "db.query", "--resource", "postgres://warehouse/x", "--arguments", '{"limit": 3}')
    status, (said,), _ = shell.run("agent", "propose", *action, "--json", "--ticket", ticket)
    assert (status, said["outcome"]) == (0, "allowed")
    execute = ("execute", "--ticket", ticket, "--module", "its_executor:make", "--json")
    status, (report,), err = shell.run("executor", *execute)
    assert (status, report["status"], report["counts"], err) == (0, "succeeded", {"rows": 3}, "")
    status, (report,), _ = shell.run("executor", *execute)
    assert (status, report["status"], report["code"]) == (1, "refused", "already_redeemed")


def test_ctrl_c_is_clean_and_the_action_goes_on(shell: Shell, kafka_stage: KafkaStage) -> None:
    action = ("--name", "db.slow", "--resource", "postgres://warehouse/x", "--arguments", "{}", "--wait", 60)
    process = shell.start("agent", "propose", *action, "--json")
    with kafka_stage._changed:
        assert kafka_stage._changed.wait_for(lambda: kafka_stage._arrived, timeout=60)
        (action_id,) = kafka_stage._arrived
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "Stopped."
    kafka_stage.resolve(action_id, "approved")
    journal = shell.folder / "cli.journal"
    key_file = kafka_stage.stand_in.agent_key("nightly-export")
    settings = kafka_stage.kafka.settings("agent")
    with Gate(key_file=key_file, trust=kafka_stage.stand_in.trust, kafka=settings, journal=journal) as gate:
        settled = gate.outcome(action_id)
    assert settled is not None
    assert settled.outcome == "approved"
    assert journal.stat().st_mode & 0o077 == 0


def test_following_runs_what_is_granted_and_stops_on_a_signal(shell: Shell, kafka_stage: KafkaStage) -> None:
    process = shell.start("executor", "execute", "--follow", "--module", "its_executor:make")
    assert process.stderr is not None
    assert process.stderr.readline() == "Following as executor warehouse; Ctrl-C stops.\n"
    pending = kafka_stage.gate.propose("db.query", "postgres://warehouse/x", {"limit": 2})
    kafka_stage.resolve(pending.action_id, "allowed")
    reported(kafka_stage, pending.action_id, ("succeeded", "done"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    process.communicate()


def test_a_broker_that_is_away_is_one_sentence(shell: Shell) -> None:
    environment = {**shell.environment("agent"), "PLACET_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    action = ["--name", "a.b", "--resource", "a://b", "--arguments", "{}"]
    done = subprocess.run(
        [sys.executable, "-c", "from placet.cli import main; main()", "propose", *action],
        env=environment, cwd=ROOT_FOLDER, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: Could not look up {Topic.RESOLVED} on Kafka at 127.0.0.1:1")
    assert "Traceback" not in done.stderr
