"""`make bench-crash`: many kills while actions flow, then what was lost, what was doubled, and how soon it went on.

Rules: victims are drawn with a seed, at a point of `tests.crash.dying` or at any moment; the next one dies only after
the last one's work goes on; it ends when kills and entries are reached, when the time is up, or on Ctrl-C, and reports
what was done until then. Exit status 0: every kill and every entry was reached, nothing lost, nothing doubled.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from benchmarks.figures import OUT, percentile
from placet.events import Outcome
from tests.crash.dying import Point
from tests.crash.evidence import gather, hold
from tests.crash.flow import Kind
from tests.crash.site import PARTS, POINTS, Kill, Site, crash_site
from tests.crash.verdict import doubled, lost

KINDS = (Kind.ALLOW, Kind.DENY, Kind.DENY, Kind.DENY, Kind.APPROVE, Kind.DENY, Kind.DENY, Kind.DENY, Kind.REJECT)
FLOW = (*KINDS, Kind.ALLOW, Kind.DENY, Kind.DENY, Kind.WITHDRAW)
"""Mostly what needs nobody: one executor and one reviewer are to keep up."""
AT_MOST = 300
ORDER_SECONDS = 20.0
RESUME_SECONDS = 15.0
DRAIN_SECONDS = 900.0


@dataclass
class Course:
    """What was done so far."""

    kills: list[tuple[Kill, float]] = field(default_factory=list)
    """With the seconds until work went on."""
    interrupted: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def minutes(self) -> float:
        """Since the start."""
        return (time.monotonic() - self.began) / 60


@click.command(epilog='Example: make bench-crash ARGS="--kills 10 --entries 5000"')
@click.option("--kills", default=100, show_default=True, help="How many processes die.")
@click.option("--entries", default=100_000, show_default=True, help="Ledger entries to reach, at least.")
@click.option("--per-second", default=60.0, show_default=True, help="Actions proposed.")
@click.option("--minutes", default=90.0, show_default=True, help="Stop killing and proposing after so long.")
@click.option("--seed", default=1, show_default=True, help="Of the draw.")
def main(*, kills: int, entries: int, per_second: float, minutes: float, seed: int) -> None:
    """Kill at random while actions flow, and prove that nothing was lost and nothing happened twice."""
    os.environ["PLACET_ENV"] = "dev"
    folder = Path(tempfile.mkdtemp(prefix="placet-bench-crash-"))
    course = Course()
    try:
        with crash_site(folder, per_second=per_second, at_most=AT_MOST, kinds=FLOW, say=_say) as site:
            site.watch.first_ended(since=time.time(), outcomes=frozenset(Outcome), seconds=120)
            hold(site, folder / "held")
            try:
                _run(site, course, kills=kills, entries=entries, minutes=minutes, chance=random.Random(seed))  # noqa: S311
            except KeyboardInterrupt:
                course.interrupted = True
                _say("Stopping: no more kills, no more proposals; what flows is waited for and verified")
            site.stop_proposing(seconds=DRAIN_SECONDS)
            facts, audit = gather(site, folder / "export", folder / "held")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = {
        "seed": seed,
        "interrupted": course.interrupted,
        "minutes": round(course.minutes, 1),
        "kills": len(course.kills),
        "kills_by_process": dict(sorted(Counter(kill.name for kill, _ in course.kills).items())),
        "resume_seconds": _resume([seconds for _, seconds in course.kills]),
        "slowest": [
            f"{kill}: {seconds:.1f} s" for kill, seconds in sorted(course.kills, key=lambda each: -each[1])[:5]
        ],
        "actions": len(facts.journal),
        "outcomes": dict(sorted(Counter(map(str, facts.rows.values())).items())),
        "runs": sum(facts.ran.values()),
        "entries": audit["entries"],
        "lost": list(lost(facts)),
        "doubled": list(doubled(facts)),
        "ledger_problems": list(facts.ledger),
        "verification": f"{audit['chains']} of {audit['actions']} chains complete; {audit['held']}",
    }
    print("\n" + _written(found))
    whole = len(course.kills) >= kills and audit["entries"] >= entries
    sys.exit(0 if whole and not (found["lost"] or found["doubled"] or found["ledger_problems"]) else 1)


def _run(site: Site, course: Course, *, kills: int, entries: int, minutes: float, chance: random.Random) -> None:
    """Kill, spread over the entries; then let it flow until there are enough."""
    while course.minutes < minutes and (len(course.kills) < kills or site.watch.entries < entries):
        due = len(course.kills) * entries / max(1, kills)
        if len(course.kills) >= kills or site.watch.entries < due:
            time.sleep(0.5)
            continue
        kill = _strike(site, chance)
        seconds = site.resumed(kill, seconds=300)
        course.kills.append((kill, seconds))
        _say(
            f"{len(course.kills):>4} of {kills}  {kill!s:<32} {seconds:>5.1f} s  "
            f"{site.watch.entries:>7,} entries  {course.minutes:.1f} min"
        )


def _strike(site: Site, chance: random.Random) -> Kill:
    """One kill; a point that is not passed in time becomes any moment."""
    name = chance.choice([*POINTS, *PARTS])
    point: Point | None = chance.choice([None, *POINTS.get(name, ())])
    if point is not None:
        site.order(name, point)
        try:
            return site.obeyed(name, point, seconds=ORDER_SECONDS)
        except AssertionError:
            if not site.recall(name, point):
                return site.obeyed(name, point)
    return site.kill(name)


def _resume(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {
        "p50": round(percentile(seconds, 50), 1),
        "p95": round(percentile(seconds, 95), 1),
        "max": round(max(seconds), 1),
        "target": RESUME_SECONDS,
    }


def _written(found: dict[str, Any]) -> str:
    """Write both reports; returns the one for people."""
    resume = found["resume_seconds"]
    lines = ["# Crash", "", f"- kills: {found['kills']} (seed {found['seed']})"]
    lines += [f"  - {name}: {number}" for name, number in found["kills_by_process"].items()]
    if resume:
        verdict = "met" if resume["max"] <= RESUME_SECONDS else "MISSED"
        lines.append(
            f"- resumed after: p50 {resume['p50']} s, p95 {resume['p95']} s, max {resume['max']} s "
            f"(target: at most {RESUME_SECONDS:.0f} s, {verdict})"
        )
        lines += [f"  - {each}" for each in found["slowest"]]
    lines.append(f"- actions: {found['actions']:,}, runs: {found['runs']:,}")
    lines += [f"  - {name}: {number:,}" for name, number in found["outcomes"].items()]
    lines.append(f"- ledger entries: {found['entries']:,}; {found['verification']}")
    for name in ("lost", "doubled", "ledger_problems"):
        lines.append(f"- {name.replace('_', ' ')}: {len(found[name])}")
        lines += [f"  - {each}" for each in found[name][:20]]
    lines.append(f"- {found['minutes']} minutes" + (", interrupted" if found["interrupted"] else ""))
    text = "\n".join(lines) + "\n"
    OUT.mkdir(exist_ok=True)
    (OUT / "crash.md").write_text(text)
    (OUT / "crash.json").write_text(json.dumps(found, indent=1) + "\n")
    return text


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
