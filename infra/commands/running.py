"""What `up` and `demo` share: progress on standard error, and a clean end on Ctrl-C or TERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from infra.errors import InfraError

T = TypeVar("T")
INTERRUPTED = 130


def say(sentence: str) -> None:
    """Progress, for people; standard output stays for results."""
    print(sentence, file=sys.stderr, flush=True)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end. INT and TERM cancel it, so that everything is stopped on the way out, then exit with 130."""
    try:
        return asyncio.run(_interruptible(main))
    except asyncio.CancelledError:
        sys.exit(INTERRUPTED)
    except InfraError as error:
        raise click.ClickException(str(error)) from error


async def _interruptible(main: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _cancel, task)
    return await task


def _cancel(task: asyncio.Future[Any]) -> None:
    say("Stopping")
    task.cancel()
