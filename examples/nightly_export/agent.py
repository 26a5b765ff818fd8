"""The agent: proposes, waits, hands the ticket to the executor. It holds no privileged credential.

It reads one JSON object per line, `{"do": …}`, and answers each with one; so a person, a test or the demonstration can
have it do honest work (`propose`, `wait`, `run`), go round the gate (`direct`), or misuse what it holds (`tamper`).
Its own settings are `WAREHOUSE_DSN_FILE` (a role that may read totals) and `WAREHOUSE_URL` (the executor).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from examples.nightly_export import tracing
from placet.errors import PlacetError
from placet.gate import Gate
from placet.outcomes import Allowed, Approved, Ticket, describe

DSN = Path(os.environ["WAREHOUSE_DSN_FILE"]).read_text()
EXECUTOR = os.environ["WAREHOUSE_URL"]


class Agent:
    """What it can be told to do; each answer is a JSON object."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._tickets: dict[str, Ticket] = {}

    def propose(self, *, deadline: float = 600.0, **action: Any) -> dict[str, Any]:
        """Propose an action; `deadline` is in seconds from now."""
        pending = self._gate.propose(**action, deadline=timedelta(seconds=deadline))
        return {"action_id": pending.action_id}

    def wait(self, action_id: str, *, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the outcome."""
        settled = self._gate.pending(action_id).outcome(seconds)
        if settled is None:
            return {"action_id": action_id, "outcome": "pending"}
        if isinstance(settled, Allowed | Approved):
            self._tickets[action_id] = settled.ticket
        return describe(settled)

    def run(self, action_id: str) -> dict[str, Any]:
        """Hand the ticket to the executor."""
        return self._present(self._tickets[action_id])

    def withdraw(self, action_id: str) -> dict[str, Any]:
        """Take an action back."""
        self._gate.withdraw(action_id)
        return {}

    def direct(self, sql: str) -> dict[str, Any]:
        """Go round the gate, with the agent's own database role."""
        try:
            with psycopg.connect(DSN) as connection:
                connection.execute(sql.encode())
        except psycopg.Error as error:
            return {"refused_by_database": type(error).__name__}
        return {"refused_by_database": None}

    def tamper(
        self,
        action_id: str,
        *,
        change: tuple[str, str] | None = None,
        grant: str | None = None,
    ) -> dict[str, Any]:
        """Present a ticket with a text replaced in its payload, or with another grant."""
        ticket = self._tickets[action_id]
        if change is not None:
            ticket = replace(ticket, payload=ticket.payload.replace(change[0].encode(), change[1].encode()))
        return self._present(replace(ticket, grant=grant) if grant else ticket)

    def grant(self, action_id: str) -> dict[str, Any]:
        """Show the grant, so that somebody else can try to use it."""
        return {"grant": self._tickets[action_id].grant}

    def _present(self, ticket: Ticket) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.post(f"{EXECUTOR}/run", content=ticket.to_json(), timeout=60).json()
        return answer


def main() -> int:
    """Serve orders until the input ends."""
    with Gate.from_env() as gate:
        tracing.start(gate.agent)
        agent = Agent(gate)
        for line in sys.stdin:
            order = json.loads(line)
            act: Callable[..., dict[str, Any]] = getattr(agent, order.pop("do"))
            try:
                answer = act(**order)
            except PlacetError as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
