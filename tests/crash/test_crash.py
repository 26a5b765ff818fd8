"""SIGKILL of every process at every point it has, of the broker and of PostgreSQL, while actions flow."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.crash.dying import INSTALLED, Point
from tests.crash.evidence import gather, hold
from tests.crash.flow import EXPECTED, MIXED
from tests.crash.site import PARTS, POINTS, Kill, Site, crash_site
from tests.crash.verdict import problems
from tests.fix_embedded import available

RESUMED_SECONDS = 15.0
WAVES: tuple[tuple[tuple[str, Point | None], ...], ...] = (
    (("executor", Point.INSIDE), ("ledger-writer", Point.BEFORE_PUBLISH), ("classifier", Point.BEFORE_PUBLISH)),
    (("ledger-api", None), ("settle", Point.INSIDE)),
    (("desk", Point.INSIDE), ("agent", Point.BEFORE_PUBLISH)),
    (("executor", Point.AFTER_COMMIT), ("ledger-writer", Point.INSIDE), ("policy", Point.BEFORE_PUBLISH)),
    (("settle", Point.AFTER_COMMIT),),
    (("ledger-writer", Point.AFTER_PUBLISH), ("classifier", Point.AFTER_PUBLISH), ("agent", Point.INSIDE)),
    (("executor", Point.BEFORE_PUBLISH), ("settle", Point.BEFORE_PUBLISH), ("agent", Point.AFTER_COMMIT)),
    (("ledger-writer", Point.AFTER_COMMIT), ("desk", Point.AFTER_COMMIT), ("policy", Point.AFTER_PUBLISH)),
    (("executor", Point.AFTER_PUBLISH), ("settle", Point.AFTER_PUBLISH), ("agent", Point.AFTER_PUBLISH)),
    (("kafka", None),),
    (("postgres", None),),
)
"""What dies together: fewer waits than one by one, and harder. Downstream first, so that the flow reaches each."""


def limit() -> float:
    """The promise is for a machine of one's own; one that is shared takes as much longer as it is shared."""
    return RESUMED_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass
class Aftermath:
    """What a run of kills came to."""

    site: Site
    folder: Path
    resumed: list[tuple[Kill, float, float]] = field(default_factory=list)
    """The kill, seconds, and the limit then."""


@pytest.fixture(scope="module")
def aftermath() -> Iterator[Aftermath]:
    folder = Path(tempfile.mkdtemp(prefix="placet-crash-"))
    try:
        with available(), crash_site(folder, per_second=8, kinds=MIXED) as site:
            found = Aftermath(site, folder)
            hold(site, folder / "held")
            for wave in WAVES:
                kills = []
                for name, point in wave:
                    if point is None:
                        kills.append(site.kill(name))
                    else:
                        site.order(name, point)
                        kills.append(site.obeyed(name, point))
                for kill in kills:
                    seconds = site.resumed(kill)
                    found.resumed.append((kill, seconds, limit()))
                    print(f"{kill}: resumed after {seconds:.1f} s")
            site.stop_proposing()
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_every_process_dies_at_every_point_it_has() -> None:
    assert POINTS.keys() == INSTALLED.keys()
    everything = [(name, point) for name, points in POINTS.items() for point in points or (None,)]
    everything += [(part, None) for part in PARTS]
    assert sorted(map(str, (each for wave in WAVES for each in wave))) == sorted(map(str, everything))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_and_nothing_happens_twice(aftermath: Aftermath) -> None:
    facts, report = gather(aftermath.site, aftermath.folder / "export", aftermath.folder / "held")
    print(json.dumps({name: found for name, found in report.items() if name not in {"checkpoint", "problems"}}))
    assert {action.kind for action in facts.journal.values()} == set(EXPECTED)
    assert problems(facts) == []
    assert report["ok"]
    assert report["held"].startswith("extends the one you hold")
    assert report["chains"] == len(facts.journal)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_work_goes_on_within_fifteen_seconds(aftermath: Aftermath) -> None:
    assert len(aftermath.resumed) == sum(map(len, WAVES))
    assert [(str(kill), seconds) for kill, seconds, most in aftermath.resumed if seconds > most] == []
