"""What looking into an action took: time by tier, what was remembered; and not a word of what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from services.chassis.telemetry import Metric
from services.classifier import wiring
from services.classifier.adapters.spent import Memory, Spent, Tier
from services.classifier.adapters.worker import Bench
from services.classifier.model import Classification
from services.classifier.ports import Unmaskable
from tests.classifier_parts import Marks, Misbehaving, bench, subject


def spent(on: Bench, **changes: Any) -> Spent:
    return on.look(subject(**changes))[1]


def test_every_tier_that_was_asked_has_its_time() -> None:
    on = bench(Marks())
    told = spent(on, arguments={"sql": "SELECT a FROM t LIMIT 1", "note": "for Jane Roe"})
    assert set(told.seconds) == set(Tier)
    assert all(seconds > 0 for seconds in told.seconds.values())
    assert told.seconds[Tier.ALL] >= max(told.seconds.values())
    assert set(spent(on, arguments={"n": "plain"}).seconds) == {Tier.ALL, Tier.OWN}


def test_what_was_remembered_is_counted_for_each_action() -> None:
    on = bench(Marks())
    asked = {"sql": "SELECT a FROM t LIMIT 1", "note": "for Jane Roe", "word": "plain"}
    first, second = spent(on, arguments=asked), spent(on, arguments=asked)
    assert first.remembered == {
        (Memory.LEAVES, False): 6, (Memory.TEXTS, False): 2, (Memory.STATEMENTS, False): 1,
    }  # fmt: skip
    assert second.remembered == {
        (Memory.LEAVES, True): 4, (Memory.LEAVES, False): 2, (Memory.TEXTS, True): 2, (Memory.STATEMENTS, True): 1,
    }  # fmt: skip
    assert set(second.seconds) == {Tier.ALL, Tier.OWN}, "what is remembered costs a tier nothing"


def test_an_action_that_is_refused_took_its_time_too() -> None:
    result, told = bench(Misbehaving()).look(subject(session="AKIAQYLPMN5HFIQR7XYA"))
    assert isinstance(result, Unmaskable)
    assert set(told.seconds) == {Tier.ALL}


def test_the_result_is_what_classify_says() -> None:
    asked = subject(arguments={"note": "for Jane Roe"})
    result, told = bench(Marks()).look(asked)
    assert isinstance(result, Classification)
    assert result == bench(Marks()).classify(asked)
    assert "Jane" not in repr(told)


def test_it_becomes_metrics_of_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Metric, dict[str, Any]]] = []
    monkeypatch.setattr(wiring, "observe", lambda metric, _, **attributes: seen.append((metric, attributes)))
    monkeypatch.setattr(wiring, "count", lambda metric, _, **attributes: seen.append((metric, attributes)))
    wiring._spent(Spent({Tier.ALL: 0.1, Tier.OWN: 0.01}, {(Memory.TEXTS, True): 3}))
    assert seen == [
        (Metric.TIER_SECONDS, {"tier": "all"}),
        (Metric.TIER_SECONDS, {"tier": "own"}),
        (Metric.REMEMBERED, {"memory": "texts", "remembered": True}),
    ]
