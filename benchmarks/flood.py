"""`make bench-flood`: many actions of the largest size at once, and how much memory each process took at its worst.

Rules:
- Every action is as large as one may be, and no two hold the same values. Three contents, each dear in its own way:
  one text, as many texts as are looked into, and as many findings as an event carries. The dear ones come first and in
  a row, so that every buffer is full of them; the rest are the first kind. A flood of any size has all three.
- Half are of a kind that the policy answers at once, half of one that people are asked about.
- Pushed as fast as the broker takes them. Every action must get its answer: an outcome, or an open review. None of
  these is one that the shipped policy allows, so none may be allowed, however hurried its classification was.
- What counts is the peak that the kernel kept for each process (VmHWM), start included, of whoever lived in the run.
- Exit status 1 where a process went above its limit, was started again, or an answer is missing.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import string
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click
import httpx
import psutil
from kafka import KafkaConsumer, TopicPartition

from benchmarks.world import World, running_world
from placet.canonical import canonical_bytes
from placet.catalogue import Topic
from placet.events import Outcome
from placet.kafka_producer import SureProducer
from placet.limits import MAX_FINDINGS, MAX_PAYLOAD_BYTES

ACTIONS: Final = 10_000
DEAR: Final = 300
"""Of each dear content, at most: many times what all buffers together hold."""
LIMITS: Final[Mapping[str, int]] = MappingProxyType({
    "classifier": 512,
    "classifier worker": 768,
    "policy": 512,
    "settle": 512,
    "desk": 256,
    "ledger-writer": 512,
    "ledger-api": 512,
})  # fmt: skip
"""MiB of resident memory for each process, as README.md states them."""
CLOSED: Final = frozenset({Outcome.DENIED, Outcome.EXPIRED})
"""How an action of a flood may end: nobody votes, and nobody takes one back."""
_ROOM: Final = 600
"""Bytes of a payload that are not the arguments."""
_LOOK_SECONDS: Final = 0.25
_PATIENCE_SECONDS: Final = 120.0
"""Without any new answer."""
_CLOSE_SECONDS: Final = 5.0
_TELL_EVERY: Final = 250


def one_text(rng: random.Random) -> dict[str, Any]:
    """As long as a payload may be: too long to be looked into, so it is masked whole."""
    size = MAX_PAYLOAD_BYTES - _ROOM
    return {"text": rng.randbytes(size // 2).hex()[:size]}


def many_texts(rng: random.Random) -> dict[str, Any]:
    """As many texts as are looked into."""
    return {"rows": _filled(rng, 19_990, lambda: _word(rng, 9))}


def many_findings(rng: random.Random) -> dict[str, Any]:
    """As many addresses as an event carries findings, and nothing else."""
    return {"rows": _filled(rng, MAX_FINDINGS - 10, lambda: f"{_word(rng, 12)}@{_word(rng, 80)}.example.com")}


CONTENTS: Final = (many_findings, many_texts, one_text)


def _filled(rng: random.Random, count: int, make: Callable[[], str]) -> list[str]:
    rows = [make() for _ in range(count)]
    while len(canonical_bytes(rows)) > MAX_PAYLOAD_BYTES - _ROOM:
        del rows[-max(1, len(rows) // 50) :]
    rng.shuffle(rows)
    return rows


def _word(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=length))


def actions(count: int, *, dear: int = DEAR, seed: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, arguments) of so many actions."""
    rng = random.Random(seed)  # noqa: S311 - contents, not secrets
    for number in range(count):
        content = CONTENTS[min(number // min(dear, -(-count // len(CONTENTS))), len(CONTENTS) - 1)]
        yield "db.query" if number % 2 else "export.customers", content(rng)


@dataclass(frozen=True, slots=True)
class Came:
    """What a flood came to."""

    sent: int
    answered: int
    granted: int
    """Actions with a grant, or an outcome that only a grant follows."""
    seconds: float
    peaks: Mapping[str, float]
    """MiB, by process; the largest where several had the name."""
    restarts: Mapping[str, int]

    @property
    def problems(self) -> list[str]:
        """A sentence for everything that is not as promised."""
        found = [
            f"{name} took {self.peaks.get(name, 0):.0f} MiB, more than {limit}"
            for name, limit in LIMITS.items()
            if self.peaks.get(name, 0) > limit
        ]
        found += [f"{name} was not seen" for name in LIMITS if name not in self.peaks]
        found += [f"{name} was started again {times} times" for name, times in self.restarts.items() if times]
        if self.granted:
            found.append(f"{self.granted} actions were allowed, and none may be")
        if self.answered < self.sent:
            found.append(f"{self.sent - self.answered} of {self.sent} actions have no answer")
        return found

    def table(self) -> str:
        """Each process beside its limit."""
        rows = [f"{'process':<20} {'peak':>8} {'limit':>8}  MiB"]
        for name, peak in sorted(self.peaks.items(), key=lambda item: -item[1]):
            limit = f"{LIMITS[name]:>8}" if name in LIMITS else f"{'-':>8}"
            rows.append(f"{name:<20} {peak:>8.0f} {limit}")
        rows.append(f"{self.answered} of {self.sent} answered in {self.seconds:.0f} s")
        return "\n".join(rows)


class Peaks:
    """Looks at every process of a running system now and then, in a thread."""

    def __init__(self, status_file: Path) -> None:
        self._status_file = status_file
        self.found: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._before = self._restarts()
        self._thread.start()

    def close(self) -> dict[str, int]:
        """Stop looking; the restarts since the beginning."""
        self._stop.set()
        self._thread.join()
        self._look()
        return {name: times - self._before.get(name, 0) for name, times in self._restarts().items()}

    def _restarts(self) -> dict[str, int]:
        return {name: int(one["restarts"]) for name, one in json.loads(self._status_file.read_text()).items()}

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        for name, one in json.loads(self._status_file.read_text()).items():
            if one["pid"] is None:
                continue
            try:
                children = psutil.Process(one["pid"]).children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            self._note(name, one["pid"])
            for child in children:
                self._note(f"{name} worker", child.pid)

    def _note(self, name: str, pid: int) -> None:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:  # it ended meanwhile
            return
        kibibytes = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
        self.found[name] = max([self.found.get(name, 0.0), *(one / 1024 for one in kibibytes)])


class Answers:
    """Counts the actions of a flood that have an outcome or an open review."""

    def __init__(self, world: World) -> None:
        self._consumer = KafkaConsumer(
            **world.kafka("ops").for_kafka_python(), enable_auto_commit=False, fetch_max_bytes=8_000_000
        )
        topics = (str(Topic.RESOLVED), str(Topic.REVIEWS))
        partitions = [
            TopicPartition(name, each) for name in topics for each in self._consumer.partitions_for_topic(name)
        ]
        self._consumer.assign(partitions)
        self._consumer.seek_to_end()
        for each in partitions:
            self._consumer.position(each)
        self.keys: set[bytes] = set()
        self.granted: set[bytes] = set()

    def wait_for(self, wanted: set[bytes], sending: threading.Event) -> None:
        """Return when every action was answered, or none was for long."""
        since = time.monotonic()
        while time.monotonic() - since < _PATIENCE_SECONDS:
            records = [record for found in self._consumer.poll(timeout_ms=200).values() for record in found]
            self.granted |= {record.key for record in records if _granted(record)}
            new = {record.key for record in records}
            if new - self.keys:
                since = time.monotonic()
                before, self.keys = len(self.keys), self.keys | new
                if len(self.keys) // _TELL_EVERY > before // _TELL_EVERY:
                    print(f"{len(wanted)} sent, {len(self.keys)} answered", flush=True)
            if not sending.is_set() and wanted <= self.keys:
                return

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


def _granted(record: Any) -> bool:
    """Whether this is an outcome that lets the action run."""
    if record.topic != str(Topic.RESOLVED):
        return False
    data = json.loads(record.value)["data"]
    return data["grant"] is not None or data["outcome"] not in CLOSED


def flood(world: World, count: int, *, dear: int = DEAR) -> Came:
    """Push, wait for every answer, read what an operator reads; say what it took."""
    peaks = Peaks(Path(world.endpoints["status_file"]))
    answers = Answers(world)
    sent: set[bytes] = set()
    sending = threading.Event()
    sending.set()
    started = time.monotonic()
    try:
        with ThreadPoolExecutor(1) as beside:
            pushed = beside.submit(_push, world, count, dear, sent, sending)
            answers.wait_for(sent, sending)
            pushed.result()
        seconds = time.monotonic() - started
        _read_back(world)
    finally:
        answers.close()
        restarts = peaks.close()
    return Came(len(sent), len(sent & answers.keys), len(sent & answers.granted), seconds, peaks.found, restarts)


def _push(world: World, count: int, dear: int, sent: set[bytes], sending: threading.Event) -> None:
    producer = SureProducer(world.kafka("ops"), timeout=_PATIENCE_SECONDS)
    try:
        for name, arguments in actions(count, dear=dear):
            (message,) = world.proposals(1, name=name, **arguments)
            producer.publish(message, message.headers)
            sent.add(message.key)
    finally:
        sending.clear()
        producer.close(_CLOSE_SECONDS)


def _read_back(world: World) -> None:
    """What was appended is read: by pages of the largest size, and whole."""
    with httpx.Client(base_url=world.endpoints["ledger"], timeout=300) as client:
        size = -1
        while size != (size := client.get("/v1/checkpoint").raise_for_status().json()["size"]):
            time.sleep(3)
        client.get("/v1/entries", params={"limit": 500}).raise_for_status()
        with client.stream("GET", "/v1/export") as export:
            for _ in export.raise_for_status().iter_bytes():
                pass


@click.command(epilog="Example: make bench-flood ARGS='--actions 500'")
@click.option("--actions", "count", default=ACTIONS, show_default=True, help="How many.")
def main(count: int) -> None:
    """Flood a system of its own with actions of the largest size, and hold its memory against the stated limits."""
    os.environ["PLACET_ENV"] = "dev"
    folder = Path(tempfile.mkdtemp(prefix="placet-flood-"))
    try:
        with running_world(folder) as world:
            came = flood(world, count)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + came.table())
    for problem in came.problems:
        print(f"✗ {problem}")
    sys.exit(1 if came.problems else 0)


if __name__ == "__main__":
    main()
