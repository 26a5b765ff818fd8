"""`placet topics`: the broker's topics and access rules, as the catalogue wants them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from infra import admin
from infra.errors import InfraError
from infra.topics import rules
from infra.topics import topics as planned
from placet.kafka_settings import KafkaSettings

ENDPOINTS = Path(".placet/endpoints.json")

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.group()
def topics() -> None:
    """List, create and check topics and access rules.

    Kafka is where PLACET_KAFKA_FILE or PLACET_KAFKA_BOOTSTRAP say; without them, the system that runs here.
    """


@topics.command("list", epilog="Example: placet topics list --json")
@JSON
def list_(*, as_json: bool) -> None:
    """Show what the catalogue wants; asks no broker."""
    found = {
        "topics": [
            {"name": plan.name, "partitions": plan.partitions, "settings": dict(plan.settings)} for plan in planned()
        ],
        "rules": [str(rule) for rule in rules()],
    }
    if as_json:
        print(json.dumps(found))
        return
    for plan in planned():
        print(f"{plan.name:32} {plan.partitions:2} partitions")
    for rule in rules():
        print(rule)


@topics.command(epilog="Example: PLACET_KAFKA_FILE=ops.kafka.json placet topics create")
@JSON
def create(*, as_json: bool) -> None:
    """Create what is missing and correct settings; running it again changes nothing."""
    _finish(_ask(admin.create), as_json=as_json)


@topics.command(epilog="Example: placet topics check --json")
@JSON
def check(*, as_json: bool) -> None:
    """Name what is not as the catalogue wants; status 1 when anything is."""
    _finish(_ask(admin.check), as_json=as_json)


def operator_settings() -> KafkaSettings:
    """How the operator reaches Kafka: the environment, else the system that runs here."""
    found = KafkaSettings.from_env(os.environ)
    if found is None and ENDPOINTS.exists():
        found = KafkaSettings.load(Path(json.loads(ENDPOINTS.read_text())["kafka_file"]))
    if found is None:
        raise click.ClickException("Nothing says where Kafka is: set PLACET_KAFKA_FILE, or run `placet up` here.")
    return found


def _ask(question: Callable[[Any], list[str]]) -> list[str]:
    try:
        with admin.operator(operator_settings()) as client:
            return question(client)
    except InfraError as error:
        raise click.ClickException(str(error)) from error


def _finish(problems: list[str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": not problems, "problems": problems}))
    else:
        print("\n".join(problems) or "All topics and rules are as the catalogue wants.")
    sys.exit(1 if problems else 0)
