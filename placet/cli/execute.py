"""`placet execute`: run a ticket, or everything that is granted to an executor."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from placet.cli.show import one_line, plain

if TYPE_CHECKING:
    from placet.executor import Executor


@click.command(epilog="Example: placet execute --ticket t.json --module examples.nightly_export.executor:executor")
@click.option(
    "--ticket",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A ticket that `placet propose --ticket` wrote.",
)
@click.option("--follow", is_flag=True, help="Run what is granted to this executor, until stopped.")
@click.option(
    "--module", required=True, help="Where the executor is: package.module:name. It may hold a function that makes it."
)
@click.option("--json", "as_json", is_flag=True, help="The execution report as one JSON object.")
def execute(ticket: Path | None, module: str, *, follow: bool, as_json: bool) -> int:
    """Run what carries a valid grant, once, and report it.

    Exit status 0 when the action succeeded; 1 when it was refused, failed, or its end is unknown. The result itself is
    not printed: it belongs to whoever wrote the function.
    """
    if follow == (ticket is not None):
        raise click.UsageError("Give either --ticket or --follow.")
    executor = _load(module)
    try:
        if ticket is None:
            _follow(executor)
            return 0
        return _run(executor, ticket, as_json=as_json)
    finally:
        executor.close()


def _load(where: str) -> Executor:
    from placet.executor import Executor  # noqa: PLC0415 - `--help` needs none of it

    module, separator, name = where.partition(":")
    if not separator:
        raise click.UsageError("--module is package.module:name.")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise click.UsageError(f"--module {where} cannot be imported: {error}.") from None
    except AttributeError:
        raise click.UsageError(f"{module} holds nothing called {name}.") from None
    made = found if isinstance(found, Executor) or not callable(found) else found()
    if not isinstance(made, Executor):
        raise click.UsageError(f"{where} is not an Executor and makes none.")
    return made


def _run(executor: Executor, path: Path, *, as_json: bool) -> int:
    from placet.outcomes import Ticket  # noqa: PLC0415 - `--help` needs none of it

    execution = executor.attempt(Ticket.from_json(path.read_bytes()))
    report = execution.report
    if as_json:
        said = {"status": "refused", "code": getattr(execution.error, "code", None)}
        click.echo(one_line(said if report is None else report.model_dump(mode="json")))
    elif report is None:
        click.echo(f"refused: {plain(execution.error)}. Nobody known signed it, so nothing was reported.")
    else:
        counts = "".join(f"  {name} {number}" for name, number in report.counts.items())
        click.echo(f"{report.action_id}  {report.status}  {plain(execution.error or report.code)}{counts}")
    return 0 if execution.succeeded else 1


def _follow(executor: Executor) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"Following as executor {executor.executor}; Ctrl-C stops.", err=True)
    executor.follow(stop)
