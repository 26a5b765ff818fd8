"""An executor under test without a broker: tickets of two agents, a clock that can be moved, reports in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from placet.catalogue import Topic
from placet.events import ActionExecuted, ActionProposed, Outcome
from placet.executor import Executor, Result
from placet.gate import Gate
from placet.outcomes import Ticket
from placet.testing.broker import MemoryBroker, MemoryLog
from placet.testing.settle import Answer, StandIn
from placet.verify import verify
from tests.factories import now as real_now

RESOURCE = "postgres://warehouse/customers"


class Workbench:
    """Two agents, two executors that trust the same file, and one function that notes its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ahead = timedelta(0)
        self.stand_in = StandIn(
            folder / "keys", at=real_now(), agents=("nightly-export", "other-agent"), executors=("warehouse", "other")
        )
        self.log = MemoryLog()
        self.calls: list[int] = []
        self.gates = {name: self.make_gate(name) for name in ("nightly-export", "other-agent")}
        self.executor = self.make("warehouse")

    def now(self) -> datetime:
        return real_now() + self.ahead

    def make(self, name: str, store: str = "store", **changes: Any) -> Executor:
        content: dict[str, Any] = {
            "key_file": self.stand_in.executor_key(name),
            "publisher": MemoryBroker(self.log),
            "store": self.folder / store,
            "files": self.folder,
            "now": self.now,
        }
        executor = Executor(**content, **(changes or {"trust": self.stand_in.trust}))
        executor.action("db.query")(self._query)
        return executor

    def proposed(self, *, agent: str = "nightly-export", name: str = "db.query", **arguments: Any) -> ActionProposed:
        """Propose; the original as it arrived."""
        pending = self.gates[agent].propose(name, RESOURCE, arguments or {"limit": 10})
        message = next(m for m in self.log.of(Topic.PROPOSED) if m.key == pending.action_id.encode())
        data = verify(message, self.stand_in.trust.current(), now=real_now()).data
        assert isinstance(data, ActionProposed)
        return data

    def ticket(self, outcome: Outcome = Outcome.ALLOWED, **wish: Any) -> Ticket:
        """A ticket as an agent gets it."""
        proposed = self.proposed(**wish)
        answer = Answer(outcome)
        self.log.append(self.stand_in.resolve(proposed, answer, now=real_now()))
        granted = self.gates[proposed.agent].pending(proposed.action_id).wait(0)
        return granted.ticket

    @property
    def reports(self) -> list[ActionExecuted]:
        """What was reported, in order."""
        trust = self.stand_in.trust.current()
        return [verify(message, trust, now=self.now()).data for message in self.log.of(Topic.EXECUTED)]

    def close(self) -> None:
        for gate in self.gates.values():
            gate.close()
        self.executor.close()

    def make_gate(self, name: str, **trust: Any) -> Gate:
        return Gate(
            key_file=self.stand_in.agent_key(name),
            broker=MemoryBroker(self.log),
            journal=self.folder / f"{name}.journal",
            **(trust or {"trust": self.stand_in.trust}),
        )

    def _query(self, limit: int) -> Result:
        self.calls.append(limit)
        return Result(limit * 2, counts={"rows": limit})


def with_payload(ticket: Ticket, old: bytes, new: bytes) -> Ticket:
    """The ticket with other bytes."""
    assert old in ticket.payload
    return replace(ticket, payload=ticket.payload.replace(old, new))


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench of its own for each test."""
    with contextlib.closing(Workbench(tmp_path)) as made:
        yield made
