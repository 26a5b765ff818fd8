"""The gate for event loops: the same core, waited for without blocking.

Rules:
- What talks to the broker or the disk runs in a thread; waiting for an outcome holds none.
- A task that is cancelled while it waits has given up: the action is withdrawn, unless it waits with
  `on_timeout="leave"`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from placet.errors import PlacetError
from placet.gate.gate import Gate
from placet.gate.pending import WITHDRAW_SECONDS, OnTimeout, Pending, waited
from placet.outcomes import Granted, Settled

_log = logging.getLogger(__name__)


class AsyncPending:
    """A `Pending` whose waits are awaited."""

    def __init__(self, pending: Pending) -> None:
        self._pending = pending
        self.action_id = pending.action_id
        self.deadline = pending.deadline

    async def wait(self, timeout: float | None = None, *, on_timeout: OnTimeout = "withdraw") -> Granted:  # noqa: ASYNC109 - what to do when it ends is part of the contract
        """As `Pending.wait`."""
        pending = self._pending
        with pending.waiting() as span:
            try:
                settled = await self._outcome(pending.patience(timeout))
            except asyncio.CancelledError:
                if on_timeout == "withdraw":
                    asyncio.get_running_loop().run_in_executor(None, self._withdraw_quietly)
                raise
            if settled is None and pending.gives_up(timeout, on_timeout):
                await self.withdraw()
                settled = await self._outcome(WITHDRAW_SECONDS)
            waited(span, settled)
        return pending.granted(settled)

    async def outcome(self, timeout: float = 0.0) -> Settled | None:  # noqa: ASYNC109 - None is an answer here, not an error
        """As `Pending.outcome`."""
        if timeout <= 0:
            return await self._outcome(0.0)
        with self._pending.waiting() as span:
            settled = await self._outcome(timeout)
            waited(span, settled)
        return settled

    async def _outcome(self, timeout: float) -> Settled | None:  # noqa: ASYNC109 - as above
        if self._pending.future.done():
            return self._pending.future.result()
        waiting = asyncio.wrap_future(self._pending.future)
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, even if nobody waits
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), timeout)
        except TimeoutError:
            return None

    async def withdraw(self) -> None:
        """As `Pending.withdraw`."""
        await asyncio.to_thread(self._pending.withdraw)

    def _withdraw_quietly(self) -> None:
        try:
            self._pending.withdraw()
        except PlacetError as error:
            _log.warning("could not withdraw action %s: %s", self.action_id, type(error).__name__)


class AsyncGate:
    """A `Gate` for event loops. Takes what `Gate` takes, or an existing `gate`."""

    def __init__(self, agent: str | None = None, *, gate: Gate | None = None, **options: Any) -> None:
        self._gate = gate or Gate(agent, **options)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, journal: Path | None = None) -> Self:
        """As `Gate.from_env`."""
        return cls(gate=Gate.from_env(environ, journal=journal))

    async def propose(
        self, name: str, resource: str, arguments: Mapping[str, Any], purpose: str = "", **more: Any
    ) -> AsyncPending:
        """As `Gate.propose`."""
        return AsyncPending(await asyncio.to_thread(self._gate.propose, name, resource, arguments, purpose, **more))

    async def resume(self) -> list[AsyncPending]:
        """As `Gate.resume`."""
        return [AsyncPending(pending) for pending in await asyncio.to_thread(self._gate.resume)]

    async def outcome(self, action_id: str) -> Settled | None:
        """As `Gate.outcome`."""
        return await asyncio.to_thread(self._gate.outcome, action_id)

    async def withdraw(self, action_id: str) -> None:
        """As `Gate.withdraw`."""
        await asyncio.to_thread(self._gate.withdraw, action_id)

    async def aclose(self) -> None:
        """As `Gate.close`."""
        await asyncio.to_thread(self._gate.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
