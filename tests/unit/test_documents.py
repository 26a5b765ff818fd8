"""What the documents name exists: paths, spans, metrics, alerts; both ways where a list is meant to be whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from placet import tracing
from services.chassis import telemetry

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("SECURITY.md", "README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "infra" / "otel" / "alerts.yaml").read_text())["groups"][0][
    "rules"
]


def paths(text: str) -> set[str]:
    """Words in backticks, with a slash, that start in a folder of this repository."""
    found = re.findall(r"`([\w./*-]+)`", text)
    return {word for word in found if "/" in word and word.split("/")[0] in TOP}


def missing(text: str) -> set[str]:
    return {path for path in paths(text) if not any(ROOT.glob(path.rstrip("/")))}


def section(title: str) -> str:
    return OPERATIONS.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(title: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    assert paths(text), "a document that names no path would pass for ever"
    assert missing(text) == set()


def test_a_path_that_is_not_there_is_found() -> None:
    text = "`tests/unit/test_verify.py` `tests/unit/test_nothing_*.py` `placet/` `s3://x/y` `application/json`"
    assert missing(text) == {"tests/unit/test_nothing_*.py"}


def test_each_row_of_the_threat_model_has_its_test() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    table = text.split("## Threat model")[1].split("\n\nValues")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 6
    assert all(any(path.startswith("tests/") for path in paths(row)) for row in rows)


def test_the_spans_are_those_that_are_made() -> None:
    assert first_column("Traces") == [*map(str, tracing.SpanName), *map(str, telemetry.SpanName)]


def test_the_metrics_are_those_that_are_counted() -> None:
    assert first_column("Metrics") == [*map(str, telemetry.Metric)]


def test_every_alert_is_explained_and_no_other() -> None:
    assert first_column("Alerts") == [rule["alert"] for rule in RULES]


def pages(metric: telemetry.Metric) -> set[str]:
    """The names under which a metric stands on the Prometheus page, by its kind in its own words."""
    kinds = {"Counter": {"_total"}, "Gauge": {""}, "Histogram": {"_bucket", "_sum", "_count"}}
    told = section("Metrics").split(f"| `{metric}` | ")[1]
    return {metric + ending for ending in kinds[re.split(r"\W", told)[0]]}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_counted(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"placet_\w+", rule["expr"]))
    assert asked
    assert asked <= set().union(*(pages(metric) for metric in telemetry.Metric))
