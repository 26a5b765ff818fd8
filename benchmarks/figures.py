"""A figure: what is ours, what it is held against, and the ratio between them.

Rules: both sides are measured in the same run on the same machine; the ratio is ours / reference; a target is a bound
on the ratio or on our own value, and whether it was met is said, not hidden.
"""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table."""

    name: str
    ours: float
    reference: float | None
    """None: held against a bound only."""
    unit: str
    target: float | None
    bound: Literal["ratio at most", "ratio at least", "at most", "at least", "information"]
    against: str = ""
    """What the reference is."""

    @property
    def ratio(self) -> float | None:
        """Ours over the reference."""
        return self.ours / self.reference if self.reference else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        measured = self.ratio if self.bound.startswith("ratio") else self.ours
        if self.target is None or measured is None:
            return None
        return measured <= self.target if self.bound.endswith("at most") else measured >= self.target


def percentile(values: Sequence[float], percent: int) -> float:
    """The inclusive percentile of at least one value."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def table(figures: Sequence[Figure]) -> str:
    """Ratios first."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'ratio':>8}  {'figure':<{width}}  {'ours':>12}  {'reference':>12}  {'unit':<10}  target"]
    for figure in figures:
        ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else "-"
        reference = f"{figure.reference:,.2f}" if figure.reference is not None else "-"
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        target = "" if figure.target is None else f"{figure.bound} {figure.target:g}  {verdict}"
        lines.append(
            f"{ratio:>8}  {figure.name:<{width}}  {figure.ours:>12,.2f}  {reference:>12}  {figure.unit:<10}  {target}"
        )
    return "\n".join(lines)


def write(figures: Sequence[Figure]) -> Path:
    """Write benchmarks/out/latest.json."""
    OUT.mkdir(exist_ok=True)
    path = OUT / "latest.json"
    content = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "figures": [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in figures],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path
