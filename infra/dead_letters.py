"""Dead letters as an operator sees and replays them: positions, codes and hashes, never bytes.

- A letter is named `TOPIC/PARTITION/OFFSET` of the dead letters' topic.
- What strangers wrote (keys, headers) is shown only where it matches a strict grammar, as hash and size otherwise.
- A replay writes the original key, value and headers to the topic they came from; the services judge it anew.
- An action that has an outcome is not replayed. Whether it has one is looked up in its partition of the outcomes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from infra.errors import InfraError, PartFailedError
from placet.base import ActionId
from placet.canonical import sha256_hex
from placet.catalogue import CATALOGUE, Topic
from placet.kafka_client import partition_for
from placet.kafka_settings import KafkaSettings
from placet.messages import SIGNATURE_HEADER

PREFIX: Final = "placet-dlq-"
CLOCK_SLACK_MILLISECONDS: Final = 10 * 60 * 1000
READ_SECONDS: Final = 60.0

_ACTION: Final = TypeAdapter(ActionId)
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:/-]{1,120}")
_SOURCES: Final = {spec.dead_letters: spec for spec in CATALOGUE.values()}


class ReplayRefusedError(InfraError):
    """This dead letter must not, or cannot, be replayed; the sentence says why."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. `key` and `value` are for the replay only."""

    topic: str
    partition: int
    offset: int
    time_milliseconds: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def name(self) -> str:
        """As an operator names it."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def action_id(self) -> str | None:
        """The key, where it is an action id."""
        try:
            return _ACTION.validate_python((self.key or b"").decode("ascii"))
        except (ValidationError, UnicodeDecodeError):
            return None

    def added(self, field: str) -> str:
        """What the service that put it aside noted (`code`, `topic`, `partition`, `offset`, `sha256`, `size`)."""
        return next((_shown(content) for name, content in self.headers if name == PREFIX + field), "")

    def summary(self) -> dict[str, Any]:
        """What may be shown of it in a list."""
        signature = next((content for name, content in self.headers if name == SIGNATURE_HEADER), None)
        return {
            "letter": self.name,
            "code": self.added("code"),
            "source": f"{self.added('topic')}/{self.added('partition')}/{self.added('offset')}",
            "action_id": self.action_id,
            "key_id": None if signature is None else _shown(signature.split(b":", 1)[0]),
            "sha256": self.added("sha256"),
            "bytes": int(self.added("size") or 0),
            "time_milliseconds": self.time_milliseconds,
            "copied": self.value is not None,
        }

    def details(self) -> dict[str, Any]:
        """The summary and every header."""
        headers = [
            {"name": _shown(name.encode()), "bytes": len(content), "value": _shown(content)}
            for name, content in self.headers
        ]
        key = {"bytes": len(self.key or b""), "sha256": sha256_hex(self.key or b"")}
        return {**self.summary(), "key": key, "headers": headers}


def _shown(content: bytes) -> str:
    """The text where it is plain; what it is instead where it is not."""
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode("ascii")
        if _PLAIN.fullmatch(text):
            return text
    return f"({len(content)} bytes, sha256 {sha256_hex(content)})"


def parse_name(name: str) -> tuple[str, int, int]:
    """Topic, partition and offset of a letter's name; raise `InfraError`."""
    match name.split("/"):
        case [topic, partition, offset] if topic in _SOURCES and partition.isdigit() and offset.isdigit():
            return topic, int(partition), int(offset)
        case _:
            raise InfraError("A dead letter is named TOPIC/PARTITION/OFFSET, as `placet dlq list` prints it.")


