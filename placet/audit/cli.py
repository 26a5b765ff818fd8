"""`placet ledger verify`: the audit at a prompt, with nothing but an export, a root key and a checkpoint.

Rules: exit status 0 means "0 problems", 1 that there are some, 2 that the audit could not begin; `--json` prints one
object; the checkpoint is remembered only after an audit without problems.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import click

from placet.audit.verifier import verify_export
from placet.checkpoint import VerifierKey
from placet.cli.show import plain
from placet.errors import ContractError
from placet.trust_store import load_root

UNUSABLE = 2
"""Exit status where the audit could not begin."""
ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path(".placet/keys/root.pub.json"),
    show_default=True,
    envvar="PLACET_TRUST_ROOT_FILE",
    help="The pinned public root key.",
)
HELD = click.option("--held", type=click.Path(path_type=Path), help="A checkpoint you kept outside the system.")


@click.group()
def ledger() -> None:
    """Query, export and verify the ledger."""


@ledger.command(
    epilog="Example: placet ledger export | placet ledger verify - --root .placet/keys/root.pub.json --held last.note"
)
@click.argument("export", type=click.Path(path_type=Path, allow_dash=True))
@ROOT
@HELD
@click.option(
    "--remember",
    type=click.Path(path_type=Path),
    help="As --held where the file exists; after an audit without problems the newest checkpoint is written there.",
)
@click.option(
    "--ledger-key",
    multiple=True,
    help="Pin the ledger's key as well (a C2SP verifier key): name+id+key; repeatable, one for each it has had.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Seconds: on a running system, forgive missing evidence of actions younger than this.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def verify(  # noqa: PLR0917 - one parameter per option
    export: Path,
    root: Path,
    held: Path | None,
    remember: Path | None,
    ledger_key: tuple[str, ...],
    grace: float,
    as_json: bool,  # noqa: FBT001 - a flag
) -> None:
    """Verify an export offline: hashes, checkpoints, signatures, and that every story holds together.

    EXPORT is a file made by `placet ledger export`, or - for standard input.
    """
    if held is None and remember is not None and remember.exists():
        held = remember
    try:
        note = None if held is None else held.read_bytes()
        pinned = [VerifierKey.parse(text) for text in ledger_key]
        options: dict[str, Any] = {"held": note, "ledger_keys": pinned, "grace": timedelta(seconds=grace)}
        key = load_root(root)
        if str(export) == "-":
            report = verify_export(sys.stdin.buffer, key, **options)
        else:
            with export.open("rb") as lines:
                report = verify_export(lines, key, **options)
    except ContractError as error:
        _unusable(str(error))
    except OSError as error:
        _unusable(f"{error.filename}: {error.strerror}")
    text = "\n".join(map(plain, report.as_text().split("\n")))  # an export may try to draw on the screen
    click.echo(json.dumps(report.as_json()) if as_json else text)
    if not report.ok:
        sys.exit(1)
    if remember is not None:
        _write(remember, report.checkpoint)


def _unusable(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(UNUSABLE)


def _write(path: Path, note: str) -> None:
    """Replace the file whole: half a checkpoint would be none."""
    descriptor, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=path.name)
    with os.fdopen(descriptor, "w") as file:
        file.write(note)
    Path(temporary).replace(path)
