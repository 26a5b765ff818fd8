"""`placet ledger …` beside `verify`, which is the library's: entries, show, proof, checkpoint, export, fsck.

Rules: everything but `fsck` reads the API; `--json` prints what the API answered; a proof is checked here before it
is called one.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click

from placet.audit.cli import HELD, ROOT, ledger
from placet.audit.export import EntryLine, LeafFields
from placet.cli.show import plain
from placet.errors import ContractError
from placet.merkle import leaf_hash, verify_consistency, verify_inclusion
from placet.trust_store import load_root
from services.ledger.client import Client

__all__ = ["ledger"]

_JSON = click.option("--json", "as_json", is_flag=True, help="What the API answered, as JSON.")


def _api(command: Callable[..., None]) -> Callable[..., None]:
    """Where the API is, and what to show it."""
    url = click.option(
        "--url", envvar="PLACET_LEDGER_URL", help="The ledger's API; that of the local system if absent."
    )
    token = click.option(
        "--token-file",
        type=click.Path(path_type=Path),
        envvar="PLACET_LEDGER_TOKEN_FILE",
        help="File with the bearer token.",
    )
    return url(token(command))


@ledger.command(epilog="Example: placet ledger entries --agent nightly-export --outcome denied --limit 20")
@click.option("--action", help="Only this action.")
@click.option("--agent", help="Only this agent's actions.")
@click.option("--outcome", help="Only outcomes of this kind.")
@click.option("--label", help="Only events that carry this label.")
@click.option("--topic", help="Only this topic.")
@click.option("--since", help="Events at or after this time (RFC 3339).")
@click.option("--until", help="Events before this time (RFC 3339).")
@click.option("--before", type=int, help="Entries below this number: the next page.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@_api
@_JSON
def entries(*, url: str | None, token_file: Path | None, as_json: bool, **query: Any) -> None:
    """List entries, newest first."""
    page = Client(url, token_file).get("/v1/entries", **query)
    if as_json:
        click.echo(json.dumps(page))
        return
    for entry in page["entries"]:
        what = (entry["refused"] and f"refused: {entry['refused']}") or entry["outcome"] or ""
        marks = " divergent" if entry["divergent"] else ""
        about = " ".join(filter(None, (entry["action_id"], entry["agent"], what, ",".join(entry["labels"]))))
        click.echo(plain(f"{entry['seq']:>9}  {entry['received_at']}  {entry['topic']:<24} {about}{marks}"))
    if page["next"] is not None:
        click.echo(f"more: --before {page['next']}")


@ledger.command(epilog="Example: placet ledger show 0190f3a2-7c11-7e2b-9d41-1f0f6a3b5c7d")
@click.argument("action_id")
@_api
@_JSON
def show(action_id: str, *, url: str | None, token_file: Path | None, as_json: bool) -> None:
    """One action's timeline, with durations."""
    told = Client(url, token_file).get(f"/v1/actions/{action_id}/timeline")
    click.echo(json.dumps(told) if as_json else timeline_text(told))


@ledger.command(epilog="Example: placet ledger proof 17   or   placet ledger proof --consistency 1000")
@click.argument("seq", type=int, required=False)
@click.option("--consistency", "old", type=int, help="Prove that the newest tree extends the one of this size.")
@_api
@_JSON
def proof(seq: int | None, *, old: int | None, url: str | None, token_file: Path | None, as_json: bool) -> None:
    """Fetch a proof and check it: that an entry is in the tree, or that the tree only grew.

    The checkpoint comes from the same server; compare it with one you hold (`placet ledger verify`).
    """
    if (seq is None) == (old is None):
        raise click.UsageError("give an entry's number, or --consistency and a size")
    client = Client(url, token_file)
    try:
        if seq is not None:
            found = client.get("/v1/proofs/inclusion", seq=seq)
            sentence = _check_inclusion(client, found)
        else:
            found = client.get("/v1/proofs/consistency", old=old)
            sentence = _check_consistency(client, found)
    except ContractError as error:
        raise click.ClickException(f"the proof does not hold: {error}") from None
    click.echo(json.dumps(found) if as_json else sentence)


@ledger.command(epilog="Example: placet ledger checkpoint > last.note")
@_api
@_JSON
def checkpoint(*, url: str | None, token_file: Path | None, as_json: bool) -> None:
    """Print the newest signed head; keep it outside the system."""
    head = Client(url, token_file).get("/v1/checkpoint")
    click.echo(json.dumps(head) if as_json else head["note"], nl=as_json)


