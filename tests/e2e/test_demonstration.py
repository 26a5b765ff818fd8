"""Every scenario of the demonstration, asserted claim by claim, and the offline verification after them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from examples.nightly_export.scenarios import SCENARIOS, Scenario, World
from tests.systems import RunningSystem

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario(scenario: Scenario, world: World) -> None:
    claims = scenario.play(world)
    assert claims
    assert [claim.sentence for claim in claims if not claim.holds] == []


def verify(system: RunningSystem, export: Path, held: Path) -> tuple[int, dict[str, object]]:
    options = ["--json", "--root", str(system.stage.root_file), "--held", str(held)]
    finished = subprocess.run(
        [sys.executable, "-m", "placet", "ledger", "verify", str(export), *options],
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    report: dict[str, object] = json.loads(finished.stdout)
    return finished.returncode, report


def test_the_ledger_of_a_scenario_verifies_offline_and_a_bent_one_does_not(
    system: RunningSystem, world: World, tmp_path: Path
) -> None:
    held, export = tmp_path / "checkpoint", tmp_path / "ledger.ndjson"
    assert all(claim.holds for claim in SCENARIOS[0].play(world))
    system.ledger.wait_until_quiet()
    held.write_text(system.ledger.checkpoint())
    export.write_bytes(system.ledger.export())
    status, report = verify(system, export, held)
    assert (status, report["problems"]) == (0, [])

    lines = export.read_bytes().splitlines(keepends=True)
    entries = [number for number, line in enumerate(lines) if json.loads(line)["kind"] == "entry"]
    middle, following = entries[len(entries) // 2 : len(entries) // 2 + 2]
    swapped = {middle: lines[following], following: lines[middle]}
    for bent in (
        lines[: entries[-1]],
        [line for number, line in enumerate(lines) if number != middle],
        [swapped.get(number, line) for number, line in enumerate(lines)],
    ):
        export.write_bytes(b"".join(bent))
        status, report = verify(system, export, held)
        assert status == 1
        assert report["problems"]
