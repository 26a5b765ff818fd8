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
from infra.commands.running import run, say
from infra.system import System

DEMONSTRATION = "infra.stage"


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
    status = 1
    try:
        status = run(_demo(folder, interactive=interactive, output=sys.stderr if as_json else sys.stdout))
    finally:
        kept = keep or status != 0
        if kept:
            say(f"Keys, data and logs are kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    say(f"Done in {seconds:.1f} s")
    if as_json:
        print(json.dumps({"ok": status == 0, "seconds": round(seconds, 1), "folder": str(folder) if kept else None}))
    sys.exit(status)


async def _demo(folder: Path, *, interactive: bool, output: TextIO) -> int:
    system = System(folder / "run", say=say, mode=os.environ.get("PLACET_ENV", "dev"))
    async with system:
        extra = ["--interactive"] if interactive else []
        # Its output is the result; it inherits this terminal, and the mark that the guard looks for.
        demonstration = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            DEMONSTRATION,
            str(system.layout.endpoints),
            *extra,
            stdout=output,
            env=os.environ | {guard.MARK: system.children.mark},
        )
        try:
            failing = asyncio.create_task(system.failed())
            ending = asyncio.create_task(demonstration.wait())
            await asyncio.wait([failing, ending], return_when=asyncio.FIRST_COMPLETED)
            failing.cancel()
            if not ending.done():
                failing.result()
            status = await ending
        finally:
            if demonstration.returncode is None:
                demonstration.terminate()
                await demonstration.wait()
    if left := guard.marked(system.children.mark):
        say(f"Processes are left: {', '.join(str(process.pid) for process in left)}")
        return 1
    return status
