"""`otlp`: a collector that the whole session's traces and metrics may be sent to. The shared `system` runs with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.otlp import OtlpReceiver


@pytest.fixture(scope="session")
def otlp() -> Iterator[OtlpReceiver]:
    receiver = OtlpReceiver()
    yield receiver
    receiver.close()
