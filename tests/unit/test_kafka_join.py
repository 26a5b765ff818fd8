"""A join that kafka-python forgot is asked for again, and no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.coordinator.base import BaseCoordinator
from kafka.net.selector import Task

from placet.kafka_client import take_up_join


@pytest.mark.parametrize(
    ("join", "needed", "asked"),
    [
        (None, False, 0),
        (SimpleNamespace(is_done=False), False, 0),
        (SimpleNamespace(is_done=True), True, 0),
        (SimpleNamespace(is_done=True), False, 1),
    ],
    ids=["none", "under way", "finished, and about to be taken up", "finished and forgotten"],
)
def test_only_a_forgotten_join_is_asked_for_again(join: Any, needed: bool, asked: int) -> None:
    calls: list[None] = []
    coordinator = SimpleNamespace(
        _join_task=join, need_rejoin=lambda: needed, request_rejoin=lambda: calls.append(None)
    )

    take_up_join(SimpleNamespace(_coordinator=coordinator))

    assert len(calls) == asked


def test_the_client_still_has_what_is_looked_at() -> None:
    assert {"_join_task", "_coordinator"} <= {
        *BaseCoordinator.__init__.__code__.co_names,
        *KafkaConsumer.__init__.__code__.co_names,
    }
    assert hasattr(BaseCoordinator, "need_rejoin")
    assert hasattr(BaseCoordinator, "request_rejoin")
    assert hasattr(Task, "is_done")
