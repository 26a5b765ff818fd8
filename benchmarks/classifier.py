"""`make bench-classifier`: stock Presidio (small spaCy model) beside ours, on the same texts, one core each.

Rules:
- Each side is a process of its own on one and the same core, one after the other, so that its memory is its own and no
  thread helps it. Engines have started and looked at something before anything is timed.
- Ours does all of its work (walk, SQL, masking); stock detects, one text at a time, and does no more.
- Each action is seen once. Ours remembers texts it has seen, as in service, and is measured with an empty memory too.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

import click

from benchmarks import classifier_load as load
from benchmarks.figures import OUT, Figure, percentile, table

Side: TypeAlias = Literal["ours", "stock"]
SIZES: Final = (10_000, 100_000, 1_000_000)
PROSE: Final = (300, 1_000, 20_000)
"""Characters of free text; with the memory empty."""


@dataclass(slots=True)
class Measured:
    """What one side took; seconds."""

    typical: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    forgetful: list[float] = field(default_factory=list)
    """Typical actions, nothing remembered."""
    prose: dict[str, list[float]] = field(default_factory=dict)
    """Characters of free text → seconds."""
    hostile: dict[str, list[float]] = field(default_factory=dict)
    """Near-matches → for each size."""
    start_bytes: int = 0
    most_bytes: int = 0


@click.command(epilog='Example: make bench-classifier ARGS="--quick"')
@click.option("--quick", is_flag=True, help="A tenth of the load: to see that it runs, not to quote.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON instead of as a table.")
@click.option("--side", type=click.Choice(["ours", "stock"]), hidden=True, help="Measure one side, in this process.")
def main(*, quick: bool, as_json: bool, side: Side | None) -> None:
    """Throughput, latency, memory and growth of the classifier, ratios first. Writes benchmarks/out/classifier.json.

    Exit status 0: it ran; the table says what met its target.
    """
    if side is not None:
        print(json.dumps(asdict(_ours(quick=quick) if side == "ours" else _stock(quick=quick))))
        return
    ours, stock = (_apart(one, quick=quick) for one in ("ours", "stock"))
    found = figures(ours, stock, quick=quick)
    told = [{**asdict(one), "ratio": one.ratio, "met": one.met} for one in found]
    content = {"python": platform.python_version(), "machine": platform.machine(), "quick": quick, "figures": told}
    OUT.mkdir(exist_ok=True)
    (OUT / "classifier.json").write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(content, indent=1) if as_json else table(found))


def figures(ours: Measured, stock: Measured, *, quick: bool = False) -> list[Figure]:
    """Ratios of what two processes measured."""
    largest = SIZES[-1] // (10 if quick else 1)
    growth, worst = max((times[-1] / times[0] * SIZES[0] / SIZES[-1], name) for name, times in ours.hostile.items())
    seconds, slowest = max((times[-1] / largest, name) for name, times in ours.hostile.items())
    presidio = "stock Presidio, small spaCy model"
    short, middle, long = map(str, PROSE)
    by_length = percentile(ours.prose[long], 50) / percentile(ours.prose[middle], 50) * PROSE[1] / PROSE[2]
    return [
        Figure(name="typical actions", ours=len(ours.typical) / sum(ours.typical),
               reference=len(stock.typical) / sum(stock.typical), unit="actions/s", target=10, bound="ratio at least",
               against=presidio),
        Figure(name="typical actions, nothing remembered", ours=len(ours.forgetful) / sum(ours.forgetful),
               reference=len(stock.typical) / sum(stock.typical), unit="actions/s", target=None, bound="information",
               against=presidio),
        _latency("typical actions, p50", ours.typical, stock.typical, 50),
        _latency("typical actions, p99", ours.typical, stock.typical, 99),
        Figure(name="plain actions", ours=len(ours.plain) / sum(ours.plain),
               reference=len(stock.plain) / sum(stock.plain), unit="actions/s", target=500, bound="at least",
               against=presidio),
        _latency("plain actions, p50", ours.plain, stock.plain, 50, at_most=2),
        _latency("plain actions, p99", ours.plain, stock.plain, 99, at_most=6),
        _latency("300 characters of free text, p50", ours.prose[short], stock.prose[short], 50, at_most=40),
        _latency("20 kB of free text, p50", ours.prose[long], stock.prose[long], 50),
        Figure(name="free text: time per kB at 20 kB over 1 kB", ours=by_length, reference=1,
               unit="times", target=1.5, bound="ratio at most", against="time per kB of 1 kB"),
        Figure(name=f"near-matches: time per kB at 1 MB over 10 kB, worst ({worst})", ours=growth, reference=1,
               unit="times", target=1.5, bound="ratio at most", against="time per kB of 10 kB"),
        Figure(name=f"near-matches: slowest ({slowest})", ours=1e6 * seconds, reference=None,
               unit="ms/kB", target=None, bound="information"),
        Figure(name="memory at most", ours=ours.most_bytes / 2**20, reference=stock.most_bytes / 2**20, unit="MiB",
               target=400, bound="at most", against=presidio),
        Figure(name="memory after the start", ours=ours.start_bytes / 2**20, reference=stock.start_bytes / 2**20,
               unit="MiB", target=None, bound="information", against=presidio),
    ]  # fmt: skip


def _latency(name: str, ours: list[float], stock: list[float], percent: int, at_most: float | None = None) -> Figure:
    return Figure(
        name=name,
        ours=1e3 * percentile(ours, percent),
        reference=1e3 * percentile(stock, percent),
        unit="ms",
        target=at_most,
        bound="at most" if at_most else "information",
        against="stock Presidio, small spaCy model",
    )


def _apart(side: str, *, quick: bool) -> Measured:
    print(f"Measuring {side}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.classifier", "--side", side, *(["--quick"] if quick else [])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **threads})
    return Measured(**json.loads(done.stdout))


def _ours(*, quick: bool) -> Measured:
    _on_one_core()
    from services.classifier.adapters.warm import engines  # noqa: PLC0415 - seconds, and only this side has it
    from services.classifier.model import Classification, Passage, Subject  # noqa: PLC0415
    from tests.classifier_parts import bench  # noqa: PLC0415

    fresh: Callable[[], Any] = lambda: bench(*engines(), soft_seconds=600.0)  # noqa: E731 - two words, used twice
    one = fresh()
    measured = Measured(start_bytes=_memory())
    actions = list(load.typical(_scaled(1_500, quick=quick)))
    for action in actions:
        seconds = _timed(lambda: _classified(one.classify(action.subject), Classification))  # noqa: B023 - called at once
        measured.typical.append(seconds)
        if action.plain:
            measured.plain.append(seconds)
    for action in actions[::5]:
        empty = fresh()
        measured.forgetful.append(_timed(lambda: empty.classify(action.subject)))  # noqa: B023
    for size, text in load.prose(PROSE, _scaled(30, quick=quick)):
        subject = Subject("bench", "mail.send", "smtp://relay", {"body": text}, "", None)
        empty = fresh()
        seconds = _timed(lambda: _classified(empty.classify(subject), Classification))  # noqa: B023
        measured.prose.setdefault(str(size), []).append(seconds)
    for name, unit in load.NEAR_MATCHES.items():
        sizes = [size // (10 if quick else 1) for size in SIZES]
        measured.hostile[name] = [
            min(_timed(lambda: _looked(fresh().detector, passage)) for _ in range(max(1, 100_000 // size)))  # noqa: B023
            for size, passage in ((size, Passage(load.hostile(unit, size))) for size in sizes)
        ]
    measured.most_bytes = _memory()
    return measured


def _stock(*, quick: bool) -> Measured:
    _on_one_core()
    from benchmarks.stock import Stock  # noqa: PLC0415 - as above

    stock = Stock()
    stock.find("Jane Roe <jane@example.org> paid 4111 1111 1111 1111.")
    measured = Measured(start_bytes=_memory())
    for action in load.typical(_scaled(300, quick=quick)):
        seconds = _timed(lambda: [stock.find(text) for text in action.texts])  # noqa: B023 - called at once
        measured.typical.append(seconds)
        if action.plain:
            measured.plain.append(seconds)
    for size, text in load.prose(PROSE, _scaled(10, quick=quick)):
        seconds = _timed(lambda: stock.find(text))  # noqa: B023
        measured.prose.setdefault(str(size), []).append(seconds)
    measured.most_bytes = _memory()
    return measured


def _classified(result: object, kind: type) -> None:
    if not isinstance(result, kind):
        raise TypeError("an action was not classified")


def _looked(detector: Any, passage: Any) -> None:
    from services.classifier.errors import DetectorError  # noqa: PLC0415 - as above

    with suppress(DetectorError):  # too much prose for the model: named as not inspected; the time is what counts
        detector.detect(passage)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _scaled(count: int, *, quick: bool) -> int:
    return max(2, count // 10) if quick else count


def _on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
