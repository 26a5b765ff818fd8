"""Whole systems, embedded, as `placet up` runs them: what a test holds of one, and one of its own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.nightly_export.__main__ import stage_from
from examples.nightly_export.demo import Stage
from examples.nightly_export.ledger import LedgerApi
from infra.background import running_system
from tests.fix_embedded import available


@dataclass(frozen=True)
class RunningSystem:
    """A system that runs, and what tests need to reach it."""

    endpoints: dict[str, Any]
    stage: Stage
    ledger: LedgerApi
    folder: Path
    """The run folder: logs, state, keys."""


@contextmanager
def own_system(**outside: str) -> Iterator[RunningSystem]:
    """A system of one's own, whatever broker the environment names; nothing is left of it afterwards. `outside` is said
    to the services besides, as an operator would.
    """
    folder = Path(tempfile.mkdtemp(prefix="placet-e2e-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        usual = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_KAFKA_")}
        with available():
            path = stack.enter_context(running_system(folder / "run", outside=usual | outside))
        stage = stage_from(path, folder / "stage")
        endpoints = json.loads(path.read_text())
        ledger = LedgerApi(stage.ledger)
        stack.callback(ledger.close)
        yield RunningSystem(endpoints, stage, ledger, folder / "run")
