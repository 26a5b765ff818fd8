"""Ports for processes that will listen a moment later: the well-known ones where they are free, others otherwise.

A port that the operating system hands out (port 0) may be given to somebody's outgoing connection before the process
listens on it: here ports come from below the range that outgoing connections use (32768 and up on Linux, 49152 on
macOS), and are tried before they are named.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterable
from typing import Final

PREFERRED: Final = {"desk": 8640, "ledger-api": 8641, "identity-provider": 8642}
"""So that a bookmark of the console outlives a restart."""
FIRST: Final = 20_000
LAST: Final = 32_000
TRIES: Final = 200


def choose(names: Iterable[str], *, preferred: bool) -> dict[str, int]:
    """Name → port on the loopback interface, all different, all free a moment ago. Raises OSError when none is."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in names:
            first = [PREFERRED[name]] if preferred and name in PREFERRED else []
            found[name] = _bound(stack, [*first, *random.sample(range(FIRST, LAST), TRIES)])
        return found


def _bound(stack: contextlib.ExitStack, candidates: Iterable[int]) -> int:
    """Hold the first port that nobody has, until the stack ends."""
    for port in candidates:
        probe = stack.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            probe.listen(1)  # with SO_REUSEADDR two may bind; only one may listen
            return port
    raise OSError("no port is free on the loopback interface")
