"""`placet demo`: the system in a fresh folder, the demonstration on it, then everything stopped and looked after."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

import click

from infra import guard
from infra.children import ROOT
from infra.commands.running import run, say
from infra.system import System

DEMONSTRATION = "examples.nightly_export"


@click.command(epilog="Example: placet demo --keep")
@click.option("--interactive", is_flag=True, help="You approve one export yourself, in the browser.")
@click.option("--keep", is_flag=True, help="Keep the run folder (keys, logs, data) and say where it is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line on standard output; the rest on standard error.")
def demo(*, interactive: bool, keep: bool, as_json: bool) -> None:
    """Start everything in a fresh folder, run the demonstration, verify the ledger offline, stop everything.

    Exit status 0: every scenario went as it should, and no process is left.
    """
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="placet-demo-"))
    report = folder / "report.txt"
    status, kept = 1, True
    try:
        output = sys.stderr if as_json else sys.stdout
        status = run(_demo(folder / "run", report, interactive=interactive, output=output))
        table = report.read_text().rstrip() if report.exists() else ""
        kept = keep or status != 0
    finally:
        if kept:
            say(f"Keys, data and logs are kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    say(f"Done in {seconds:.1f} s, no process left")
    if as_json:
        table = json.dumps({"ok": status == 0, "seconds": round(seconds, 1), "folder": str(folder) if kept else None})
    print(table, flush=True)
    sys.exit(status)


async def _demo(folder: Path, report: Path, *, interactive: bool, output: TextIO) -> int:
    system = System(folder, say=say, mode=os.environ.get("PLACET_ENV", "dev"))
    async with system:
        status = await _play(system, report, interactive=interactive, output=output)
    if left := guard.strays(system.children.mark):
        say(f"Processes are left: {', '.join(str(process.pid) for process in left)}")
        return 1
    return status


async def _play(system: System, report: Path, *, interactive: bool, output: TextIO) -> int:
    """Run the demonstration as a process of its own, so that Ctrl-C can end it; returns its exit status."""
    options = ["--endpoints", str(system.layout.endpoints), "--report", str(report)]
    environment = {guard.MARK: system.children.mark, "TMPDIR": str(system.layout.tmp)}
    playing = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        DEMONSTRATION,
        *options,
        *(["--interactive"] if interactive else []),
        stdout=output,
        env=os.environ | environment,
        cwd=ROOT,
    )
    failing = asyncio.create_task(system.failed())
    ending = asyncio.create_task(playing.wait())
    try:
        await asyncio.wait([failing, ending], return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            failing.result()
        return await ending
    finally:
        for task in (failing, ending):
            task.cancel()
        if playing.returncode is None:
            playing.terminate()
            await playing.wait()
