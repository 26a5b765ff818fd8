"""Kafka records on their way in and out, the same for every client library.

Rules:
- Exactly one signature header counts; several are no signature anybody can check, so they read as malformed.
- Of the other headers only a trace context in its one form is believed to be anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from placet.messages import SIGNATURE_HEADER, Message, Outgoing
from placet.tracing import headers_of, of_headers

Headers = tuple[tuple[str, bytes], ...]

_AMBIGUOUS: Final = b""


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it came: the message, and all its headers for the dead letters."""

    message: Message
    headers: Headers


@dataclass(frozen=True, slots=True)
class Record:
    """A record to write. `value` None only for a dead letter that is too large to copy."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def received(
    topic: str,
    partition: int,
    offset: int,
    *,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes | None]] | None,
) -> Received:
    """A record from a client library's pieces. A null value reads as empty: no event is either."""
    kept: Headers = tuple((str(name), content or b"") for name, content in headers or ())
    signatures = [content for name, content in kept if name == SIGNATURE_HEADER]
    signature = None if not signatures else signatures[0] if len(signatures) == 1 else _AMBIGUOUS
    message = Message(
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        value=value or b"",
        signature=signature,
        trace=of_headers(kept),
    )
    return Received(message, kept)


def record_of(outgoing: Outgoing, trace: str = "") -> Record:
    """A sealed message with a traceparent, where there is one, beside its signature."""
    return Record(outgoing.topic, outgoing.key, outgoing.value, (*outgoing.headers, *headers_of(trace)))
