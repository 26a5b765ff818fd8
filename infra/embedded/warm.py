"""Fills the cache so that Kafka starts in two seconds instead of six: jars, and an AOT cache of their classes.

- The Java runtime records, during one short run, which classes were loaded and linked, and writes them out when that
  run ends (JEP 483, JEP 514). Later starts map that file. It is made here, for these jars and this Java.
- It is a convenience: without it, or when the runtime refuses it, Kafka starts as it always did.
- `python -m infra.embedded.warm` is the last step of `make setup`; a second run finds everything there.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from infra.children import Children, Progress
from infra.embedded.cache import cache_folder, locked
from infra.embedded.jars import aot_file, kafka_jars
from infra.embedded.kafka import EmbeddedKafka
from infra.errors import InfraError, PartUnavailableError


def warm(progress: Progress) -> None:
    """Fetch and record whatever is missing. Raises PartUnavailableError when the jars cannot be had."""
    target = aot_file(kafka_jars(progress=progress))
    with locked(cache_folder() / "aot.flock"):
        if target.exists():
            return
        progress("Recording what Kafka loads, for quick starts (once)")
        children = Children()
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix="record-") as folder:
                recorded = Path(folder) / "kafka.aot"
                node = EmbeddedKafka(Path(folder) / "node", {}, children=children, record=recorded)
                node.start()
                _use(node)
                node.stop()
                if recorded.exists():
                    recorded.rename(target)
        finally:
            children.close()


def _use(node: EmbeddedKafka) -> None:
    """Do what every run does, so that its classes are recorded too."""
    settings = node.settings("ops").for_kafka_python()
    with contextlib.closing(KafkaAdminClient(**settings)) as admin:
        admin.create_topics({"warm": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    with contextlib.closing(KafkaProducer(**settings, acks="all")) as producer:
        producer.send("warm", b"x").get(timeout=10)
    with contextlib.closing(KafkaConsumer(**settings, group_id="warm", auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition("warm", 0)])
        consumer.poll(timeout_ms=10_000)
        consumer.commit()


def _main() -> int:
    try:
        warm(lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201 - for people
    except PartUnavailableError as error:
        # The one who called knows the ways out.
        sys.stderr.write(str(error).split(" Three ways out", maxsplit=1)[0] + "\n")
        return 1
    except InfraError as error:
        sys.stderr.write(f"Kafka will start slowly: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
