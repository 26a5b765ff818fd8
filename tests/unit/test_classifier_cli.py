"""`placet classify` and `placet classifier …`: what is printed, and the exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from placet.cli.main import cli
from services.classifier import cli as module
from services.classifier import given
from services.classifier.adapters.worker import Bench
from services.classifier.cli import classifier, classify
from services.classifier.errors import GivenError
from tests.classifier_parts import Marks
from tests.factories import World

EXAMPLE = Path(__file__).parents[2] / "examples" / "classifier"
OWN = ("--own", EXAMPLE / "own.yaml")


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Marks` stands in for the engine, which takes seconds to start; the rules are the real ones."""
    monkeypatch.setattr(module, "_bench", lambda configuration: Bench.of(configuration, 60.0, (Marks(),)))


def run(command: click.Command, *arguments: str | Path, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], input=given)


ACTION: dict[str, Any] = {
    "name": "mail.send",
    "resource": "smtp://relay",
    "arguments": {"to": "Jane Roe", "api_token": "q8Wmz2LkP0sTbXv7", "customer": "20431870", "n": 3},
    "purpose": "for Jane Roe, CONFIDENTIAL",
}


@pytest.mark.usefixtures("_quick")
def test_an_action_as_a_table_and_masked(tmp_path: Path) -> None:
    path = tmp_path / "action.json"
    path.write_text(json.dumps(ACTION))
    found = run(classify, "--file", path, "--explain", *OWN)
    assert found.exit_code == 0
    first, *rest = found.output.splitlines()
    assert first == "restricted: confidential, credential, pii; 5 findings, read as action"
    table = [line.split() for line in rest if line.startswith("  ") and not line.startswith("      ")]
    assert table[1] == ["PERSON", "/arguments/to", "0-8", "0.90", "marks"]
    assert ["SECRET", "/arguments/api_token", "0-16", "0.90", "credential/telling_name"] in table
    assert "      because: your recognizer bare_customer_number" in rest
    assert "      checked: luhn" in rest
    assert "      word:    customer, from 0.20" in rest
    assert "      word:    api token" in rest
    masked = json.loads(found.output[found.output.index("\n{") :])
    assert masked == {
        "arguments": {"to": "‹PERSON_1›", "api_token": "‹SECRET_1›", "customer": "‹CUSTOMER_NUMBER_1›", "n": 3},
        "purpose": "for ‹PERSON_1›, ‹MARKING_1›",
    }
    assert "Jane" not in found.output
    assert "q8Wm" not in found.output


@pytest.mark.usefixtures("_quick")
def test_the_same_for_machines(tmp_path: Path) -> None:
    path = tmp_path / "action.json"
    path.write_text(json.dumps(ACTION))
    found = run(classify, "--file", path, "--json", "--explain", *OWN)
    told = json.loads(found.output)
    assert (found.exit_code, told["ok"], told["read_as"]) == (0, True, "action")
    assert told["labels"] == ["confidential", "credential", "pii"]
    assert told["findings"][2] == {
        "type": "CUSTOMER_NUMBER", "pointer": "/arguments/customer", "in_key": False, "start": 0, "end": 8,
        "score": 0.55, "rule": "own/bare_customer_number",
        "because": {
            "rule": "your recognizer bare_customer_number", "validator": "luhn", "context": "customer, from 0.20"
        },
    }  # fmt: skip
    assert told["masked"]["arguments"]["to"] == "‹PERSON_1›"
    assert len(told["configuration"]) == 64
    without = json.loads(run(classify, "--file", path, "--json", *OWN).output)
    assert all("because" not in one for one in without["findings"])
    assert "fingerprint" not in found.output


