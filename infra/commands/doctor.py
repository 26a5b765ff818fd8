"""`placet doctor`: what is missing or unhealthy, and what to do."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import click

from infra.commands.up import FOLDER
from infra.doctor import examine


@click.command(epilog="Example: placet doctor --json")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def doctor(*, folder: Path, as_json: bool) -> None:
    """Look at this machine and at the system that runs here; status 1 when something needs doing."""
    found = examine(folder, os.environ)
    well = all(finding.ok for finding in found)
    if as_json:
        print(json.dumps({"ok": well, "findings": [dataclasses.asdict(finding) for finding in found]}))
    else:
        for finding in found:
            print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:22} {finding.detail}")
            if finding.remedy:
                print(f"      {'':22} {finding.remedy}")
    sys.exit(0 if well else 1)
