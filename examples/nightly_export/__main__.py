"""`python -m examples.nightly_export --endpoints .placet/endpoints.json`: the demonstration on a running system."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from examples.nightly_export.demo import Stage, play
from placet.errors import ContractError
from placet.key_folder import KeyFolder

AGENTS = {"nightly-export": "dave", "other-agent": "erin"}
"""Agent → owner. Dave is in every reviewing group, and refused all the same."""


def stage_from(endpoints: Path, folder: Path) -> Stage:
    """Enrol the demonstration's agents and executor in a development system, and gather what each is given."""
    found = json.loads(endpoints.read_text())
    keys = KeyFolder(Path(found["keys"]))
    now = datetime.now(UTC)
    for agent, owner in AGENTS.items():
        if agent not in keys.trust().agents:
            keys.enrol_agent(agent, owner=owner, now=now)
    if "warehouse" not in keys.trust().executors:
        keys.enrol_executor("warehouse", serves=("postgres://warehouse",), now=now)
    shared = {
        "PLACET_ENV": "dev",
        "PLACET_TRUST_FILE": found["trust_file"],
        "PLACET_TRUST_ROOT_FILE": found["trust_root_file"],
        **({"PLACET_OTLP_ENDPOINT": found["otlp"]} if found["otlp"] else {}),
    }

    def secrets_of(kind: str, name: str, principal: str) -> dict[str, str]:
        key, kafka = str(keys.key_file(kind, name)), found["kafka_files"][principal]
        return {**shared, "PLACET_SIGNING_KEY_FILE": key, "PLACET_KAFKA_FILE": kafka}

    return Stage(
        desk=found["desk"],
        ledger=found["ledger"],
        issuer=found["identity_provider"],
        client_id=found["client_id"],
        client_secret=Path(found["client_secret_file"]).read_text().strip(),
        superuser_dsn=Path(found["dsn_files"]["superuser"]).read_text().strip(),
        agents={name: secrets_of("agents", name, "agent") for name in AGENTS},
        executor=secrets_of("executors", "warehouse", "executor"),
        root_file=Path(found["trust_root_file"]),
        folder=folder,
    )


@click.command()
@click.option("--endpoints", type=click.Path(path_type=Path, exists=True), default=Path(".placet/endpoints.json"))
@click.option("--interactive", is_flag=True, help="Leave the approval of the export to you, in the browser.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the table here instead of printing it last.")
def main(endpoints: Path, report: Path | None, *, interactive: bool) -> None:
    """Play the demonstration against a development system that runs (`placet up`)."""
    folder = Path(tempfile.mkdtemp(prefix="placet-nightly-"))
    try:
        status = play(stage_from(endpoints, folder), interactive=interactive, report=report)
    except ContractError as error:
        raise click.ClickException(str(error)) from None
    if status == 0:
        shutil.rmtree(folder)
    else:
        click.echo(f"The demonstration's files are kept in {folder}")
    sys.exit(status)


if __name__ == "__main__":
    main()
