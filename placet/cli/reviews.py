"""`placet reviews`: what waits for a reviewer, and voting on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from placet.cli.show import one_line, plain

if TYPE_CHECKING:
    from placet.cli.desk import Desk


def _reach(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--url",
            envvar="PLACET_DESK_URL",
            help="The desk, such as https://placet.example. Default: the system that runs here.",
        ),
        click.option(
            "--token-file",
            envvar="PLACET_TOKEN_FILE",
            required=True,
            type=click.Path(path_type=Path, dir_okay=False),
            help="A file with your bearer token.",
        ),
        click.option("--json", "as_json", is_flag=True, help="JSON instead of text."),
    ):
        command = option(command)
    return command


@contextmanager
def _desk(url: str | None, token_file: Path) -> Iterator[Desk]:
    from placet.cli.desk import Desk  # noqa: PLC0415 - `--help` needs none of it
    from placet.cli.here import desk_url  # noqa: PLC0415 - as above

    desk = Desk(desk_url(url), token_file)
    try:
        yield desk
    finally:
        desk.close()


@click.group()
def reviews() -> None:
    """See what waits for assent; approve it or reject it."""


@reviews.command("list", epilog="Example: placet reviews list --view open --token-file token --json")
@click.option(
    "--view",
    type=click.Choice(["mine", "open", "all"]),
    default="mine",
    show_default=True,
    help="mine: those that wait for you.",
)
@_reach
def list_reviews(view: str, url: str | None, token_file: Path, *, as_json: bool) -> None:
    """Reviews, most urgent first; with --json one object per line."""
    with _desk(url, token_file) as desk:
        found = desk.list(view)
    for each in found:
        click.echo(one_line(each) if as_json else plain(f"{each['action_id']}  {each['state']:<9}  {each['headline']}"))
    if not found and not as_json:
        click.echo("Nothing waits." if view != "all" else "No reviews.")


@reviews.command(epilog="Example: placet reviews show 0198c0de-… --token-file token")
@click.argument("action_id")
@_reach
def show(action_id: str, url: str | None, token_file: Path, *, as_json: bool) -> None:
    """One review, masked, with its digest."""
    with _desk(url, token_file) as desk:
        found = desk.show(action_id)
    click.echo(one_line(found) if as_json else _text(found))


@reviews.command(epilog="Example: placet reviews approve 0198c0de-… --token-file token --reason 'agreed in standup'")
@click.argument("action_id")
@click.option(
    "--digest", help="The digest of the review you looked at; without it the review is shown and you are asked."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", help="For the record.")
@_reach
def approve(action_id: str, **given: Any) -> int:
    """Assent to exactly what was shown."""
    return _vote("approve", action_id, **given)


@reviews.command(epilog="Example: placet reviews reject 0198c0de-… --token-file token --reason 'not before the audit'")
@click.argument("action_id")
@click.option(
    "--digest", help="The digest of the review you looked at; without it the review is shown and you are asked."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", required=True, help="The agent receives it.")
@_reach
def reject(action_id: str, **given: Any) -> int:
    """Refuse, and say why."""
    return _vote("reject", action_id, **given)


def _vote(
    kind: str,
    action_id: str,
    *,
    digest: str | None,
    yes: bool,
    reason: str | None,
    url: str | None,
    token_file: Path,
    as_json: bool,
) -> int:
    with _desk(url, token_file) as desk:
        if digest is None:
            seen = desk.show(action_id)
            digest = str(seen["digest"])
            if not yes:
                click.echo(_text(seen), err=as_json)
                click.confirm(f"{kind.capitalize()} exactly this?", abort=True, err=as_json)
        cast = desk.vote(action_id, kind, digest=digest, reason=reason)
    if as_json:
        click.echo(one_line(cast))
    elif cast["counted"] is None:
        click.echo("Cast, not judged yet. Look again: placet reviews show.")
    elif cast["counted"]:
        click.echo(f"Counted. The review is {plain(cast['review']['state'])}.")
    else:
        click.echo(plain(f"Not counted: {cast['sentence']} ({cast['code']})"), err=True)
    return 1 if cast["counted"] is False else 0


def _text(review: dict[str, Any]) -> str:
    """A review for a terminal: every text of the action as ASCII JSON, so that it cannot change how this reads."""
    lines = [
        f"{review['headline']}",
        f"state      {review['state']}, expires {review['expires_at']}",
        f"agent      {review['agent']}, owner {review['owner']}, on behalf of {review['on_behalf_of'] or 'nobody'}",
        f"digest     {review['digest']}",
        f"labels     {', '.join(review['labels']) or 'none'}; sensitivity {review['sensitivity']}",
        f"needs      {review['requirement']}; {review['approvals']['given']} of {review['approvals']['needed']} given",
        f"you        {', '.join(review['you']['may']) or review['you']['sentence']}",
        *(f"because    {reason}" for reason in review["reasons"]),
    ]
    shown = {name: review[name] for name in ("action", "purpose", "preview", "forms", "incomplete")}
    return "\n".join([*map(plain, lines), json.dumps(shown, indent=2)])
