"""`placet dlq` on a real broker: what it shows, what it never shows, what it refuses to replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from infra.commands.dlq import dlq
from placet.catalogue import CATALOGUE, Topic
from placet.messages import SIGNATURE_HEADER, Outgoing
from services.chassis.dead_letters import dead_letter
from services.chassis.records import received
from tests.factories import World, new_action_id, now

if TYPE_CHECKING:
    from tests.fix_embedded import KafkaPart

TOPIC = str(Topic.PROPOSED)
DEAD = CATALOGUE[Topic.PROPOSED].dead_letters
SECRET = "correct horse battery staple"


class Bench:
    """Writes dead letters as the chassis does, and runs the command."""

    def __init__(self, kafka: KafkaPart, folder: Path) -> None:
        self.world = World(at=now())
        self._kafka = kafka
        self._settings = folder / "kafka.json"
        self._settings.write_text(kafka.settings().model_dump_json())
        self._producer: Any = KafkaProducer(**kafka.client())

    def proposed(self, **changes: Any) -> Outgoing:
        return self.world.seal(self.world.proposed(purpose=SECRET, **changes))

    def bury(self, message: Outgoing, code: str = "unknown_key", key: bytes | None = None) -> str:
        """Put a message among the dead letters; returns its name there."""
        item = received(
            message.topic,
            0,
            7,
            key=key or message.key,
            value=message.value,
            headers=[*message.headers, ("n", b"\x1b[31m")],
        )
        letter = dead_letter(item, code)
        done = self._producer.send(letter.topic, key=letter.key, value=letter.value, headers=list(letter.headers))
        place = done.get(timeout=15)
        return f"{place.topic}/{place.partition}/{place.offset}"

    def resolve(self, key: bytes) -> None:
        self._producer.send(str(Topic.RESOLVED), key=key, value=b"{}").get(timeout=15)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(dlq, arguments, env={"PLACET_KAFKA_FILE": str(self._settings)})

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        found = self.run(*arguments, "--json")
        return [json.loads(line) for line in found.output.splitlines()]

    def read(self, place: str) -> Any:
        topic, partition, offset = place.split("/")
        consumer: Any = KafkaConsumer(**self._kafka.client(), enable_auto_commit=False)
        where = TopicPartition(topic, int(partition))
        consumer.assign([where])
        consumer.seek(where, int(offset))
        try:
            return next(iter(consumer))
        finally:
            consumer.close()

    def close(self) -> None:
        self._producer.close()


@pytest.fixture
def bench(topics: KafkaPart, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(topics, tmp_path)
    yield made
    made.close()


def test_a_list_names_places_codes_and_hashes(bench: Bench) -> None:
    message = bench.proposed()
    name = bench.bury(message)

    (found,) = [letter for letter in bench.json("list", "--topic", TOPIC) if letter["letter"] == name]

    assert found["code"] == "unknown_key"
    assert found["source"] == f"{TOPIC}/0/7"
    assert found["action_id"] == message.key.decode()
    assert found["key_id"] == bench.world.agents["nightly-export"].key_id
    assert found["bytes"] == len(message.value)
    assert name in bench.run("list", "--code", "unknown_key").output
    assert name not in bench.run("list", "--code", "unsigned").output


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("show",), ("show", "--json")])
def test_no_byte_of_a_message_is_shown(bench: Bench, arguments: tuple[str, ...]) -> None:
    name = bench.bury(bench.proposed(), key=f"\x1b]0;{SECRET}\x07".encode())

    found = bench.run(*([arguments[0], name, *arguments[1:]] if arguments[0] == "show" else arguments))

    assert found.exit_code == 0
    assert name in found.output
    assert SECRET not in found.output
    assert "\x1b" not in found.output


def test_a_replay_is_the_original_key_value_and_signature(bench: Bench) -> None:
    message = bench.proposed()

    (result,) = bench.json("replay", bench.bury(message))

    again = bench.read(result["replayed"])
    assert (again.topic, again.key, again.value) == (TOPIC, message.key, message.value)
    headers = dict(again.headers)
    assert headers[SIGNATURE_HEADER] == message.signature
    assert not [name for name in headers if name.startswith("placet-dlq-")]


def test_an_action_with_an_outcome_is_not_replayed(bench: Bench) -> None:
    message = bench.proposed()
    name = bench.bury(message)
    bench.resolve(message.key)

    found = bench.run("replay", name)

    assert found.exit_code == 1
    assert "its action has an outcome" in found.output
    assert bench.json("show", name)[0]["replay_refused"] == "its action has an outcome"


def test_another_action_s_outcome_does_not_matter(bench: Bench) -> None:
    bench.resolve(new_action_id().encode())

    assert bench.run("replay", bench.bury(bench.proposed())).exit_code == 0


def test_what_was_not_copied_or_has_no_action_is_not_replayed(bench: Bench) -> None:
    message = bench.proposed()
    large = Outgoing(message.topic, message.key, b"v" * 970_000, message.signature)

    assert "too large to copy" in bench.run("replay", bench.bury(large, "oversize")).output
    assert "not an action id" in bench.run("replay", bench.bury(message, key=b"not an id")).output


def test_choosing_by_code_replays_all_of_it_and_a_dry_run_nothing(bench: Bench) -> None:
    names = {bench.bury(bench.proposed(), "expired_key") for _ in range(3)}

    planned = bench.json("replay", "--code", "expired_key", "--dry-run")
    assert names <= {one["letter"] for one in planned if one.get("would_replay")}
    done = bench.json("replay", "--code", "expired_key")

    assert names <= {one["letter"] for one in done if "replayed" in one}


@pytest.mark.parametrize("name", ["x", f"{TOPIC}/0/1", f"{DEAD}/0/-1", f"{DEAD}/0/99999999"])
def test_a_name_that_is_none_is_one_clear_error(bench: Bench, name: str) -> None:
    found = bench.run("show", name)

    assert found.exit_code == 1
    assert len(found.output.splitlines()) == 1


def test_replay_wants_to_be_told_what(bench: Bench) -> None:
    assert bench.run("replay").exit_code == 2
