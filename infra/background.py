"""A whole system behind synchronous code: for end-to-end tests and benchmarks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from infra.programs import SERVICES, Service
from infra.system import System


@contextmanager
def running_system(
    folder: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
    services: Sequence[Service] = SERVICES,
    outside: Mapping[str, str] | None = None,
) -> Iterator[Path]:
    """Run a development system in `folder`; yields its endpoints file, and stops everything at the end.

    `services` are kept running in place of the usual ones: a test may add programs, or have one start its own way.
    `outside` stands for the operator's environment.
    """
    started: Future[Path] = Future()
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    async def live() -> None:
        system = System(folder, say=say, mode="dev", services=services, outside=outside, bookmarked=False)
        async with system:
            started.set_result(system.layout.endpoints)
            await ending.wait()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(live())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="placet-system")
    thread.start()
    try:
        yield started.result()
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ending.set)
        thread.join()
