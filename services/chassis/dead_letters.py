"""Dead letters: where what nobody vouches for is put aside.

Rules:
- `<topic>.dlq` gets the same key, value and headers, plus headers that say where the message lay and which rule it
  broke. So it can be replayed as it was, once the reason is gone.
- What is too large to copy keeps its hash and size there; its bytes stay where they lie.
- Counted per producer and code. A producer is named only when the trust file knows the key: what a forger writes
  into a header must not become a metric.
"""

from __future__ import annotations

from typing import Final

from placet.canonical import sha256_hex
from placet.limits import MAX_EVENT_BYTES
from services.chassis import logs, telemetry
from services.chassis.records import Headers, Received, Record
from services.chassis.telemetry import Metric

SUFFIX: Final = ".dlq"
PREFIX: Final = "placet-dlq-"
CODE_HEADER: Final = PREFIX + "code"
TOPIC_HEADER: Final = PREFIX + "topic"
PARTITION_HEADER: Final = PREFIX + "partition"
OFFSET_HEADER: Final = PREFIX + "offset"
SHA256_HEADER: Final = PREFIX + "sha256"
SIZE_HEADER: Final = PREFIX + "size"

MAX_COPIED_BYTES: Final = MAX_EVENT_BYTES + 50_000
"""Key, value and headers together; leaves room under the topics' limit for the added headers and the framing."""


def dead_letter(item: Received, code: str) -> Record:
    """The record for the dead letters' topic."""
    message = item.message
    # Somebody else's placet-dlq- headers would be mistaken for ours.
    headers: Headers = tuple((name, content) for name, content in item.headers if not name.startswith(PREFIX))
    added: Headers = (
        (TOPIC_HEADER, message.topic.encode()),
        (PARTITION_HEADER, b"%d" % message.partition),
        (OFFSET_HEADER, b"%d" % message.offset),
        (CODE_HEADER, code.encode()),
        (SHA256_HEADER, sha256_hex(message.value).encode()),
        (SIZE_HEADER, b"%d" % len(message.value)),
    )
    key, value = message.key, message.value
    size = len(key or b"") + sum(len(name.encode()) + len(content) for name, content in headers)
    if size + len(value) <= MAX_COPIED_BYTES:
        return Record(message.topic + SUFFIX, key, value, (*headers, *added))
    if size > MAX_COPIED_BYTES:  # nothing but the headers can be so large
        key, headers = None, ()
    return Record(message.topic + SUFFIX, key, None, (*headers, *added))


def counted(item: Received, code: str, producer: str) -> None:
    """Count and log a dead letter that was written."""
    message = item.message
    telemetry.count(Metric.DEAD_LETTERS, topic=message.topic, producer=producer, code=code)
    logs.get_logger().warning(
        "dead_letter",
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        sha256=sha256_hex(message.value),
        producer=producer,
        code=code,
    )