@ledger.command(epilog="Example: placet ledger export --output ledger.ndjson")
@click.option("--output", type=click.File("wb", lazy=False), default="-", help="A file; standard output if absent.")
@_api
@_JSON
def export(*, output: BinaryIO, url: str | None, token_file: Path | None, as_json: bool) -> None:
    """Everything under the newest checkpoint, one JSON object a line, for `placet ledger verify`."""
    count = size = 0
    for piece in Client(url, token_file).lines("/v1/export"):
        output.write(piece)
        size += len(piece)
        count += piece.count(b"\n")
    if as_json:
        click.echo(json.dumps({"lines": count, "bytes": size}), err=output is sys.stdout.buffer)


@ledger.command(epilog="Example: placet ledger fsck --dsn-file .placet/dsn/ledger_reader.dsn")
@click.option("--dsn-file", type=click.Path(path_type=Path), required=True, help="DSN of role ledger_reader.")
@ROOT
@HELD
@_JSON
def fsck(dsn_file: Path, root: Path, held: Path | None, *, as_json: bool) -> None:
    """Derive tree, heads and query columns again from the entries in the database.

    Without --held a database that was emptied, or rebuilt with the ledger's own key, looks sound.
    """
    from services.chassis.database import engine  # noqa: PLC0415 - slow, and only this command needs it
    from services.chassis.errors import ServiceError  # noqa: PLC0415
    from services.ledger.adapters.reader import PostgresReader  # noqa: PLC0415
    from services.ledger.fsck import fsck as derive  # noqa: PLC0415

    try:
        note = None if held is None else held.read_bytes()
        pool = engine(dsn_file, name="ledger-fsck", pool_size=4)
        try:
            found = derive(PostgresReader(pool), load_root(root), held=note)
        finally:
            pool.dispose()
    except (ServiceError, ContractError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    if as_json:
        counts = {"entries": found.entries, "nodes": found.nodes, "checkpoints": found.checkpoints}
        click.echo(json.dumps({**counts, "problems": found.problems}))
    else:
        click.echo(f"{found.entries} entries, {found.nodes} nodes, {found.checkpoints} checkpoints")
        for problem in found.problems:
            click.echo(f"PROBLEM {problem}")
        click.echo(f"{len(found.problems)} problem{'' if len(found.problems) == 1 else 's'}")
    sys.exit(1 if found.problems else 0)


def timeline_text(told: dict[str, Any]) -> str:
    """A timeline for people."""
    lines = [
        f"action    {told['action_id']}",
        f"what      {told['name']} on {told['resource']}",
        f"agent     {told['agent']}",
        f"outcome   {told['outcome'] or 'pending'}" + (f": {told['reason']}" if told["reason"] else ""),
        "",
    ]
    for step in told["steps"]:
        entry = "" if step["seq"] is None else f"#{step['seq']}"
        by = f" by {step['by']}" if step["by"] else ""
        lines.append(
            f"{step['at'][11:23]}  +{step['milliseconds']:>9.1f} ms  {entry:>8}  {step['what']}{by}  {step['detail']}"
        )
    spent = ", ".join(f"{name} {value:.1f} ms" for name, value in told["durations"].items())
    return "\n".join(map(plain, [*lines, "", f"durations: {spent}"]))


def _check_inclusion(client: Client, found: dict[str, Any]) -> str:
    detail = client.get(f"/v1/entries/{found['seq']}")
    line = EntryLine(seq=detail["seq"], leaf=LeafFields(**detail["leaf"]), salt=detail["salt"], value=detail["value"])
    verify_inclusion(
        leaf=leaf_hash(line.to_leaf().encode()),
        index=found["seq"],
        size=found["size"],
        proof=[bytes.fromhex(element) for element in found["path"]],
        root=base64.b64decode(found["checkpoint"]["root"]),
    )
    return f"entry {found['seq']} is in the tree of {found['size']} entries, root {found['checkpoint']['root']}"


def _check_consistency(client: Client, found: dict[str, Any]) -> str:
    earlier = client.get("/v1/checkpoint", size=found["old"])
    if earlier["size"] != found["old"]:
        raise click.ClickException(f"no checkpoint of exactly {found['old']} entries; the next has {earlier['size']}")
    verify_consistency(
        old=found["old"],
        new=found["new"],
        old_root=base64.b64decode(earlier["root"]),
        new_root=base64.b64decode(found["checkpoint"]["root"]),
        proof=[bytes.fromhex(element) for element in found["path"]],
    )
    return f"the tree of {found['new']} entries extends the one of {found['old']}"
