"""The reference: one bare Faust hop, the same bytes out as in: `python -m benchmarks.echo SOURCE TARGET KAFKA_FILE`.

Three of these in a row are what any three-hop pipeline on this broker and this stream library costs at the least: no
signature, no check, no decision, no database. Sends are awaited and acknowledged in batches of what is waiting, as in
the services, so that the comparison is not one of careless against careful.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import faust
from faust.types.auth import SASLMechanism

from placet.kafka_settings import KafkaSettings

BATCH = 64


def app(source: str, target: str, settings: KafkaSettings) -> Any:
    """A Faust app that copies one topic to another."""
    worker = faust.App(
        f"echo-{source}",
        broker=f"kafka://{settings.bootstrap}",
        broker_credentials=faust.SASLCredentials(
            username=settings.username,
            password=settings.password(),
            mechanism=SASLMechanism.SCRAM_SHA_256,
        ),
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        value_serializer="raw",
        producer_linger=0,
        store="memory://",
    )
    incoming = worker.topic(source, value_type=bytes, value_serializer="raw")
    outgoing = worker.topic(target, value_type=bytes, value_serializer="raw")

    @worker.agent(incoming)
    async def copy(stream: Any) -> None:
        waiting: asyncio.Queue[Any] = asyncio.Queue(maxsize=256)

        async def publish() -> None:
            while True:
                events = [await waiting.get()]
                while len(events) < BATCH and not waiting.empty():
                    events.append(waiting.get_nowait())
                sent = [await outgoing.send(key=event.key, value=event.value) for event in events]
                await asyncio.gather(*sent)
                for event in events:
                    event.ack()

        worker.add_future(publish())
        async for event in stream.noack().events():
            await waiting.put(event)

    return worker


def main() -> None:
    """Run one hop until it is stopped."""
    source, target, kafka_file = sys.argv[1:4]
    settings = KafkaSettings.model_validate_json(Path(kafka_file).read_bytes(), strict=False)
    sys.argv = [sys.argv[0]]
    faust.Worker(app(source, target, settings), loglevel="WARNING").execute_from_commandline()


if __name__ == "__main__":
    main()
