"""Writing to the broker from the worker's loop, through Faust's own producer.

Rules: acknowledged by all in-sync replicas, each write bounded in time, every failure of the broker or of the
connection is a TransientError; records go out in the order given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka.errors import KafkaError

from placet.messages import Outgoing
from placet.tracing import traceparent_of
from services.chassis.errors import TransientError
from services.chassis.records import Record, record_of

ACKNOWLEDGE_SECONDS = 15.0


class BrokerPublisher:
    """The `Publisher` given to background work, and the writer of the pump."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def publish(self, messages: Sequence[Outgoing], traces: Sequence[str] = ()) -> None:
        """See `services.chassis.stream.Publisher`."""
        found = traces or [traceparent_of()] * len(messages)
        await self.write([record_of(message, trace) for message, trace in zip(messages, found, strict=True)])

    async def write(self, records: Sequence[Record]) -> None:
        """Write all, in order, and wait for every acknowledgement; raise `TransientError`."""
        if not records:
            return
        from faust.exceptions import NotReady, ProducerSendError  # noqa: PLC0415 - Faust is slow to import

        sent: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                for record in records:
                    headers = list(record.headers)
                    found = self._app.producer.send(record.topic, record.key, record.value, None, None, headers)
                    sent.append(await found)
                await asyncio.gather(*sent)
        except (KafkaError, ProducerSendError, NotReady, TimeoutError, OSError) as error:
            for future in sent:
                future.add_done_callback(_seen)
            raise TransientError("kafka", type(error).__name__) from error


def _seen(future: asyncio.Future[Any]) -> None:
    """Look at a failure that is already reported, so that the loop does not report it again."""
    if not future.cancelled():
        future.exception()
