"""An executor that notes what it runs: `python -m tests.crash.executor`, in the run folder of a system.

The note is on disk before the function returns, so that a run that was killed is on record too. `/healthz` answers, for
the supervisor.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

from infra import development
from placet.executor import Executor
from services.chassis.health import Health, HealthServer
from tests.crash.flow import number_in

RAN: Final = Path("state/executor/ran")
"""A line per run: the number of its action."""
STORE: Final = Path("state/executor/store")
KEY: Final = Path("keys/executors") / f"{development.EXECUTOR}.key.json"


def note(text: str) -> None:
    """Append, and be sure that it lies there."""
    file = os.open(RAN, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{number_in(text)}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def query(sql: str) -> None:
    """As if it were run."""
    note(sql)


def export(table: str, columns: list[str], destination: str) -> None:  # noqa: ARG001 - the action's arguments
    """As if it were written."""
    note(destination)


def main() -> None:
    """Run what is granted until ended."""
    environment = {**os.environ, "PLACET_SIGNING_KEY_FILE": str(KEY), "PLACET_STORE": str(STORE)}
    STORE.parent.mkdir(parents=True, exist_ok=True)
    HealthServer(Health(), host="127.0.0.1", port=int(os.environ["PLACET_HTTP_PORT"]))
    with Executor.from_env(environment) as executor:
        executor.action("db.query")(query)
        executor.action("export.customers")(export)
        executor.follow(threading.Event())


if __name__ == "__main__":
    main()
