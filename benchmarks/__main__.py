"""`make bench`: everything in one run, a table of ratios, and benchmarks/out/latest.json."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from benchmarks import ledger, pipeline, policy, resume
from benchmarks.figures import Figure, table, write
from benchmarks.world import running_world


@click.command(epilog="Example: make bench ARGS=--quick")
@click.option("--quick", is_flag=True, help="A tenth of the load: to see that it runs, not to quote.")
def main(*, quick: bool) -> None:
    """Measure side by side, ratios first. Exit status 0: it ran; the table says what met its target."""
    os.environ["PLACET_ENV"] = "dev"
    scale = 10 if quick else 1
    folder = Path(tempfile.mkdtemp(prefix="placet-bench-"))
    figures: list[Figure] = []
    try:
        print("Policy, no broker", flush=True)
        figures += policy.figures(times=20_000 // scale)
        with running_world(folder) as world:
            print("Pipeline beside the echo", flush=True)
            figures += pipeline.figures(world, latency_count=600 // scale, burst=4_000 // scale)
            print("Click to resume", flush=True)
            figures += resume.figures(world, times=max(4, 40 // scale))
            print("Growth", flush=True)
            figures += pipeline.growth(world, total=20_000 // scale, chunk=1_000 // scale)
            print("Ledger", flush=True)
            figures += ledger.figures(world, folder / "dsn", count=20_480 // scale)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + table(figures))
    print(f"\nWritten to {write(figures).relative_to(Path.cwd())}")
    sys.exit(0)


if __name__ == "__main__":
    main()
