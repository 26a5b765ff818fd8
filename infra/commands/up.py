"""`placet up`: the whole system on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import click

from infra import development
from infra.commands.running import run, say
from infra.system import System

FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".placet/run"),
    show_default=True,
    envvar="PLACET_RUN",
    help="Keys, data, logs; kept between runs.",
)
ENDPOINTS = Path(".placet/endpoints.json")


@click.command(epilog="Example: placet up")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="When ready, one JSON line: the content of endpoints.json.")
def up(*, folder: Path, as_json: bool) -> None:
    """Run everything here until Ctrl-C: Kafka, PostgreSQL, the services, a sign-in for development.

    Writes .placet/endpoints.json, which says where everything is. Kafka and PostgreSQL of your own are used where
    PLACET_KAFKA_FILE (or PLACET_KAFKA_BOOTSTRAP) and PLACET_POSTGRES_DSN_FILE say so.
    """
    run(_up(folder, as_json=as_json))


async def _up(folder: Path, *, as_json: bool) -> None:
    async with System(folder, say=say, mode=os.environ.get("PLACET_ENV", "dev")) as system:
        publish(system.layout.endpoints)
        try:
            print(_compact(system.layout.endpoints) if as_json else _where(system), flush=True)
            await system.failed()
        except asyncio.CancelledError:
            say("Stopping the services")  # told to: a good end
        finally:
            withdraw()


def publish(endpoints: Path) -> None:
    """Say here where everything is."""
    ENDPOINTS.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(endpoints, ENDPOINTS)


def withdraw() -> None:
    """Nothing runs here any more."""
    ENDPOINTS.unlink(missing_ok=True)


def _compact(endpoints: Path) -> str:
    return json.dumps(json.loads(endpoints.read_text()))


def _where(system: System) -> str:
    """Say where everything is, and how to be an agent."""
    layout, addresses = system.layout, system.addresses
    people = ", ".join(person for person in development.PEOPLE if person != development.OWNER)
    return f"""
Placet runs. Ctrl-C stops it.

  console      {addresses.url("desk")}   (sign in as {people}, or as {development.OWNER}, who owns the agents)
  desk API     {addresses.url("desk")}/api
  ledger API   {addresses.url("ledger-api")}
  Kafka        {system.kafka.settings("ops").bootstrap}   (client settings: {layout.clients}/<principal>.json)
  logs         {layout.logs}
  all of it    {ENDPOINTS}

To propose as {development.AGENT}:

  export PLACET_KAFKA_FILE={layout.clients}/agent.json
  export PLACET_SIGNING_KEY_FILE={layout.keys}/agents/{development.AGENT}.key.json
  export PLACET_TRUST_FILE={layout.keys}/trust.json
  export PLACET_TRUST_ROOT_FILE={layout.keys}/root.pub.json
"""
