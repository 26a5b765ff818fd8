"""`placet policy …`: what is printed, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.policy.cli import policy
from tests.factories import World
from tests.policies import SHIPPED, files

GOOD = '@id("fine") @reason("Fine.") permit (principal, action, resource);'


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(one) for one in arguments])


def pack(folder: Path, policies: str = GOOD, **tests: str) -> Path:
    (folder / "tests").mkdir()
    for name, content in files(policies).items():
        (folder / name).write_bytes(content)
    for name, text in tests.items():
        (folder / "tests" / f"{name}.yaml").write_text(text)
    return folder


def test_check_of_the_shipped_pack() -> None:
    found = run("check", "--json")
    assert found.exit_code == 0
    told = json.loads(found.output)
    assert told["ok"]
    assert "db.query" in told["actions"]
    assert f"digest {told['digest']}" in run("check").output


def test_check_tells_every_problem(tmp_path: Path) -> None:
    folder = pack(tmp_path, "permit (principal, action, resource);")
    found = run("check", folder)
    assert found.exit_code == 1
    assert "rules.cedar: every policy has an @id (missing_annotation)" in found.stderr
    told = json.loads(run("check", folder, "--json").output)
    assert not told["ok"]
    assert {problem["code"] for problem in told["problems"]} == {"missing_annotation"}


def test_test_of_the_shipped_pack() -> None:
    found = run("test")
    assert found.exit_code == 0
    assert found.output.endswith(" passed, 0 failed\n")


CASE = """
- case: a read
  given: {name: db.query, resource: postgres://warehouse/a, time: 2026-06-01T12:00:00Z}
  expect: {decision: DECISION, rules: [RULE], approvals: "APPROVALS"}
"""


@pytest.mark.parametrize(
    ("decision", "rule", "approvals", "wrong"),
    [
        ("allow", "fine", "none", None),
        ("deny", "fine", "none", "expected deny, decided allow"),
        ("allow", "other", "none", "expected rules other; decided by fine"),
        ("allow", "fine", "1 from a", "expected approvals 1 from a; required none"),
    ],
)
def test_a_case_that_does_not_hold_is_told(
    tmp_path: Path, decision: str, rule: str, approvals: str, wrong: str | None
) -> None:
    text = CASE.replace("DECISION", decision).replace("RULE", rule).replace("APPROVALS", approvals)
    folder = pack(tmp_path, a=text)
    found = run("test", folder)
    assert found.exit_code == (1 if wrong else 0)
    told = json.loads(run("test", folder, "--json").output)
    assert told["passed"] == (0 if wrong else 1)
    if wrong:
        assert wrong in found.output
        assert told["failed"] == [{"file": "a.yaml", "case": "a read", "wrong": [wrong]}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_test"),
        ("a: 1", "bad_test"),
        ("- case: x", "bad_test"),
        ("- {case: x, given: {name: a, resource: 's3://a', labls: []}, expect: {decision: deny}}", "bad_test"),
        ("- {case: x, given: {name: a, resource: 's3://a'}, expect: {decision: maybe}}", "bad_test"),
        ("- {case: x, case: y}", "bad_yaml"),
        ("- [", "bad_yaml"),
        ("- !!python/object/apply:os.getcwd []", "bad_yaml"),
    ],
)
def test_a_test_that_says_nothing_is_an_error(tmp_path: Path, text: str, code: str) -> None:
    found = run("test", pack(tmp_path, a=text), "--json")
    assert found.exit_code == 1
    assert [problem["code"] for problem in json.loads(found.output)["problems"]] == [code]


def test_no_tests_is_an_error(tmp_path: Path) -> None:
    assert "no_tests" in run("test", pack(tmp_path)).stderr


def explained(path: Path, content: Any, *more: str | Path) -> Result:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return run("explain", "--file", path, *more)


def test_explain_names_the_rules_and_the_requirement(tmp_path: Path) -> None:
    action = {
        "name": "export.customers",
        "resource": "s3://partner-bucket/customers.csv",
        "labels": ["pii"],
        "facts": {"external_destination": True},
    }
    text = explained(tmp_path / "action.json", action)
    assert text.exit_code == 0
    assert text.output.startswith("review: export/external, export/records, export/sensitive\n")
    assert "needs 1 from data-owners within 900 s" in text.output
    assert "export/external (exports.cedar) says review, decided:" in text.output
    told = json.loads(explained(tmp_path / "action.json", action, "--json").output)
    assert told["decision"] == "review"
    assert told["requirement"]["approvals"] == {"kind": "quorum", "count": 1, "group": "data-owners"}
    assert told["asked"]["resource"]["id"] == "s3://partner-bucket/customers.csv"


def test_explain_tells_the_overruled_rules_too(tmp_path: Path) -> None:
    action = {"id": "7", "name": "privilege.grant", "resource": "postgres://warehouse/a", "labels": ["credential"]}
    told = json.loads(explained(tmp_path / "a.json", action, "--json").output)
    assert told["rules"] == ["always/credential"]
    assert {(one["rule"], one["decided"]) for one in told["matched"]} == {
        ("always/credential", True),
        ("privilege/change", False),
    }


def test_explain_of_a_real_event_alone_and_in_its_envelope(tmp_path: Path) -> None:
    world = World()
    classified = world.classified(world.proposed(name="payroll.pay"))
    event = world.seal(classified).value.decode()
    for content in (event, classified.model_dump_json()):
        found = explained(tmp_path / "classified.json", content)
        assert found.output.startswith("deny: always/undeclared-action\n")
        assert 'action "payroll.pay" in ["privileged"]' in found.output


def test_explain_tells_a_rule_that_could_not_be_evaluated(tmp_path: Path) -> None:
    broken = (
        '@id("broken") @reason("x") forbid (principal, action, resource)'
        " when { context.facts.string_count * 9223372036854775807 > 0 };"
    )
    folder = pack(tmp_path, GOOD + broken)
    action = {"name": "db.query", "resource": "postgres://warehouse/a", "facts": {"string_count": 2}}
    found = explained(tmp_path / "a.json", action, "--policies", folder)
    assert found.output.startswith("deny: guard/evaluation_error, broken\n")
    assert "broken (rules.cedar) says deny, could not be evaluated:" in found.output
    assert "fine (rules.cedar) says allow, overruled:" in found.output


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[]", "bad_test"),
        ('{"name": "x"}', "bad_test"),
        ('{"commitment": 7}', "bad_event"),
        ('{"data": {"commitment": 7}}', "bad_event"),
        ('{"data": 7, "name": "a"}', "bad_test"),
        ("{", "bad_yaml"),
    ],
)
def test_explain_of_what_is_no_action(tmp_path: Path, content: str, code: str) -> None:
    found = explained(tmp_path / "a.json", content, "--json")
    assert found.exit_code == 1
    assert [problem["code"] for problem in json.loads(found.output)["problems"]] == [code]


def test_the_examples_of_the_help_hold(tmp_path: Path) -> None:
    shown = run("explain", "--help").output
    example = shown[shown.index('{"name"') : shown.index("}}") + 2]
    assert explained(tmp_path / "action.json", example).output.startswith("deny: sql/destroys-structure\n")


def test_the_shipped_files_are_read_as_they_are() -> None:
    assert set(SHIPPED) >= {"schema.cedarschema", "entities.json", "guards.cedar"}
