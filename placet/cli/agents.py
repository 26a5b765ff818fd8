"""`placet agents`: who may propose, and who answers for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from placet import enrol
from placet.cli.keys import FOLDER, JSON, PUBLIC_KEY, read_public
from placet.key_folder import KeyFolder


@click.group()
def agents() -> None:
    """List, enrol and disable agents in the trust file."""


@agents.command("list", epilog="Example: placet agents list --json")
@FOLDER
@JSON
def list_agents(folder: Path, *, as_json: bool) -> None:
    """Every agent with its owner, whom it may act for, and its keys."""
    trust = KeyFolder(folder).trust()
    rows = [
        {
            "agent": name,
            "owner": agent.owner,
            "on_behalf_of": list(agent.on_behalf_of),
            "disabled": agent.disabled,
            "keys": [
                {
                    "key_id": key.jwk.key_id,
                    "not_after": key.not_after.isoformat(),
                    "revoked": key.revoked_at is not None,
                }
                for key in agent.keys
            ],
        }
        for name, agent in sorted(trust.agents.items())
    ]
    if as_json:
        click.echo(json.dumps({"version": trust.version, "digest": trust.digest, "agents": rows}))
        return
    click.echo(f"Trust file version {trust.version}, {len(rows)} agents")
    for row in rows:
        state = "disabled" if row["disabled"] else "enabled "
        click.echo(f"  {row['agent']:<32} {state}  owner {row['owner']}")


@agents.command(epilog="Example: placet agents add nightly-export --owner dave --on-behalf-of frank")
@click.argument("name")
@click.option("--owner", required=True, help="The person who answers for the agent (directory id).")
@click.option("--on-behalf-of", multiple=True, help="A person it may act for; repeatable.")
@PUBLIC_KEY
@FOLDER
@JSON
def add(
    name: str, owner: str, on_behalf_of: tuple[str, ...], public_key: Path | None, folder: Path, *, as_json: bool
) -> None:
    """Enrol an agent."""
    home = KeyFolder(folder)
    jwk = read_public(public_key)
    trust = home.enrol_agent(name, owner=owner, on_behalf_of=on_behalf_of, jwk=jwk, now=datetime.now(UTC))
    made = {
        "agent": name,
        "owner": owner,
        "version": trust.version,
        "key_file": None if public_key else str(home.key_file("agents", name)),
    }
    click.echo(
        json.dumps(made)
        if as_json
        else f"Enrolled {name}, owner {owner}; trust file version {trust.version}"
        + (f"; its key is {made['key_file']}" if made["key_file"] else "")
    )


@agents.command(epilog="Example: placet agents disable nightly-export")
@click.argument("name")
@FOLDER
@JSON
def disable(name: str, folder: Path, *, as_json: bool) -> None:
    """Deny its proposals, close its pending actions, refuse its unredeemed grants."""
    trust = KeyFolder(folder).edit(lambda document: enrol.disable_agent(document, name, now=datetime.now(UTC)))
    click.echo(
        json.dumps({"agent": name, "disabled": True, "version": trust.version})
        if as_json
        else f"Disabled {name}; trust file version {trust.version}. Give it to every process."
    )
