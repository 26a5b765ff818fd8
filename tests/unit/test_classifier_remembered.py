"""What a worker remembers is bounded by its size."""

from __future__ import annotations

from services.classifier.adapters.remembered import Remembered


def test_what_was_used_longest_ago_goes_first() -> None:
    memory: Remembered[str] = Remembered(256)
    for number in range(128):
        memory.keep(b"%d" % number, str(number), 1)
    assert memory.get(b"0") == "0"
    memory.keep(b"new", "new", 1)
    assert (memory.get(b"0"), memory.get(b"1"), memory.get(b"new")) == ("0", None, "new")


def test_a_thousand_findings_push_nobody_out() -> None:
    memory: Remembered[str] = Remembered(2_048)
    memory.keep(b"small", "small", 1)
    memory.keep(b"large", "large", 1_000)
    assert (memory.get(b"large"), memory.get(b"small")) == (None, "small")


def test_a_flood_leaves_no_more_than_its_room() -> None:
    memory: Remembered[str] = Remembered(256)
    for number in range(10_000):
        memory.keep(b"%d" % number, "found", 3)
    assert len(memory) == 64