@pytest.mark.usefixtures("_quick")
def test_what_may_be_told_of_masked_values_is_told() -> None:
    text = "Card 4111 1111 1111 1111 of sales@example.org, Jane Roe"
    found = run(classify, given=text).output
    assert "  ‹CREDIT_CARD_1› is one ending 1111\n  ‹EMAIL_ADDRESS_1› is one at example.org\n" in found
    told = json.loads(run(classify, "--json", given=text).output)
    assert told["forms"] == {"‹CREDIT_CARD_1›": "ending 1111", "‹EMAIL_ADDRESS_1›": "at example.org"}
    assert "is one" not in run(classify, given="Jane Roe").output


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(
    ("content", "kind", "masked"),
    [
        ("Jane Roe wrote\n", "text", "‹PERSON_1› wrote"),
        ("", "text", ""),
        ("two\nlines of Jane Roe", "text", "two\nlines of ‹PERSON_1›"),
        ('{"a": {"b": "Jane Roe"}}', "JSON", {"a": {"b": "‹PERSON_1›"}}),
        ('["Jane Roe", 1]', "JSON", ["‹PERSON_1›", 1]),
        ("7777777", "JSON", "‹PERSON_1›"),
        ('{"name": "Jane Roe", "resource": "x", "city": "Rome"}', "JSON",
         {"name": "‹PERSON_1›", "resource": "x", "city": "Rome"}),
        ('{"broken": "Jane Roe"', "text", '{"broken": "‹PERSON_1›"'),
        ('{"Jane Roe": 1}', "JSON", {"‹PERSON_1›": 1}),
    ],
)  # fmt: skip
def test_any_json_and_any_text(content: str, kind: str, masked: Any) -> None:
    for arguments in ((), ("--file", "-")):
        told = json.loads(run(classify, "--json", *arguments, given=content).output)
        assert (told["read_as"], told["masked"]) == (kind, masked)
    text = run(classify, given=content).output
    assert f"read as {kind}" in text
    assert "Jane" not in text


@pytest.mark.usefixtures("_quick")
def test_an_event_as_it_lies_on_the_topic() -> None:
    world = World()
    event = world.seal(world.proposed(arguments={"to": "Jane Roe"}, purpose="p")).value
    told = json.loads(run(classify, "--json", given=event).output)
    assert (told["read_as"], told["masked"]) == ("action", {"arguments": {"to": "‹PERSON_1›"}, "purpose": "p"})


@pytest.mark.usefixtures("_quick")
def test_what_was_not_looked_into_is_named_and_is_no_success() -> None:
    found = run(classify, given="x" * 100_001)
    assert found.exit_code == 1
    assert "not looked into: /arguments/text (too_large)" in found.output
    told = json.loads(run(classify, "--json", given="x" * 100_001).output)
    assert not told["ok"]
    assert told["incomplete"] == [{"pointer": "/arguments/text", "reason": "too_large"}]


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(
    ("arguments", "content", "code"),
    [
        (("--resource", "s3://AKIAQYLPMN5HFIQR7XYA"), "x", "unmaskable_secret"),
        ((), b"\xff\xfe\x00", "not_readable"),
    ],
)
def test_what_cannot_be_classified_is_a_sentence(arguments: tuple[str, ...], content: str | bytes, code: str) -> None:
    found = run(classify, *arguments, given=content)
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: ")
    told = json.loads(run(classify, "--json", *arguments, given=content).output)
    assert [problem["code"] for problem in told["problems"]] == [code]


