"""What accuracy may not fall below, by type.

Rules: a floor is at most what was reached when it was written, less a hundredth, so that one span more or less in
a large type is no alarm; it is raised (`python -m tests.corpora.floors`), never lowered. Measured is the dev half,
each template filled three times; the test half is for reports. Precision has no floor above its target: a type
of which little is found today is always right, and must not stand in the way of finding more.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Final

from tests.corpora.corpus import HIDDEN, actions
from tests.corpora.ours import Ours
from tests.corpora.scoring import Judged, Tally, judge, sums, tallies
from tests.corpora.vocabulary import vocabulary

FLOORS: Final = Path(__file__).parent / "floors.toml"
_TITLE: Final = """# Floors under the classifier's accuracy on the dev half (tests/corpora/floors.py). Only ever raised:
# `python -m tests.corpora.floors` writes what is reached now where it is more.
"""
_SLACK: Final = 0.01
_FILLS: Final = 3
_PRECISION_AT_MOST: Final = {"structured": 0.97, "credential": 0.97, "text": 0.8}


@dataclass(frozen=True, slots=True)
class Floors:
    """Shares of one, by type and measure; and how many false alarms there may be per 1,000 clean actions, tricky ones
    apart: beside them nobody would see that ordinary ones got worse."""

    types: Mapping[str, Mapping[str, float]]
    masked: float
    false_alarms: float
    tricky_alarms: float = float("inf")
    """The same over clean actions that are made of what is called like people."""


def measured(ours: Ours | None = None) -> list[Judged]:
    """The dev half."""
    ours, words = ours or Ours(), vocabulary()
    return [judge(action, ours.look(action), words) for action in actions("dev", fills=_FILLS)]


def shortfalls(judged: list[Judged], floors: Floors) -> list[str]:
    """A sentence for each floor that is not reached."""
    counts = tallies(one for one in judged if one.action.kind != HIDDEN)
    faults = []
    for kind, wanted in floors.types.items():
        reached = _measures(counts.get(kind, Tally()))
        for name, least in wanted.items():
            if reached.get(name, 0.0) < least:
                faults.append(f"{kind}: {name} is {reached.get(name, 0.0):.3f}, the floor {least:.3f}")
    total = sums((one for one in judged if one.action.kind != HIDDEN), vocabulary())
    if (total.masked_share or 0.0) < floors.masked:
        faults.append(f"characters masked: {total.masked_share}, the floor {floors.masked}")
    for tricky, most in ((False, floors.false_alarms), (True, floors.tricky_alarms)):
        if (alarms := _alarms(judged, tricky=tricky)[0]) > most:
            what = "tricky clean" if tricky else "clean"
            faults.append(f"false alarms per 1,000 {what} actions: {alarms}, at most {most}")
    return faults


def read(path: Path = FLOORS) -> Floors:
    content = tomllib.loads(path.read_text())
    return Floors(content["types"], content["masked"], content["false_alarms"], content["tricky_alarms"])


def raised(judged: list[Judged], floors: Floors) -> Floors:
    """The higher of what stands and what is reached."""
    counts = tallies(one for one in judged if one.action.kind != HIDDEN)
    types: dict[str, dict[str, float]] = {kind: dict(wanted) for kind, wanted in floors.types.items()}
    for kind, meaning in vocabulary().types.items():
        for name, value in _measures(counts.get(kind, Tally())).items():
            under = floor(1000 * max(0.0, value - _SLACK)) / 1000
            under = min(under, _PRECISION_AT_MOST[meaning.family]) if name == "precision" else under
            wanted = types.setdefault(kind, {})
            wanted[name] = max(wanted.get(name, 0.0), under)
    total = sums((one for one in judged if one.action.kind != HIDDEN), vocabulary())
    masked = max(floors.masked, floor(1000 * ((total.masked_share or 0.0) - _SLACK)) / 1000)
    reached = (_alarms(judged, tricky=tricky) for tricky in (False, True))
    alarms, tricky_alarms = (round(per_thousand + 1000 / max(1, clean), 1) for per_thousand, clean in reached)
    return Floors(
        {kind: types[kind] for kind in sorted(types)}, masked,
        min(floors.false_alarms, alarms), min(floors.tricky_alarms, tricky_alarms),
    )  # fmt: skip


def _alarms(judged: list[Judged], *, tricky: bool) -> tuple[float, int]:
    """False alarms per 1,000 clean actions that are tricky or are not, and how many actions these are."""
    these = [one for one in judged if one.action.kind != HIDDEN and one.action.tricky == tricky]
    total = sums(these, vocabulary())
    return total.per_thousand_clean or 0.0, total.clean


def written(floors: Floors) -> str:
    """As TOML."""
    lines = [
        f"masked = {floors.masked}",
        f"false_alarms = {floors.false_alarms}",
        f"tricky_alarms = {floors.tricky_alarms}",
        "",
        "[types]",
    ]
    for kind, wanted in floors.types.items():
        lines.append(f"{kind} = {{ {', '.join(f'{name} = {value}' for name, value in wanted.items())} }}")
    return _TITLE + "\n".join(lines) + "\n"


def _measures(tally: Tally) -> dict[str, float]:
    found = {"recall": tally.recall, "covered": tally.coverage, "precision": tally.precision}
    return {name: value for name, value in found.items() if value is not None}


if __name__ == "__main__":
    before = read() if FLOORS.exists() else Floors({}, 0.0, float("inf"))
    FLOORS.write_text(written(raised(measured(), before)))
