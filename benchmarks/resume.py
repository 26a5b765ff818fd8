"""From the reviewer's click to the agent's next instruction."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.figures import Figure, percentile
from benchmarks.world import AGENT, World
from examples.nightly_export.reviewer import Reviewer
from placet.gate import Gate


def figures(world: World, *, times: int) -> Iterator[Figure]:
    """The agent waits in the library, the reviewer approves through the desk's API."""
    stage = world.stage
    reviewer = Reviewer.sign_in(
        desk=stage.desk,
        issuer=stage.issuer,
        client_id=stage.client_id,
        client_secret=stage.client_secret,
        person="alice",
    )
    stage.folder.mkdir(parents=True, exist_ok=True)
    with Gate.from_env({**stage.agents[AGENT], "PLACET_JOURNAL": str(Path(stage.folder) / "bench.journal")}) as gate:
        taken = [_one(gate, reviewer) for _ in range(times)]
    for percent in (50, 95):
        yield Figure(
            name=f"click to resume, p{percent}",
            ours=1000 * percentile(taken, percent),
            reference=None,
            unit="ms",
            target=250.0 if percent == 95 else None,
            bound="at most",
        )


def _one(gate: Gate, reviewer: Reviewer) -> float:
    pending = gate.propose(
        "export.customers",
        "postgres://warehouse/customers",
        {"table": "customers", "columns": ["id"], "destination": "s3://partner-bucket/bench.csv"},
        "benchmark",
        deadline=timedelta(minutes=10),
    )
    digest = reviewer.open_review(pending.action_id)["digest"]
    resumed: list[float] = []

    def wait() -> None:
        pending.wait(60)
        resumed.append(time.perf_counter())

    waiter = threading.Thread(target=wait)
    waiter.start()
    clicked = time.perf_counter()
    reviewer.send("approve", pending.action_id, "benchmark", digest=digest).raise_for_status()
    waiter.join()
    return resumed[0] - clicked
