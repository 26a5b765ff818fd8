"""`placet keys`: make and look at the keys everything rests on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from placet import enrol
from placet.key_folder import KeyFolder

FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".placet/keys"),
    show_default=True,
    envvar="PLACET_KEYS",
    help="The folder of keys.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.group()
def keys() -> None:
    """Make a root, the services' keys and the signed trust file; revoke keys."""


@keys.command(epilog="Example: placet keys init --folder .placet/keys")
@FOLDER
@JSON
def init(folder: Path, *, as_json: bool) -> None:
    """Make a development set: root key, a key per service, trust file version 1.

    For production make it on an offline machine, move root.key.json to where nothing runs, and give each process
    trust.json, root.pub.json and its own key only.
    """
    trust = KeyFolder(folder).init(now=datetime.now(UTC))
    made = {"folder": str(folder), "version": trust.version, "digest": trust.digest}
    click.echo(
        json.dumps(made)
        if as_json
        else f"Made {folder}: trust file version {trust.version}, digest {trust.digest[:16]}…\n"
        f"Next: placet agents add NAME --owner PERSON --folder {folder}"
    )


@keys.command(epilog="Example: placet keys executor warehouse --serves postgres://warehouse")
@click.argument("name")
@click.option("--serves", multiple=True, help="A resource or its prefix by whole segments; repeatable. Default: all.")
@FOLDER
@JSON
def executor(name: str, serves: tuple[str, ...], folder: Path, *, as_json: bool) -> None:
    """Enrol an executor and make its key."""
    home = KeyFolder(folder)
    trust = home.enrol_executor(name, serves=serves or ("",), now=datetime.now(UTC))
    made = {"executor": name, "key_file": str(home.key_file("executors", name)), "version": trust.version}
    click.echo(json.dumps(made) if as_json else f"Enrolled executor {name}; its key is {made['key_file']}")


@keys.command(epilog="Example: placet keys revoke Zx4…  (key ids: placet agents list --json)")
@click.argument("key_id")
@FOLDER
@JSON
def revoke(key_id: str, folder: Path, *, as_json: bool) -> None:
    """Revoke a key from now on, whoever holds it."""
    trust = KeyFolder(folder).edit(lambda document: enrol.revoke_key(document, key_id, now=datetime.now(UTC)))
    click.echo(
        json.dumps({"revoked": key_id, "version": trust.version})
        if as_json
        else f"Revoked {key_id}; trust file version {trust.version}. Give it to every process."
    )
