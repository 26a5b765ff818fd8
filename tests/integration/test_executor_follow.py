"""An executor that follows a real broker: runs what is granted to it, once, from the original's own bytes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Self

import pytest

from placet.catalogue import Topic
from placet.events import Outcome, Position
from placet.executor import Executor, Result
from placet.kafka_client import KafkaClient
from placet.testing.settle import Answer
from tests.factories import now
from tests.fix_gate import KafkaStage, reported, reports

RESOURCE = "s3://partner/customers"


class Follower:
    """An executor following in a thread, and what its function was called with."""

    def __init__(self, stage: KafkaStage, store: Path) -> None:
        self.calls: list[str] = []
        self.called = threading.Condition()
        self.executor = Executor(
            key_file=stage.stand_in.executor_key("warehouse"),
            trust=stage.stand_in.trust,
            kafka=stage.kafka.settings("executor"),
            store=store,
        )
        self.executor.action("export.customers")(self.export)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.executor.follow, args=(self.stop,))

    def export(self, bucket: str) -> Result:
        with self.called:
            self.calls.append(bucket)
            self.called.notify_all()
        return Result(counts={"rows": 3})

    def wait_for(self, calls: list[str]) -> None:
        with self.called:
            assert self.called.wait_for(lambda: self.calls == calls, timeout=60), self.calls

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()
        self.executor.close()


@pytest.fixture
def stage(kafka_stage: KafkaStage) -> KafkaStage:
    return kafka_stage


def propose(stage: KafkaStage, bucket: str, name: str = "export.customers") -> str:
    return stage.gate.propose(name, RESOURCE, {"bucket": bucket}).action_id


def test_it_runs_what_is_granted_and_nothing_else(stage: KafkaStage, tmp_path: Path) -> None:
    with Follower(stage, tmp_path / "store") as follower:
        denied, foreign, granted = propose(stage, "no"), propose(stage, "x", "db.query"), propose(stage, "yes")
        stage.resolve(denied, "denied")
        stage.resolve(foreign, "allowed")
        stage.resolve(granted, "approved")
        follower.wait_for(["yes"])
        reported(stage, granted, ("succeeded", "done"))
    (report,) = reports(stage, granted)
    assert report.counts == {"rows": 3}
    assert reports(stage, denied) == reports(stage, foreign) == []


def test_a_redelivered_outcome_runs_nothing_twice_and_a_restart_goes_on(stage: KafkaStage, tmp_path: Path) -> None:
    first = propose(stage, "first")
    stage.resolve(first, "allowed")  # before the executor's first start, and its grant still lives
    with Follower(stage, tmp_path / "store") as follower:
        follower.wait_for(["first"])
        reported(stage, first, ("succeeded", "done"))
    missed = propose(stage, "missed")
    stage.resolve(missed, "allowed")
    stage.resolve(first, "allowed")
    with Follower(stage, tmp_path / "store") as follower:
        follower.wait_for(["missed"])
        reported(stage, missed, ("succeeded", "done"))
        last = propose(stage, "last")
        stage.resolve(last, "allowed")
        follower.wait_for(["missed", "last"])
    reported(stage, first, ("succeeded", "done"))


WRONG: dict[str, tuple[Any, str]] = {
    "other hash": (lambda named, _: named.model_copy(update={"sha256": "0" * 64}), "proposal_mismatch"),
    "other proposal": (lambda _, other: other, "proposal_mismatch"),
    "gone": (lambda named, _: named.model_copy(update={"offset": 10**9}), "proposal_missing"),
    "other topic": (lambda named, _: named.model_copy(update={"topic": str(Topic.DECIDED)}), "no_position"),
    "no position": (lambda *_: None, "no_position"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_original_that_is_not_the_one_assented_to_is_refused(stage: KafkaStage, tmp_path: Path, case: str) -> None:
    position, code = WRONG[case]
    other = propose(stage, "other")
    with Follower(stage, tmp_path / "store") as follower:
        action_id = propose(stage, "wanted")
        named: Position | None = position(stage.message(action_id).position, stage.message(other).position)
        proposed = stage.proposed(action_id)
        stage.put(stage.stand_in.resolve(proposed, Answer(Outcome.ALLOWED), position=named, now=now()))
        reported(stage, action_id, ("refused", code))
        assert follower.calls == []


@pytest.fixture(autouse=True)
def own_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test is a group's first start: the offsets of the test before are another group's."""
    consumer = KafkaClient.consumer

    def named(self: KafkaClient, *topics: str, **options: Any) -> Any:
        if group := options.get("group_id"):
            options["group_id"] = f"{group}-{tmp_path.name}"
        return consumer(self, *topics, **options)

    monkeypatch.setattr(KafkaClient, "consumer", named)
