"""`placet dlq`: what failed its signature; shown as headers and hashes, replayed as it was."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from infra.commands.topics import operator_settings
from infra.dead_letters import DeadLetter, DeadLetters, ReplayRefusedError
from infra.errors import InfraError
from placet.catalogue import CATALOGUE

JSON = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line, instead of text.")
TOPIC = click.option(
    "--topic",
    type=click.Choice([str(topic) for topic in CATALOGUE]),
    metavar="TOPIC",
    help="Only what came from this topic, for example actions.proposed.v1.",
)
CODE = click.option("--code", help="Only what broke this rule, for example unknown_key.")


@click.group()
def dlq() -> None:
    """List, show and replay dead letters. No command prints a message's bytes.

    Kafka is where PLACET_KAFKA_FILE or PLACET_KAFKA_BOOTSTRAP say; without them, the system that runs here.
    """


@dlq.command("list", epilog="Example: placet dlq list --topic actions.proposed.v1 --code unknown_key --json")
@TOPIC
@CODE
@JSON
def list_(topic: str | None, code: str | None, *, as_json: bool) -> None:
    """List dead letters: where they lie, which rule they broke, who is said to have signed."""
    number = 0
    with _opened() as letters:
        for letter in _chosen(letters, topic, code):
            number += 1
            print(json.dumps(letter.summary()) if as_json else _line(letter))
    if not as_json:
        print(f"{number} dead letters")


@dlq.command(epilog="Example: placet dlq show actions.proposed.v1.dlq/2/17")
@click.argument("letter")
@JSON
def show(letter: str, *, as_json: bool) -> None:
    """Show one dead letter: its headers, its hash and whether it may be replayed."""
    with _opened() as letters:
        found = letters.one(letter)
        details = {**found.details(), "replay_refused": letters.refusal(found)}
    if as_json:
        print(json.dumps(details))
        return
    for name, value in details.items():
        if name == "headers":
            for header in value:
                print(f"header {header['name']}: {header['value']}")
        else:
            print(f"{name}: {value}")


@dlq.command(epilog="Example: placet dlq replay actions.proposed.v1.dlq/2/17  (or: --code unknown_key --dry-run)")
@click.argument("letter", nargs=-1)
@TOPIC
@CODE
@click.option("--dry-run", is_flag=True, help="Say what would be replayed; write nothing.")
@JSON
def replay(letter: tuple[str, ...], topic: str | None, code: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Write dead letters back to the topic they came from, as they were: by name, or all of a topic or code.

    An action that has an outcome is refused. Status 1 when anything was refused.
    """
    if bool(letter) == bool(topic or code):
        raise click.UsageError("Name the letters, or choose them by --topic or --code.")
    refused = 0
    with _opened() as letters:
        # Names first: a list of letters would hold all their bytes.
        for name in letter or [one.name for one in _chosen(letters, topic, code)]:
            result = _replayed(letters, letters.one(name), dry_run=dry_run)
            refused += "refused" in result
            print(json.dumps(result) if as_json else " ".join(f"{key}: {value}" for key, value in result.items()))
    sys.exit(1 if refused else 0)


def _replayed(letters: DeadLetters, letter: DeadLetter, *, dry_run: bool) -> dict[str, Any]:
    if dry_run:
        reason = letters.refusal(letter)
        return {"letter": letter.name, **({"would_replay": True} if reason is None else {"refused": reason})}
    try:
        return {"letter": letter.name, "replayed": letters.replay(letter)}
    except ReplayRefusedError as error:
        return {"letter": letter.name, "refused": str(error)}


def _chosen(letters: DeadLetters, topic: str | None, code: str | None) -> Iterator[DeadLetter]:
    topics = [spec.dead_letters for spec in CATALOGUE.values() if topic in {None, str(spec.topic)}]
    return (letter for letter in letters.all(topics) if code in {None, letter.added("code")})


def _line(letter: DeadLetter) -> str:
    moment = datetime.fromtimestamp(letter.time_milliseconds / 1000, UTC).isoformat(timespec="seconds")
    subject = letter.action_id or "(no action id)"
    return f"{letter.name:36} {moment} {letter.added('code'):20} {subject} {letter.added('sha256')[:16]}"


@contextlib.contextmanager
def _opened() -> Iterator[DeadLetters]:
    try:
        with DeadLetters(operator_settings()) as letters:
            yield letters
    except InfraError as error:
        raise click.ClickException(str(error)) from error
