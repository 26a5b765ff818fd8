"""`make fuzz`: a million bent inputs, in a pool of processes, with a table at the end.

    make fuzz ARGS="--inputs 20000 --target codec --seed 7"
    python -m tests.fuzz --target codec --reproduce FILE

Exit status 1 where an input brought out anything but a named error, or took too long; it is kept in a file.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, attempt

CHUNK: Final = 2_000
SECONDS_PER_INPUT: Final = 5.0
KEPT: Final = Path(tempfile.gettempdir()) / "placet-fuzz"


class TooSlowError(BaseException):
    """An input took longer than any may; no handler of ordinary errors catches it."""


@dataclass
class Done:
    """What became of a chunk."""

    target: str
    codes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    failures: list[tuple[bytes, str]] = field(default_factory=list)


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def chunk(work: tuple[str, int, int]) -> Done:
    """Make and try so many inputs of one target."""
    name, seed, count = work
    done, chance = Done(name), random.Random(f"{name}/{seed}")
    signal.signal(signal.SIGALRM, _too_slow)
    begun = time.perf_counter()
    for _ in range(count):
        value = TARGETS[name].make(chance)
        started = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_INPUT)
        try:
            done.codes[attempt(name, value)] += 1
        except (Exception, TooSlowError) as error:  # noqa: BLE001 - whatever it is, it is what we look for
            done.codes[f"!{type(error).__name__}"] += 1
            done.failures.append((value, "".join(traceback.format_exception(error)[-3:])))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        done.slowest = max(done.slowest, time.perf_counter() - started)
    done.seconds = time.perf_counter() - begun
    return done


def shares(names: list[str], inputs: int, seed: int) -> Iterator[tuple[str, int, int]]:
    """Chunks of work, by weight; together at least `inputs`."""
    whole = sum(TARGETS[name].weight for name in names)
    for name in names:
        rest, number = -(-inputs * TARGETS[name].weight // whole), 0
        while rest > 0:
            yield name, seed * 1_000_000 + number, min(CHUNK, rest)
            rest, number = rest - CHUNK, number + 1


def keep(target: str, value: bytes) -> Path:
    """Write a failing input where it can be tried again."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{target}-{hashlib.sha256(value).hexdigest()[:16]}"
    path.write_bytes(value)
    return path


def fuzz(names: list[str], inputs: int, seed: int, processes: int) -> dict[str, Done]:
    """Run the pool; says on standard error how far it is."""
    found = {name: Done(name) for name in names}
    seeds()  # once, before the processes part
    work, tried, said = list(shares(names, inputs, seed)), 0, time.monotonic()
    random.Random(seed).shuffle(work)
    with multiprocessing.get_context("fork").Pool(processes) if processes > 1 else nullcontext() as pool:
        for done in map(chunk, work) if pool is None else pool.imap_unordered(chunk, work):
            whole = found[done.target]
            whole.codes += done.codes
            whole.seconds += done.seconds
            whole.slowest = max(whole.slowest, done.slowest)
            whole.failures += done.failures
            tried += done.codes.total()
            if time.monotonic() - said > 10:
                said = time.monotonic()
                sys.stderr.write(f"{tried:>10,} of {inputs:,}\n")
    return found


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Bent inputs against every parser.")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--target", choices=sorted(TARGETS), action="append")
    parser.add_argument("--seed", type=int, default=None, help="the same seed, the same inputs; by default another")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reproduce", type=Path, help="try one kept input again; needs one --target")
    given = parser.parse_args(arguments)
    names = given.target or list(TARGETS)
    if given.reproduce is not None:
        print(attempt(names[0], given.reproduce.read_bytes()))  # noqa: T201
        return 0
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(2**31)
    found = fuzz(names, given.inputs, seed, given.processes)
    print(f"seed {seed}")  # noqa: T201
    print(f"{'target':<12}{'inputs':>10}{'seconds':>9}{'slowest':>9}  errors by name")  # noqa: T201
    for name, done in found.items():
        codes = ", ".join(f"{code} {count}" for code, count in done.codes.most_common(8))
        print(f"{name:<12}{done.codes.total():>10,}{done.seconds:>9.1f}{done.slowest:>8.3f}s  {codes}")  # noqa: T201
    failures = [(name, *failure) for name, done in found.items() for failure in done.failures]
    for name, value, trace in failures[:20]:
        path = keep(name, value)
        print(f"\n{trace}try again: .venv/bin/python -m tests.fuzz --target {name} --reproduce {path}")  # noqa: T201
    total = sum(done.codes.total() for done in found.values())
    print(f"{total:,} inputs, {len(failures)} failures")  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
