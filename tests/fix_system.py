"""The whole system, embedded, as `placet up` runs it: `system`, and `world` with the demonstration's processes.

One per session, started when first asked for. It brings its own broker and database: what it proves is that the real
locks, roles and access rules let the parts do their work and nothing else. Traces and metrics of all its processes, and
of the demonstration's, go to `otlp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from examples.nightly_export.demo import open_world
from examples.nightly_export.scenarios import World
from infra.programs import OTLP
from tests.otlp import OtlpReceiver
from tests.systems import RunningSystem, own_system


@pytest.fixture(scope="session")
def system(otlp: OtlpReceiver) -> Iterator[RunningSystem]:
    with own_system(**{OTLP: otlp.endpoint}) as found:
        yield found


@pytest.fixture(scope="session")
def world(system: RunningSystem) -> Iterator[World]:
    with ExitStack() as stack:
        yield open_world(system.stage, stack, say=lambda _: None)
