"""`placet propose`: one action by options, or many from a file of JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from placet.cli.show import Duration, JsonText, one_line, plain

if TYPE_CHECKING:
    from placet.gate import Gate
    from placet.outcomes import Allowed, Approved


@click.command(
    epilog="Example: placet propose --file actions.jsonl --json --wait 30     "
    'where a line is {"id": 1, "name": "db.query", "resource": "postgres://warehouse/customers", '
    '"arguments": {"sql": "SELECT count(*) FROM customers"}}'
)
@click.option(
    "--file",
    "source",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="JSON lines; - reads standard input.",
)
@click.option("--name", help="The action's name, such as db.query.")
@click.option("--resource", help="What it acts on, such as postgres://warehouse/customers.")
@click.option("--arguments", type=JsonText(), help="A JSON object, or @FILE.")
@click.option("--purpose", default="", help="Why, for whoever decides.")
@click.option("--preview", type=JsonText(), help="A sample of the data that would move: JSON, or @FILE.")
@click.option("--on-behalf-of", help="The person whose authority the agent uses.")
@click.option("--session", help="Ties several actions together.")
@click.option(
    "--deadline", type=Duration(), default="1h", show_default=True, help="When the action stops being of use."
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds to wait for each outcome; then it is `pending`.",
)
@click.option(
    "--in-flight", type=click.IntRange(1, 256), default=32, show_default=True, help="With --file: how many at once."
)
@click.option(
    "--ticket",
    type=click.Path(path_type=Path),
    help="Where to write the ticket of a granted action; with --file, a folder.",
)
@click.option("--agent", help="The agent's id; needed where several have keys here.")
@click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="The agent's journal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per action.")
def propose(
    source: Path | None, *, as_json: bool, ticket: Path | None, agent: str | None, journal: Path | None, **given: Any
) -> int:
    """Propose actions and wait for their outcomes.

    Exit status 0 when all were allowed or approved, 1 when not. An action that is still pending when the wait ends
    stays pending; its outcome is in the ledger, and for its agent in the journal.
    """
    single = {name: given[name] for name in ("name", "resource", "arguments")}
    if (source is None) == all(value is None for value in single.values()):
        raise click.UsageError("Give either --file, or --name, --resource and --arguments.")
    if source is None and (missing := [name for name, value in single.items() if value is None]):
        raise click.UsageError(f"Missing --{missing[0]}.")
    from placet.cli.here import environment  # noqa: PLC0415 - `--help` needs none of it
    from placet.gate import Gate  # noqa: PLC0415 - as above

    with ExitStack() as stack:
        lines = None if source is None else stack.enter_context(_open(source))
        gate = stack.enter_context(Gate.from_env(environment("agent", agent), journal=journal))
        gate.check()
        if lines is not None:
            return _many(gate, lines, given, ticket, as_json=as_json)
        return _one(gate, given, ticket, as_json=as_json)


def _open(source: Path) -> AbstractContextManager[Iterable[bytes]]:
    try:
        return nullcontext(sys.stdin.buffer) if str(source) == "-" else source.open("rb")
    except OSError as error:
        raise click.UsageError(f"{source}: {error.strerror}. Name a file of JSON lines.") from None


def _one(gate: Gate, given: Mapping[str, Any], ticket: Path | None, *, as_json: bool) -> int:
    from placet.cli.batch import GRANTED, answer  # noqa: PLC0415 - `--help` needs none of it
    from placet.outcomes import Allowed, Approved  # noqa: PLC0415 - as above

    if not isinstance(given["arguments"], dict):
        raise click.UsageError("--arguments is not a JSON object.")
    since = monotonic()
    named = {name: given[name] for name in ("purpose", "preview", "deadline", "on_behalf_of", "session")}
    pending = gate.propose(given["name"], given["resource"], given["arguments"], **named)
    settled = pending.outcome(given["wait"])
    said = answer(settled, pending, since=since)
    if ticket is not None and isinstance(settled, Allowed | Approved):
        _write(settled, ticket)
    click.echo(one_line(said) if as_json else _text(said))
    return 0 if settled is not None and settled.outcome in GRANTED else 1


def _many(gate: Gate, lines: Iterable[bytes], given: Mapping[str, Any], folder: Path | None, *, as_json: bool) -> int:
    from placet.cli.batch import Batch  # noqa: PLC0415 - `--help` needs none of it

    def emit(said: Mapping[str, Any]) -> None:
        click.echo(one_line(said) if as_json else _text(said))
        sys.stdout.flush()

    def granted(settled: Allowed | Approved) -> None:
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(settled, folder / f"{settled.action_id}.ticket.json")

    deadline: timedelta = given["deadline"]
    batch = Batch(gate, wait=given["wait"], deadline=deadline, in_flight=given["in_flight"], emit=emit, granted=granted)
    return 0 if batch.run(lines) else 1


def _write(settled: Allowed | Approved, path: Path) -> None:
    try:
        settled.ticket.save(path)
    except OSError as error:
        raise click.ClickException(
            f"The ticket could not be written to {path}: {error.strerror}. Action {settled.action_id} is granted; "
            "its ticket can be had from the journal until the grant expires."
        ) from None


def _text(said: Mapping[str, Any]) -> str:
    if "error" in said:
        return plain(f"line {said['line']}: {said['error']}")
    reason = said["reason"]
    start = f"{said['id']}  " if "id" in said else ""
    return plain(
        f"{start}{said['action_id']}  {said['outcome']}"
        + (f"  {reason['sentence']} ({reason['code']})" if reason else "")
    )
