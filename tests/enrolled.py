"""An agent of a test's own in a running system, enrolled and disabled by the operator's own commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from placet.gate import Gate
from placet.gate.pending import Pending
from tests.systems import RunningSystem


def agents(system: RunningSystem, *words: str) -> None:
    """`placet agents …` on the system's keys."""
    command = [sys.executable, "-m", "placet", "agents", *words, "--folder", system.endpoints["keys"]]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def disable(system: RunningSystem, name: str) -> None:
    """What it had pending is closed, what it was granted is refused."""
    agents(system, "disable", name)


@contextmanager
def enrolled(system: RunningSystem, name: str, folder: Path) -> Iterator[Gate]:
    """The gate of a new agent, which is disabled when the block ends, so that nothing of it stays pending."""
    agents(system, "add", name, "--owner", "dave")
    key = Path(system.endpoints["keys"]) / "agents" / f"{name}.key.json"
    settings = system.stage.agents["nightly-export"]
    own = {"PLACET_SIGNING_KEY_FILE": str(key), "PLACET_JOURNAL": str(folder / f"{name}.journal")}
    try:
        with Gate.from_env({**settings, **own}) as gate:
            yield gate
    finally:
        disable(system, name)


def export(gate: Gate, number: int = 0, **changes: Any) -> Pending:
    """Propose what the shipped policy holds for review; each number another action."""
    arguments = {"table": "customers", "columns": ["id"], "destination": f"s3://partner-bucket/{number}.csv"}
    wish: dict[str, Any] = {"arguments": arguments, "purpose": "monthly partner report", **changes}
    return gate.propose("export.customers", "postgres://warehouse/customers", deadline=timedelta(minutes=10), **wish)


def totals(gate: Gate) -> Pending:
    """Propose what the shipped policy allows."""
    sql = "SELECT plan, count(*) FROM customers GROUP BY plan"
    return gate.propose("db.query", "postgres://warehouse/customers", {"sql": sql}, "nightly totals")
