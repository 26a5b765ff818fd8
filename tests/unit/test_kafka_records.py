"""Batches read without their client: what it can read reads the same, and nothing is raised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.consumer import fetcher
from kafka.record.default_records import DefaultRecordBatchBuilder

from placet import kafka_client  # noqa: F401 - makes the fetcher tolerant
from placet.kafka_records import UNREADABLE_HEADER, read_batch
from tests.forging import NotUtf8

RECORDS: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
    (b"key", b"value" * 100, [("name", b"content"), ("empty", b""), ("null", None)]),
    (None, None, []),
    (b"", b"", [("n\u00e4me", b"\xff")]),
]


def batch(records: Any, *, codec: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10**6,
    )
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, 1_000 + number, key, value, headers)
    return bytes(builder.build())


def seen(records: Any) -> list[Any]:
    return [(one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in records]


def read(raw: bytes) -> list[Any]:
    """As the client does."""
    found = fetcher.MemoryRecords(raw)
    collected = []
    while (one := found.next_batch()) is not None:
        collected += seen(one)
    return collected


def test_what_the_client_reads_is_read_the_same_without_it() -> None:
    raw = batch(RECORDS)
    assert seen(read_batch(raw)) == read(raw) == [(n, 1_000 + n, *one) for n, one in enumerate(RECORDS)]


def test_a_header_name_that_is_no_text_is_spelled_and_harms_no_neighbour() -> None:
    bad = (b"key", b"value", [(NotUtf8("x"), b"1"), ("placet-signature", b"s")])
    assert read(batch([RECORDS[0], bad, RECORDS[1]])) == [
        (0, 1_000, *RECORDS[0]),
        (1, 1_001, b"key", b"value", [("\\xff\\xfe", b"1"), ("placet-signature", b"s")]),
        (2, 1_002, *RECORDS[1]),
    ]


def test_a_compressed_batch_is_not_opened() -> None:
    found = read(batch([(b"k", b"0" * 100_000, []), (b"k", b"0", [])], codec=1))
    assert found == [(n, found[0][1], None, None, [(UNREADABLE_HEADER, b"compressed")]) for n in range(2)]


def test_nor_is_one_that_only_says_so() -> None:
    raw = bytearray(batch(RECORDS))
    raw[22] |= 1  # the lower byte of its attributes: gzip
    assert {one.headers for one in read_batch(bytes(raw))} == {((UNREADABLE_HEADER, b"compressed"),)}


@pytest.mark.parametrize("cut", range(62, len(batch(RECORDS[:1])), 37))
def test_a_batch_cut_short_still_gives_one_record_for_each_offset(cut: int) -> None:
    (only,) = read_batch(batch(RECORDS[:1])[:cut])
    assert (only.offset, only.headers) == (0, ((UNREADABLE_HEADER, b"malformed"),))


@given(st.binary(max_size=200))
def test_no_bytes_raise(noise: bytes) -> None:
    head = batch(RECORDS[:1])[:61]
    list(read_batch(head + noise))
