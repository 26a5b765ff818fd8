"""`placet`: one command line of the library's commands and of those that other distributions add.

Rules:
- A command is imported when it is used. One whose parts are not installed says so in a sentence.
- Others join through the entry-point group `placet.commands`, and may replace the library's own of the same name.
- Exit status: 0 done, 1 not done (the sentence says what happened, why and what to do), 2 wrong usage, 130 stopped by
  Ctrl-C. Errors go to standard error; with --json standard output holds JSON only.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import entry_points
from typing import Any, Final

import click

from placet.errors import PlacetError

GROUP: Final = "placet.commands"
BUILT_IN: Final = {
    "keys": "placet.cli.keys:keys",
    "agents": "placet.cli.agents:agents",
    "propose": "placet.cli.propose:propose",
    "execute": "placet.cli.execute:execute",
    "reviews": "placet.cli.reviews:reviews",
    "ledger": "placet.audit.cli:ledger",
}
PLATFORM: Final = ("up", "demo", "doctor", "classify", "classifier", "policy", "dlq", "topics")
"""Commands that come with the platform, not with the library."""
_ORDER: Final = (
    "up",
    "demo",
    "doctor",
    "keys",
    "agents",
    "propose",
    "execute",
    "reviews",
    "classify",
    "classifier",
    "policy",
    "ledger",
    "dlq",
    "topics",
)
_INTERRUPTED: Final = 130


class Commands(click.Group):
    """Finds commands by name, when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command that is installed, in the order of their use."""
        found = set(BUILT_IN) | {point.name for point in entry_points(group=GROUP)}
        return [name for name in _ORDER if name in found] + sorted(found.difference(_ORDER))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one."""
        added = {point.name: point.value for point in entry_points(group=GROUP)}
        where = added.get(cmd_name) or BUILT_IN.get(cmd_name)
        if where is None:
            return _missing(cmd_name, "it comes with the platform") if cmd_name in PLATFORM else None
        try:
            return _load(where)
        except ImportError as error:
            if cmd_name in BUILT_IN and where != BUILT_IN[cmd_name]:
                # The platform is listed as installed but is not here: what the library can do, it still does.
                return _load(BUILT_IN[cmd_name])
            return _missing(cmd_name, f"it needs {error.name or 'a part'}")


def _load(where: str) -> click.Command:
    module, _, name = where.partition(":")
    command = getattr(importlib.import_module(module), name)
    if not isinstance(command, click.Command):
        raise TypeError(f"{where} is not a command")
    return command


def _missing(name: str, why: str) -> click.Command:
    sentence = f"`placet {name}` is not available here: {why}, which is not installed. Run it in a checkout of Placet."

    @click.command(
        name, short_help="(not installed here)", help=sentence, context_settings={"ignore_unknown_options": True}
    )
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def command(rest: tuple[str, ...]) -> None:  # noqa: ARG001 - whatever it is, it is not there
        raise click.ClickException(sentence)

    return command


@click.command(
    cls=Commands,
    epilog="Example: placet propose --name db.query --resource postgres://warehouse/customers "
    """--arguments '{"sql": "SELECT count(*) FROM customers"}' --wait 30""",
)
@click.version_option(package_name="placet")
def cli() -> None:
    """A gate at the moment of execution: propose, assent, execute, prove."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status. Anything raised on purpose becomes a sentence."""
    try:
        ended: Any = cli.main(arguments, prog_name="placet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return _INTERRUPTED
    except PlacetError as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    except BrokenPipeError:
        # Whoever read the output has gone; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return ended if isinstance(ended, int) else 0
