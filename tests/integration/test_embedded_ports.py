"""Ports are different, free, and out of the way of outgoing connections."""

from __future__ import annotations

import socket

from infra.ports import FIRST, LAST, PREFERRED, choose


def test_all_are_different_and_below_the_range_of_outgoing_connections() -> None:
    found = choose([f"p{number}" for number in range(50)], preferred=False)
    assert len(set(found.values())) == 50
    assert all(FIRST <= port < LAST for port in found.values())


def test_a_taken_preferred_port_is_not_insisted_on() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", PREFERRED["desk"]))
            taken.listen()
        except OSError:
            pass  # somebody else holds it: as good
        assert choose(["desk"], preferred=True)["desk"] != PREFERRED["desk"]
