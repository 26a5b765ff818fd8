"""An agent that never tires: `python -m tests.crash.agent PER_SECOND AT_MOST KINDS`, in the run folder of a system.

- It proposes the kinds in turn, so many a second, at most so many without an outcome, until the file `STOP` appears.
- It may be killed at any time: started again it takes up what its journal holds, as any agent would.
- `/healthz` answers, for the supervisor.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from infra import development
from placet.gate import Gate
from placet.gate.pending import Pending
from placet.outcomes import ClientError
from services.chassis.health import Health, HealthServer
from tests.crash.flow import RESOURCE, Kind, wanted

STOP: Final = Path("stop-proposing")
JOURNAL: Final = Path("state/agent/journal")
KEY: Final = Path("keys/agents") / f"{development.AGENT}.key.json"
AGAIN_SECONDS: Final = 0.3
DEADLINE: Final = timedelta(hours=3)
WITHDRAW_SECONDS: Final = 0.5
THREADS: Final = 4


class Agent:
    """Several threads propose through one gate."""

    def __init__(self, gate: Gate, kinds: Iterator[Kind], *, at_most: int) -> None:
        self._gate, self._kinds, self._at_most = gate, kinds, at_most
        # Counts on across restarts: less than a thousand actions a second are proposed.
        self._numbers = itertools.count(int(time.monotonic() * 1000))
        self._lock = threading.Lock()
        self._open: dict[str, Pending] = {}
        self._to_withdraw: dict[str, tuple[float, Pending]] = {}
        """With the time at which it is due."""
        self._withdrawn: set[str] = set()

    def propose(self) -> None:
        """One more action, if there is room."""
        with self._lock:
            self._open = {each: pending for each, pending in self._open.items() if not pending.future.done()}
            if len(self._open) >= self._at_most:
                return
            kind, number = next(self._kinds), next(self._numbers)
        action = wanted(kind, number)
        pending = self._gate.propose(action.name, RESOURCE, action.arguments, action.purpose, deadline=DEADLINE)
        # Some are withdrawn before they are held, some after.
        self._keep(pending, kind, wait=number % 2 * WITHDRAW_SECONDS)

    def withdraw(self) -> None:
        """Withdraw what is due."""
        now = time.monotonic()
        with self._lock:
            due = [pending for at, pending in self._to_withdraw.values() if at <= now]
            for pending in due:
                del self._to_withdraw[pending.action_id]
        for pending in due:
            insist(pending.withdraw)
            self._withdrawn.add(pending.action_id)

    def take_up(self) -> None:
        """Go on with what the journal holds."""
        for pending in self._gate.resume():
            self._keep(pending, Kind(json.loads(pending._entry.payload)["purpose"]))

    def _keep(self, pending: Pending, kind: Kind, wait: float = 0.0) -> None:
        with self._lock:
            self._open[pending.action_id] = pending
            if kind is Kind.WITHDRAW and pending.action_id not in self._withdrawn:
                self._to_withdraw[pending.action_id] = time.monotonic() + wait, pending


def insist(work: Callable[[], None]) -> None:
    """Do it until the broker takes it."""
    while True:
        try:
            work()
        except ClientError as error:
            tell(error)
        else:
            return


def tell(error: ClientError) -> None:
    """Say in the log what is tried again, and wait."""
    print(f"trying again: {error}", file=sys.stderr, flush=True)
    time.sleep(AGAIN_SECONDS)


def main() -> None:
    """Propose until told to stop, then see to it that what is to be withdrawn is, until ended."""
    per_second, at_most = float(sys.argv[1]), int(sys.argv[2])
    kinds = itertools.cycle(Kind(each) for each in sys.argv[3].split(","))
    environment = {**os.environ, "PLACET_SIGNING_KEY_FILE": str(KEY), "PLACET_JOURNAL": str(JOURNAL)}
    HealthServer(Health(), host="127.0.0.1", port=int(os.environ["PLACET_HTTP_PORT"]))
    ticks = itertools.count(1)
    with Gate.from_env(environment) as gate:
        agent = Agent(gate, kinds, at_most=at_most)
        insist(agent.take_up)
        began = time.monotonic()

        def work() -> None:
            while not STOP.exists():
                time.sleep(max(0.0, began + next(ticks) / per_second - time.monotonic()))
                try:
                    agent.propose()
                except ClientError as error:
                    tell(error)
                    insist(agent.take_up)
                agent.withdraw()

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        while True:
            agent.withdraw()
            time.sleep(AGAIN_SECONDS)


if __name__ == "__main__":
    main()
