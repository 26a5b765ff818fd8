"""The demonstration: play every scenario against a running system, then prove what happened, offline.

`play` is given a `Stage` by `placet demo`. Rules: agents, executor and reviewers get one secret each; the checkpoint
that the verification starts from is kept outside the system, as an auditor would; the exit status is the truth.
"""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx

from examples.nightly_export import warehouse
from examples.nightly_export.ledger import LedgerApi
from examples.nightly_export.processes import AgentChild, ExecutorChild
from examples.nightly_export.reviewer import Reviewer
from examples.nightly_export.scenarios import SCENARIOS, Claim, Scenario, World

PEOPLE = ("alice", "bob", "dave")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running system, and the secrets that the demonstration hands out."""

    desk: str
    ledger: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    superuser_dsn: str = field(repr=False)
    agents: Mapping[str, Mapping[str, str]]
    """Agent id → the PLACET_… variables of its process."""
    executor: Mapping[str, str]
    root_file: Path
    """The pinned root key, with which the verification starts."""
    folder: Path
    """Where the demonstration keeps its own files; empty at the start."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a scenario came to."""

    scenario: Scenario
    claims: Sequence[Claim]
    seconds: float
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Every claim holds, and there was one."""
        return self.error is None and bool(self.claims) and all(claim.holds for claim in self.claims)


def open_world(stage: Stage, stack: ExitStack, *, interactive: bool = False, say: Callable[[str], None]) -> World:
    """Build the warehouse and start the processes; they stop with the stack."""
    logs = stage.folder / "logs"
    buckets = stage.folder / "buckets"
    for each in (logs, buckets):
        each.mkdir(parents=True, exist_ok=True)
    house = warehouse.build(stage.superuser_dsn, stage.folder / "dsn")
    executor = stack.enter_context(
        ExecutorChild(
            {
                **stage.executor,
                "WAREHOUSE_DSN_FILE": str(house.executor_dsn_file),
                "WAREHOUSE_BUCKETS": str(buckets),
                "PLACET_STORE": str(stage.folder / "executor.store"),
            },
            logs / "executor.log",
        )
    )
    agents = {
        name: stack.enter_context(
            AgentChild(
                {
                    **env,
                    "WAREHOUSE_DSN_FILE": str(house.agent_dsn_file),
                    "WAREHOUSE_URL": executor.url,
                    "PLACET_JOURNAL": str(stage.folder / f"{name}.journal"),
                },
                logs / f"{name}.log",
            )
        )
        for name, env in stage.agents.items()
    }
    people = {
        person: Reviewer.sign_in(
            desk=stage.desk,
            issuer=stage.issuer,
            client_id=stage.client_id,
            client_secret=stage.client_secret,
            person=person,
        )
        for person in PEOPLE
    }
    ledger = LedgerApi(stage.ledger)
    stack.callback(ledger.close)
    for reviewer in people.values():
        stack.callback(reviewer.close)
    executor.wait_until_ready()
    return World(
        agent=agents["nightly-export"],
        other_agent=agents["other-agent"],
        people=people,
        ledger=ledger,
        buckets=buckets,
        warehouse_dsn=house.executor_dsn_file.read_text(),
        by_hand=(lambda action_id: _ask_the_person(stage, action_id, say)) if interactive else None,
        say=say,
    )


def play_one(scenario: Scenario, world: World) -> Result:
    """Play a scenario; an exception is a failure with its place."""
    started = time.monotonic()
    try:
        claims: Sequence[Claim] = scenario.play(world)
        error = None
    except Exception as failure:  # noqa: BLE001 - one broken scenario must not hide the others
        claims = []
        place = traceback.extract_tb(failure.__traceback__)[-1]
        error = f"{type(failure).__name__}: {failure} ({Path(place.filename).name}:{place.lineno})"
    return Result(scenario, claims, time.monotonic() - started, error)


def play(
    stage: Stage, *, interactive: bool = False, report: Path | None = None, say: Callable[[str], None] = click.echo
) -> int:
    """Play everything, verify offline, print the table (or leave it in `report`); return the process's exit status."""
    auditor = stage.folder / "auditor"
    auditor.mkdir(parents=True)
    held_checkpoint = auditor / "checkpoint"
    with closing(LedgerApi(stage.ledger)) as ledger:
        held_checkpoint.write_text(ledger.checkpoint())
        with ExitStack() as stack:
            results = _play_all(open_world(stage, stack, interactive=interactive, say=say), say)
        say("\nOne action, from proposal to report")
        for line in ledger.timeline_of("export.customers"):
            say(f"  {line}")
        ledger.wait_until_quiet()
        export = auditor / "ledger.ndjson"
        export.write_bytes(ledger.export())
    say("\nOffline verification, from a checkpoint kept outside the system before the first scenario")
    verified = _verify(export, stage.root_file, held_checkpoint, say)
    failed = sum(not result.passed for result in results)
    ending = f"{table(results)}\n{len(results) - failed} scenarios passed, {failed} failed"
    if report is None:
        say("\n" + ending)
    else:
        report.write_text(ending + "\n")
    return 0 if failed == 0 and verified else 1


def _play_all(world: World, say: Callable[[str], None]) -> list[Result]:
    results = []
    for number, scenario in enumerate(SCENARIOS, 1):
        say(f"\n  {number}. {scenario.title}")
        result = play_one(scenario, world)
        results.append(result)
        for claim in result.claims:
            say(f"      {'✓' if claim.holds else '✗'} {claim.sentence}")
        if result.error:
            say(f"      ✗ {result.error}")
    return results


def table(results: Sequence[Result]) -> str:
    """The scenarios as a table, one line each."""
    width = max(len(result.scenario.title) for result in results)
    rows = [f"  #  {'scenario':<{width}}  claims  seconds  result"]
    for number, result in enumerate(results, 1):
        held = f"{sum(claim.holds for claim in result.claims)}/{len(result.claims)}"
        verdict = "passed" if result.passed else "FAILED"
        rows.append(f"  {number}  {result.scenario.title:<{width}}  {held:>6}  {result.seconds:>7.2f}  {verdict}")
    return "\n".join(rows)


def _verify(export: Path, root: Path, held: Path, say: Callable[[str], None]) -> bool:
    """Verify the exported file with the library's own command, in a process that is told of nothing else."""
    command = [sys.executable, "-m", "placet", "ledger", "verify", str(export)]
    options = ["--root", str(root), "--held", str(held)]
    finished = subprocess.run([*command, *options], capture_output=True, text=True, check=False, env={})
    for line in (finished.stdout + finished.stderr).splitlines():
        say(f"  {line}")
    return finished.returncode == 0


def _ask_the_person(stage: Stage, action_id: str, say: Callable[[str], None]) -> None:
    """Leave the approval to the person at the keyboard."""
    say(f"\n      Your turn. Open {stage.desk}/reviews/{action_id} in a browser, sign in as alice, and decide.\n")
    deadline = time.monotonic() + 600
    with httpx.Client(timeout=10) as client:
        while time.monotonic() < deadline:
            found: Any = client.get(f"{stage.ledger}/v1/actions/{action_id}/timeline")
            if found.status_code == httpx.codes.OK and found.json()["outcome"] is not None:
                return
            time.sleep(0.5)
