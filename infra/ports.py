"""Ports for processes: the well-known ones where they are free, any free one otherwise."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from typing import Final

PREFERRED: Final = {"desk": 8640, "ledger-api": 8641, "identity-provider": 8642}
"""So that a bookmark of the console outlives a restart."""


def choose(names: Iterable[str], *, preferred: bool) -> dict[str, int]:
    """Name → port on the loopback interface, all different, all free a moment ago."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in names:
            probe = stack.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wanted = PREFERRED.get(name, 0) if preferred else 0
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                probe.bind(("127.0.0.1", 0))
            found[name] = int(probe.getsockname()[1])
        return found
