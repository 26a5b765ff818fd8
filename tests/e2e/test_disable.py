"""`placet agents disable` takes effect everywhere within five seconds of the call."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from examples.nightly_export.scenarios import World
from placet.executor import Executor
from placet.executor.report import RefusedError
from placet.gate import Gate
from placet.outcomes import Denied
from tests.enrolled import disable, enrolled, export, totals
from tests.systems import RunningSystem

pytestmark = pytest.mark.timeout(300)

WITHIN_SECONDS = 5.0
"""From the call of the command, its own start included."""
PATIENCE = 60.0


def test_a_disabled_agent_is_stopped_everywhere(system: RunningSystem, world: World, tmp_path: Path) -> None:
    ran: list[str] = []
    settings = {**system.stage.executor, "PLACET_STORE": str(tmp_path / "executor.store")}
    with enrolled(system, "short-lived", tmp_path) as gate, Executor.from_env(settings) as executor:

        @executor.action("db.query")
        def query(sql: str) -> None:
            ran.append(sql)

        held = export(gate)
        world.people["alice"].open_review(held.action_id, seconds=PATIENCE)
        unredeemed = totals(gate).wait(PATIENCE).ticket
        began = time.monotonic()
        disable(system, "short-lived")
        with pytest.raises(Denied) as closed:
            held.wait(WITHIN_SECONDS, on_timeout="leave")
        assert closed.value.code == "agent_disabled"
        assert denied_anew(gate) == "agent_disabled"
        while not executor.trust.current().agents["short-lived"].disabled:
            assert time.monotonic() - began < WITHIN_SECONDS
            time.sleep(0.05)
        refused = executor.attempt(unredeemed)
        took = time.monotonic() - began
    assert isinstance(refused.error, RefusedError)
    assert ran == []
    assert took < WITHIN_SECONDS


def denied_anew(gate: Gate) -> str:
    """The code with which a new proposal is denied."""
    with pytest.raises(Denied) as denied:
        totals(gate).wait(WITHIN_SECONDS, on_timeout="leave")
    return denied.value.code
