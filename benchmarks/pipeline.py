"""An action without a human, from proposal to outcome, beside a bare three-hop Faust echo of the same bytes."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from benchmarks.driver import Driver, Run
from benchmarks.figures import Figure, percentile
from benchmarks.world import World
from placet.catalogue import CATALOGUE, Topic

RATE = 20.0
HOPS = tuple(f"bench.hop{number}" for number in range(4))


def figures(world: World, *, latency_count: int, burst: int) -> Iterator[Figure]:
    """Latency at 20 actions a second, then throughput; each side with the whole machine to itself."""
    messages = world.proposals(latency_count + 2 * burst)
    with _echo(world) as driver:
        driver.run(messages[:100], topic=HOPS[0], per_second=None)  # connections and caches
        calm = driver.run(messages[:latency_count], topic=HOPS[0], per_second=RATE)
        flat_out = driver.run(messages[-burst:], topic=HOPS[0], per_second=None)
    driver = Driver(world.kafka("ops"), Topic.RESOLVED)
    try:
        driver.run(world.proposals(100), per_second=None)
        ours_calm = driver.run(messages[:latency_count], per_second=RATE)
        ours_flat_out = driver.run(messages[-burst:], per_second=None)
    finally:
        driver.close()
    against = "three bare Faust hops, same bytes, same broker"
    for percent in (50, 95):
        yield Figure(
            name=f"pipeline latency p{percent} at {RATE:.0f}/s",
            ours=_ms(ours_calm, percent),
            reference=_ms(calm, percent),
            unit="ms",
            target=2.0,
            bound="ratio at most",
            against=against,
        )
    yield Figure(
        name="pipeline throughput",
        ours=ours_flat_out.per_second,
        reference=flat_out.per_second,
        unit="actions/s",
        target=0.2,
        bound="ratio at least",
        against=against,
    )
    yield Figure(
        name="pipeline throughput, in itself",
        ours=ours_flat_out.per_second,
        reference=None,
        unit="actions/s",
        target=200.0,
        bound="at least",
    )


def growth(world: World, *, total: int, chunk: int = 1_000) -> Iterator[Figure]:
    """The last thousand of many actions beside the first: decision time must not grow with history."""
    driver = Driver(world.kafka("ops"), Topic.RESOLVED)
    runs: list[Run] = []
    try:
        for done in range(0, total, chunk):
            runs.append(driver.run(world.proposals(chunk), per_second=None))
            print(f"  {done + chunk:>6} actions, {runs[-1].per_second:6.0f}/s", flush=True)
    finally:
        driver.close()
    yield Figure(
        name=f"time per action, last {chunk:,} of {total:,}",
        ours=1000 * runs[-1].elapsed / chunk,
        reference=1000 * runs[1].elapsed / chunk,
        unit="ms",
        target=1.25,
        bound="ratio at most",
        against=f"the second {chunk:,} of the same actions (the first fills caches)",
    )


@contextmanager
def _echo(world: World) -> Iterator[Driver]:
    partitions = CATALOGUE[Topic.PROPOSED].partitions
    admin = KafkaAdminClient(**world.kafka("ops").for_kafka_python())
    admin.create_topics([NewTopic(name=hop, num_partitions=partitions, replication_factor=1) for hop in HOPS])
    admin.close()
    log = (Path(world.endpoints["run"]) / "logs" / "echo.log").open("ab")
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.echo", source, target, world.endpoints["kafka_file"]],
            env=os.environ,
            stdout=log,
            stderr=log,
        )
        for source, target in itertools.pairwise(HOPS)
    ]
    driver = Driver(world.kafka("ops"), HOPS[-1])
    try:
        yield driver
    finally:
        driver.close()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(timeout=30)
        log.close()


def _ms(run: Run, percent: int) -> float:
    return 1000 * percentile(run.latencies, percent)
