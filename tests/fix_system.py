"""The whole system, embedded, as `placet up` runs it: `system`, and `world` with the demonstration's processes.

One per session, started when first asked for. It brings its own broker and database: what it proves is that the real
locks, roles and access rules let the parts do their work and nothing else. Traces and metrics of all its processes, and
of the demonstration's, go to `otlp`.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.nightly_export.__main__ import stage_from
from examples.nightly_export.demo import Stage, open_world
from examples.nightly_export.ledger import LedgerApi
from examples.nightly_export.scenarios import World
from infra.background import running_system
from infra.programs import OTLP
from tests.fix_embedded import available
from tests.otlp import OtlpReceiver


@dataclass(frozen=True)
class RunningSystem:
    """A system that runs, and what tests need to reach it."""

    endpoints: dict[str, Any]
    stage: Stage
    ledger: LedgerApi
    folder: Path
    """The run folder: logs, state, keys."""


@pytest.fixture(scope="session")
def system(otlp: OtlpReceiver) -> Iterator[RunningSystem]:
    folder = Path(tempfile.mkdtemp(prefix="placet-e2e-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_KAFKA_")}
        outside[OTLP] = otlp.endpoint
        with available():
            path = stack.enter_context(running_system(folder / "run", outside=outside))
        stage = stage_from(path, folder / "stage")
        endpoints = json.loads(path.read_text())
        ledger = LedgerApi(stage.ledger)
        stack.callback(ledger.close)
        yield RunningSystem(endpoints, stage, ledger, folder / "run")


@pytest.fixture(scope="session")
def world(system: RunningSystem) -> Iterator[World]:
    with ExitStack() as stack:
        yield open_world(system.stage, stack, say=lambda _: None)