class DeadLetters:
    """Reads and replays with one client. Use as a context manager; InfraError when Kafka is away or refuses."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        with _explained(settings):
            self._client: Any = KafkaConsumer(
                **settings.for_kafka_python(), enable_auto_commit=False, auto_offset_reset="earliest"
            )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.close()

    def all(self, topics: Iterable[str]) -> Iterator[DeadLetter]:
        """Every letter of the dead letters' topics named, oldest first within a partition."""
        with _explained(self._settings):
            for topic in topics:
                for partition in sorted(self._client.partitions_for_topic(topic) or ()):
                    yield from map(_letter, self._read(TopicPartition(topic, partition), None))

    def one(self, name: str) -> DeadLetter:
        """The letter of that name; raise `InfraError` where there is none."""
        topic, partition, offset = parse_name(name)
        with _explained(self._settings):
            found = next(self._read(TopicPartition(topic, partition), offset), None)
        if found is None or found.offset != offset:
            raise InfraError(f"There is no dead letter {name}.")
        return _letter(found)

    def refusal(self, letter: DeadLetter) -> str | None:
        """Why the letter must not be replayed; None when it may."""
        spec = _SOURCES[letter.topic]
        if letter.value is None:
            return "it was too large to copy; its bytes lie where it came from"
        if letter.key is None:
            return "it has no key"
        if spec.topic is not Topic.CHECKPOINTED:
            if letter.action_id is None:
                return "its key is not an action id"
            if self.has_outcome(letter.action_id):
                return "its action has an outcome"
        return None

    def has_outcome(self, action_id: str) -> bool:
        """Whether the outcomes hold one for the action."""
        with _explained(self._settings):
            topic, key = str(Topic.RESOLVED), action_id.encode()
            partitions = sorted(self._client.partitions_for_topic(topic) or ())
            if not partitions:
                raise PartFailedError(
                    f"The topic {topic} does not exist, so nothing tells whether there is an outcome."
                )
            mine = TopicPartition(topic, partition_for(action_id, len(partitions)))
            # A UUIDv7 starts with its time: no outcome is older than its action.
            born = int(action_id.replace("-", "")[:12], 16) - CLOCK_SLACK_MILLISECONDS
            found = self._client.offsets_for_times({mine: max(0, born)})[mine]
            return found is not None and any(record.key == key for record in self._read(mine, found.offset))

    def replay(self, letter: DeadLetter) -> str:
        """Write the original to its topic; return where it lies now. Raise `ReplayRefusedError`."""
        if (reason := self.refusal(letter)) is not None:
            raise ReplayRefusedError(f"{letter.name} is not replayed: {reason}.")
        topic = str(_SOURCES[letter.topic].topic)
        headers = [(name, content) for name, content in letter.headers if not name.startswith(PREFIX)]
        with _explained(self._settings):
            producer = KafkaProducer(**self._settings.for_kafka_python(), acks="all")
            try:
                written = producer.send(topic, key=letter.key, value=letter.value, headers=headers).get(timeout=15)
            finally:
                producer.close()
        return f"{written.topic}/{written.partition}/{written.offset}"

    def _read(self, partition: TopicPartition, offset: int | None) -> Iterator[Any]:
        """Records of one partition from an offset (default: the first) to what is its end now."""
        client = self._client
        client.assign([partition])
        end = client.end_offsets([partition])[partition]
        first = max(offset or 0, client.beginning_offsets([partition])[partition])
        client.seek(partition, first)
        until = monotonic() + READ_SECONDS
        while client.position(partition) < end:
            if monotonic() > until:
                raise PartFailedError("Kafka does not deliver what it says it has.")
            for record in client.poll(timeout_ms=500).get(partition, ()):
                until = monotonic() + READ_SECONDS
                if record.offset < end:
                    yield record


def _letter(record: Any) -> DeadLetter:
    headers: Iterable[tuple[str, bytes | None]] = record.headers or ()
    kept = tuple((name, content or b"") for name, content in headers)
    return DeadLetter(record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, kept)


@contextlib.contextmanager
def _explained(settings: KafkaSettings) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise PartFailedError(f"Kafka at {settings.bootstrap} refused: {type(error).__name__}.") from error