def test_a_bad_configuration_is_told_by_file_and_line(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("format: placet-own-detectors-v1\nmore: 1\n")
    for command, *rest in ((classify,), (classifier, "check"), (classifier, "test", EXAMPLE / "tests")):
        assert isinstance(command, click.Command)
        found = run(command, *map(str, rest), "--own", own, given="x")
        assert found.exit_code == 1
        assert found.stderr.startswith("Error: own.yaml line 2 at more: ")
        told = json.loads(run(command, *map(str, rest), "--own", own, "--json", given="x").output)
        assert [(one["code"], one["file"]) for one in told["problems"]] == [("bad_configuration", "own.yaml")]


def test_a_bad_setting_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACET_LOG_LEVEL", "loud")
    found = run(classifier, "check")
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: classifier cannot start: PLACET_LOG_LEVEL: ")


def test_check_says_what_would_load(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(run(classifier, "check", *OWN, "--json").output)
    assert told["recognizers"] == ["customer_number", "bare_customer_number"]
    assert told["dictionaries"] == {"projects": 2, "partners": 2}
    assert "CUSTOMER_NUMBER" in told["types"]
    monkeypatch.setenv("PLACET_CLASSIFIER_OWN_FILE", str(EXAMPLE / "own.yaml"))
    found = run(classifier, "check")
    assert found.exit_code == 0
    assert found.output.endswith(f"digest {told['digest']}\n")


def test_the_shipped_examples_hold_with_the_engine() -> None:
    found = run(classifier, "test", EXAMPLE, *OWN)
    assert (found.exit_code, found.output) == (0, "10 passed, 0 failed\n")


CASE = '- case: one\n  text: "for Jane Roe"\n'


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(
    ("rest", "wrong"),
    [
        ("expect: {types: [PERSON], labels: [pii], sensitivity: confidential, masked: for ‹PERSON_1›}", []),
        ("expect: {types: [EMAIL_ADDRESS]}", ["types not found: EMAIL_ADDRESS", "types not expected: PERSON"]),
        ("expect: {types: []}", ["types not expected: PERSON"]),
        ("expect: {labels: [pii, health]}", ["labels not found: health"]),
        ("expect: {sensitivity: internal}", ["expected sensitivity internal, found confidential"]),
        ("expect: {masked: for nobody}", ["expected masked 'for nobody', found 'for ‹PERSON_1›'"]),
        ("clean: true", ["types not expected: PERSON", "labels not expected: pii"]),
    ],
)
def test_each_difference_is_told(rest: str, wrong: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"{CASE}  {rest}\n")
    whole = tmp_path / "whole"
    (whole / "tests").mkdir(parents=True)
    (whole / "own.yaml").write_text("no case at all")
    (whole / "tests" / "a.yaml").write_text(path.read_text())
    for where in (path, tmp_path, whole):
        found = run(classifier, "test", where)
        assert found.exit_code == (1 if wrong else 0)
        told = json.loads(run(classifier, "test", where, "--json").output)
        assert told["ok"] is not bool(wrong)
        assert told["passed"] == (0 if wrong else 1)
        assert told["failed"] == ([{"file": "a.yaml", "case": "one", "wrong": wrong}] if wrong else [])
        assert all(one in found.output for one in wrong)


@pytest.mark.usefixtures("_quick")
def test_what_was_not_looked_into_fails_a_test(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"- case: long\n  text: {'x' * 100_001}\n  expect: {{types: []}}\n")
    assert "not looked into: /arguments/text (too_large)" in run(classifier, "test", path).output
    secret = {"name": "a.b", "resource": "s3://x/AKIAQYLPMN5HFIQR7XYA", "arguments": {}}
    path.write_text(json.dumps([{"case": "open", "action": secret, "clean": True}]))
    found = run(classifier, "test", path)
    assert found.exit_code == 1
    assert "nothing would be published" in found.output


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a.yaml line 1: is not a list"),
        ("a: 1", "a.yaml line 1: is not a list"),
        ("- case: x\n  text: a\n", "line 1 at 0: .*either expect or clean"),
        ("- case: x\n  text: a\n  clean: true\n  expect: {types: []}\n", "either expect or clean"),
        ("- case: x\n  text: a\n  clean: false\n", "either expect or clean"),
        ("- case: x\n  clean: true\n", "exactly one of text, json and action"),
        ("- case: x\n  text: a\n  json: a\n  clean: true\n", "exactly one of text, json and action"),
        ("- case: x\n  text: a\n  expect: {}\n", "line 3 at 0.expect: .*it expects nothing"),
        ("- case: x\n  text: a\n  expect: {tpyes: []}\n", "line 3 at 0.expect.tpyes"),
        ("- case: x\n  action: {name: a.b}\n  clean: true\n", "an action has a name, a resource"),
        ("- case: x\n  case: y\n", "line 2: a key stands twice"),
    ],
)
def test_a_test_that_says_nothing_is_an_error(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    found = run(classifier, "test", path, "--json")
    assert found.exit_code == 1
    (problem,) = json.loads(found.output)["problems"]
    assert problem["code"] == "bad_test"
    assert re.search(says, problem["sentence"])


def test_no_tests_is_an_error(tmp_path: Path) -> None:
    found = run(classifier, "test", tmp_path)
    assert found.exit_code == 1
    assert "there is no *.yaml in it" in found.stderr


def test_a_json_case_may_be_anything() -> None:
    assert given.of_json([1, "a"]).subject.arguments == {"data": [1, "a"]}
    assert given.of_json(None).subject.arguments == {"data": None}
    with pytest.raises(GivenError, match="not the JSON that is meant"):
        given.of_json(float("nan"))


def test_they_are_commands_of_placet() -> None:
    for name in ("classify", "classifier"):
        assert name in cli.list_commands(click.Context(cli))


def test_the_example_of_the_help_is_an_action() -> None:
    shown = run(classify, "--help").output
    example = json.loads(shown[shown.index('{"name"') : shown.index("}}") + 2])
    assert given.of_json(example).kind == "action"
