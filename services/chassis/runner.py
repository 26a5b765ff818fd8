"""Runs a stream service: see `run_stream`."""

from __future__ import annotations

from collections.abc import Sequence

from placet.trust_store import TrustStore
from services.chassis.settings import StreamSettings
from services.chassis.stream import Background, StreamService


def run_stream(
    service: StreamService, *, settings: StreamSettings, trust: TrustStore, background: Sequence[Background] = ()
) -> None:
    """Run until SIGTERM or SIGINT; does not return before what was in flight is finished or left unacknowledged."""
    raise NotImplementedError
