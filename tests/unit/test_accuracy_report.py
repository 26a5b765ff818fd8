"""The accuracy report: what was claimed is led back to its place, the numbers are right, and no value is in it."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from benchmarks import accuracy_report
from benchmarks.stock import Stock
from services.classifier.adapters.detector import RuleDetector
from tests.corpora import corpus, slots
from tests.corpora.model import Labelled, Template
from tests.corpora.ours import Ours
from tests.corpora.scoring import Claim, Judged, Seen, judge
from tests.corpora.vocabulary import vocabulary


def fill(**changes: object) -> Labelled:
    content = {"id": "one", "name": "n", "resource": "r", "arguments": {}, **changes}
    return slots.fill(Template.model_validate(content), kind="k", source="s", number=0)


@pytest.fixture(scope="module")
def ours() -> Ours:
    return Ours(RuleDetector())


@pytest.fixture(scope="module")
def judged(ours: Ours) -> list[Judged]:
    return [judge(action, ours.look(action), vocabulary()) for action in list(corpus.actions("test", fills=1))[::3]]


def test_a_claim_below_a_masked_key_is_led_back_to_its_place(ours: Ours) -> None:
    action = fill(arguments={"⟦github⟧": ["x", {"a/b": "token ⟦slack⟧"}]}, preview=["⟦vector⟧"])
    claims = {(claim.entity_type, claim.place, claim.start, claim.end) for claim in ours.look(action).claims}
    assert {(gold.entity_type, gold.place, gold.start, gold.end) for gold in action.gold} <= claims


def test_what_was_not_looked_into_is_whole(ours: Ours) -> None:
    action = fill(arguments={"long": "x" * 100_001, "short": "⟦slack⟧"})
    seen = ours.look(action)
    assert seen.whole == {("/arguments/long", False)}
    assert [claim.place for claim in seen.claims] == [("/arguments/short", False)]


def test_stock_presidio_is_asked_text_by_text() -> None:
    action = fill(arguments={"to": "write to ⟦email⟧", "⟦email#2⟧": 3}, purpose="card ⟦card⟧")
    claims = {(claim.entity_type, claim.place, claim.start, claim.end) for claim in Stock().look(action).claims}
    assert {(gold.entity_type, gold.place, gold.start, gold.end) for gold in action.gold} <= claims


def test_no_value_is_in_it(judged: list[Judged]) -> None:
    report = accuracy_report.report("test", 1, judged, judged)
    shown = json.dumps(report, ensure_ascii=False) + accuracy_report.markdown(report) + accuracy_report.chart(report)
    secret = {one.action.texts[gold.place][gold.start : gold.end] for one in judged for gold, _, _ in one.spans}
    assert len(secret) > 100
    assert not [value for value in secret if len(value) > 5 and value in shown and value != "CONFIDENTIAL"]
    assert report["worst_misses"]


def test_its_numbers_and_its_targets() -> None:
    action = fill(purpose="⟦email⟧ ⟦email#2⟧")
    first = action.gold[0]
    seen = Seen((Claim("EMAIL_ADDRESS", first.place, first.start, first.end),))
    half = judge(action, seen, vocabulary())
    none = judge(action, Seen(()), vocabulary())
    report = accuracy_report.report("dev", 1, [none], [half])
    assert report["types"]["EMAIL_ADDRESS"]["stock"] == {
        "spans": 2, "recall": 0.5, "covered": 0.5, "precision": 1.0, "f2": pytest.approx(5 / 9), "right": 1, "wrong": 0,
    }  # fmt: skip
    assert report["below_stock"] == ["EMAIL_ADDRESS"]
    verdicts = {one["name"]: one["verdict"] for one in report["targets"]}
    assert verdicts["recall, structured types"] == "MISSED"
    better = accuracy_report.report("dev", 1, [half], [none])
    assert better["below_stock"] == []


def test_its_chart_is_a_picture(judged: list[Judged]) -> None:
    report = accuracy_report.report("test", 1, judged, judged)
    root = ET.fromstring(accuracy_report.chart(report))
    shown = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {kind for kind, one in report["types"].items() if one["ours"]["spans"]} <= shown
