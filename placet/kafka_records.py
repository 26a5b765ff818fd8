"""Batches of records, read so that no bytes anybody may write can stop a reader.

Both Kafka clients raise out of the reading loop where a header's name is not UTF-8, where a batch is compressed in a
way they cannot open, and wherever else they do not understand what lies there; and they raise again after every
restart, because the place is read again. The broker refuses none of this. So, for every batch of a topic:
- What the client reads, it reads. What it does not is read here, without it.
- A header's name that is not UTF-8 is spelled in escapes; key, value and the other headers stay as they are.
- A compressed batch is not opened: topics store none (`infra.topics`), so it is a mistake or a bomb. It reads as
  records that hold nothing, one for each offset, and so does what cannot be read at all.
Nothing is believed here: what becomes of such a record is for `placet.verify` to say.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

UNREADABLE_HEADER: Final = "placet-unreadable"
"""Header of a record that stands for one that could not be read; its value says why."""

_HEAD: Final = struct.Struct(">qiibIhiqqqhii")
_OVERHEAD: Final = 12
"""Bytes of offset and length, which the length does not count."""
_CODEC: Final = 0x07
_MAGIC: Final = 2
_LONGEST_VARINT: Final = 10

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as both clients hand it on."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_type: int = 0
    checksum: None = None

    @property
    def size_in_bytes(self) -> int:
        """For the client's own figures."""
        return len(self.key or b"") + len(self.value or b"")

    def validate_crc(self) -> bool:
        """Of the batch, which the client has checked."""
        return True


def read_batch(raw: bytes) -> Iterator[Record]:
    """Every record of a batch in format 2, one for each offset it claims. Raises nothing for format 2."""
    first, _, _, _, _, attributes, last_delta, timestamp, *_ = _HEAD.unpack_from(raw)
    done = 0
    if not attributes & _CODEC:
        place = _HEAD.size
        try:
            while place < len(raw):
                length, body = _varint(raw, place)
                record = _record(raw, body, first, timestamp)
                place = body + length
                done = record.offset - first + 1
                yield record
        except (IndexError, ValueError):
            pass
    why = b"compressed" if attributes & _CODEC else b"malformed"
    for delta in range(done, last_delta + 1):
        yield Record(first + delta, timestamp, None, None, ((UNREADABLE_HEADER, why),))


def _record(raw: bytes, place: int, first: int, timestamp: int) -> Record:
    later, place = _varint(raw, place + 1)  # a byte of attributes, without meaning
    delta, place = _varint(raw, place)
    key, place = _bytes(raw, place)
    value, place = _bytes(raw, place)
    count, place = _varint(raw, place)
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, place = _bytes(raw, place)
        content, place = _bytes(raw, place)
        headers.append(((name or b"").decode("utf-8", "backslashreplace"), content))
    return Record(first + delta, timestamp + later, key, value, tuple(headers))


def _bytes(raw: bytes, place: int) -> tuple[bytes | None, int]:
    length, place = _varint(raw, place)
    if length < 0:
        return None, place
    if place + length > len(raw):
        raise ValueError("longer than the batch")
    return bytes(raw[place : place + length]), place + length


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    """A zigzag integer and the place after it."""
    value = 0
    for number in range(_LONGEST_VARINT):
        byte = raw[place + number]
        value |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says more follows
            return (value >> 1) ^ -(value & 1), place + number + 1
    raise ValueError("an integer without end")


class TolerantBatch:
    """A client's batch; what the client cannot read of it is read by `read_batch`."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch, self._raw = batch, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if self._batch.magic < _MAGIC:
            yield from self._batch
            return
        done = self._batch.base_offset
        if not _HEAD.unpack_from(self._raw)[5] & _CODEC:
            # Exceptions of many kinds, and every one would be raised again for ever.
            with suppress(Exception):
                for record in self._batch:
                    yield record
                    done = record.offset + 1
                return
        yield from (record for record in read_batch(self._raw) if record.offset >= done)


class TolerantRecords:
    """A client's `MemoryRecords` around tolerant batches."""

    def __init__(self, records: Any, raw: bytes) -> None:
        self._records, self._raw, self._place = records, memoryview(raw), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> Any:
        """The next batch, or None."""
        batch = self._records.next_batch()
        if batch is None:
            return None
        begin = self._place
        (length,) = struct.unpack_from(">i", self._raw, begin + 8)
        self._place = begin + _OVERHEAD + length
        return TolerantBatch(batch, bytes(self._raw[begin : self._place]))


def make_tolerant(fetcher: Any) -> None:
    """Let a client's fetcher module (`kafka.consumer.fetcher`, `aiokafka.consumer.fetcher`) read through this one."""
    strict = fetcher.MemoryRecords
    if getattr(strict, "tolerant", False):
        return

    def tolerant(raw: bytes) -> TolerantRecords:
        return TolerantRecords(strict(raw), raw)

    tolerant.tolerant = True  # type: ignore[attr-defined]  # a mark, so that it is done once
    fetcher.MemoryRecords = tolerant
