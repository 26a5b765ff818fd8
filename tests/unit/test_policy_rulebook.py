"""Files in, a rulebook out: a set loads whole or not at all."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cedarpy import PolicySet

from placet.canonical import canonical_bytes
from services.policy.errors import PolicyError
from services.policy.needs import EVERYTHING, needs_of
from services.policy.rulebook import compile_rulebook, decides
from tests.policies import REVIEW, SHIPPED, files, rulebook, shipped

GOOD = '@id("yes") @reason("Fine.") permit (principal, action, resource);'
SCHEMA = SHIPPED["schema.cedarschema"]
ENTITIES = json.loads(SHIPPED["entities.json"])


def schema(old: str, new: str) -> bytes:
    assert old in SCHEMA.decode()
    return SCHEMA.decode().replace(old, new).encode()


def entities(*more: Any, without: str = "") -> bytes:
    return json.dumps([one for one in ENTITIES if one["uid"]["id"] != without] + list(more)).encode()


def resource(name: str, *parents: tuple[str, str]) -> dict[str, Any]:
    return {
        "uid": {"type": "Resource", "id": name},
        "attrs": {},
        "parents": [{"type": kind, "id": above} for kind, above in parents],
    }


def agent(name: str, *, team: str = "data-platform", **attrs: str) -> dict[str, Any]:
    return {"uid": {"type": "Agent", "id": name}, "attrs": attrs, "parents": [{"type": "Team", "id": team}]}


@pytest.mark.parametrize(
    ("case", "given", "code"),
    [
        ("no schema", files(GOOD, schema_cedarschema=None), "no_file"),
        ("no entities", files(GOOD, entities_json=None), "no_file"),
        ("nothing at all", {}, "no_file"),
        ("no policy", files(GOOD, rules_cedar=None), "no_rules"),
        ("an empty file of policies", files(""), "no_rules"),
        ("only a comment", files("// nothing yet"), "no_rules"),
        ("a file that is no UTF-8", files(GOOD, rules_cedar=b"\xff"), "not_utf8"),
        ("a file too large", files(GOOD + " " * 1_000_000), "too_large"),
        ("a schema that does not parse", files(GOOD, schema_cedarschema=b"entity"), "bad_schema"),
        ("a policy that does not parse", files("permit (principal, action"), "bad_cedar"),
        ("an annotation given twice", files('@id("a") @id("b") permit (principal, action, resource);'), "bad_cedar"),
        ("a policy without id", files("permit (principal, action, resource);"), "missing_annotation"),
        ("an annotation nobody knows", files(GOOD.replace("@reason", '@note("x") @reason')), "unknown_annotation"),
        ("approvals by nobody", files(f"{REVIEW} {GOOD}".replace("1 from", "0 from")), "bad_expression"),
        ("a review too long", files(f"{REVIEW} {GOOD}".replace("15m", "9d")), "timeout_too_long"),
        ("two rules of one id", files(GOOD + GOOD), "same_id"),
        ("two files with one id", files(GOOD, more_cedar=GOOD.encode()), "same_id"),
        ("a template", files(GOOD.replace("(principal,", "(principal == ?principal,")), "template"),
        ("an action nobody declares", files(GOOD.replace("action,", 'action == Action::"x",')), "invalid"),
        ("an attribute nobody sends", files(GOOD.replace(";", " when { context.colour == 1 };")), "invalid"),
        ("a comparison of unlike things", files(GOOD.replace(";", ' when { context.labels == "pii" };')), "invalid"),
        ("a tag read unasked", files(GOOD.replace(";", ' when { context.arguments.getTag("/a") == "" };')), "invalid"),
        (
            "an entity looked into by name",
            files(GOOD.replace(";", ' when { Arguments::"action".hasTag("/a") };')),
            "literal_entity",
        ),
        (
            "one literal in another",
            files(GOOD.replace(";", ' unless { Resource::"s3://reports" in Environment::"internal" };')),
            "literal_entity",
        ),
        ("entities that are no JSON", files(GOOD, entities_json=b"["), "bad_entities"),
        ("entities with a key twice", files(GOOD, entities_json=b'[{"uid": 1, "uid": 2}]'), "bad_entities"),
        ("entities that are no list", files(GOOD, entities_json=b'{"a": 1}'), "bad_entities"),
        ("an entity of no declared type", files(GOOD, entities_json=entities({"uid": {"type": "X", "id": "1"}, "attrs": {}, "parents": []})), "bad_entities"),  # noqa: E501 - a table
        ("a resource that lies nowhere", files(GOOD, entities_json=entities(resource("s3://a"))), "nowhere"),
        ("a resource below one that is not there", files(GOOD, entities_json=entities(resource("s3://a/b", ("Resource", "s3://a")))), "nowhere"),  # noqa: E501 - a table
        ("no unknown environment", files(GOOD, entities_json=entities(without="unknown")), "no_unknown"),
        ("an agent with attributes", files(GOOD, entities_json=entities(agent("a", owner="eve"))), "agent_attributes"),
        ("an agent in no declared team", files(GOOD, entities_json=entities(agent("a", team="b"))), "unknown_team"),
        ("no undeclared action", files(GOOD, schema_cedarschema=schema('action "undeclared"', 'action "other"')), "no_undeclared"),  # noqa: E501 - a table
        ("a schema that lacks what is sent", files(GOOD, schema_cedarschema=schema("edited: Bool,", "")), "schema_mismatch"),  # noqa: E501 - a table
        ("a schema that wants more", files(GOOD, schema_cedarschema=schema("edited: Bool,", "edited: Bool, x: Bool,")), "schema_mismatch"),  # noqa: E501 - a table
        ("a schema that insists on what may be absent", files(GOOD, schema_cedarschema=schema("session?:", "session:")), "schema_mismatch"),  # noqa: E501 - a table
        ("a schema of another type", files(GOOD, schema_cedarschema=schema("findings: Long", "findings: String")), "schema_mismatch"),  # noqa: E501 - a table
        ("an agent of another kind", files(GOOD, schema_cedarschema=schema("{ owner: String }", "{ owner: Long }")), "schema_mismatch"),  # noqa: E501 - a table
        ("a group without members", files(GOOD, schema_cedarschema=SCHEMA + b'action "empty" in ["privileged"];'), "schema_mismatch"),  # noqa: E501 - a table
    ],
)  # fmt: skip
def test_a_set_that_does_not_hold_together_does_not_load(case: str, given: dict[str, bytes], code: str) -> None:
    with pytest.raises(PolicyError) as refused:
        compile_rulebook(given)
    assert code in {problem.code for problem in refused.value.problems}, case


def test_every_problem_is_told_at_once_with_its_place() -> None:
    with pytest.raises(PolicyError) as refused:
        compile_rulebook(files("permit (principal, action, resource);", more_cedar=b'@id("B") forbid (principal'))
    assert {(problem.file, problem.code) for problem in refused.value.problems} == {
        ("rules.cedar", "missing_annotation"),
        ("more.cedar", "bad_cedar"),
    }


def test_the_digest_is_over_the_exact_bytes_of_what_decides() -> None:
    given = files(GOOD)
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in given.items()}
    assert compile_rulebook(given).digest == hashlib.sha256(canonical_bytes(listed)).hexdigest()
    assert compile_rulebook({**given, "rules.cedar": GOOD.encode() + b" "}).digest != compile_rulebook(given).digest
    assert [name for name in (*given, "tests", "README.md", ".rules.cedar", "x.cedar~") if decides(name)] == [*given]


def test_a_declared_action_has_the_policies_of_its_groups() -> None:
    book = rulebook(
        GOOD
        + '@id("read") @reason("x") forbid (principal, action in Action::"read", resource);'
        + '@id("some") @reason("x") forbid (principal, action in [Action::"db.write", Action::"export"], resource);'
        + '@id("one") @reason("x") forbid (principal, action == Action::"db.query", resource);'
    )

    def ids(action: str) -> set[str]:
        return set(book.actions[action].policies.to_pst().static_policies)

    assert ids("db.query") == {"yes", "read", "one"}
    assert ids("storage.read") == {"yes", "read"}
    assert ids("db.write") == ids("export.report") == {"yes", "some"}
    assert ids("undeclared") == {"yes"}
    assert "read" not in book.actions, "a group is no action"


@pytest.mark.parametrize(
    ("condition", "context", "facts"),
    [
        ("context.incomplete", {"incomplete"}, set()),
        ('context["incomplete"]', {"incomplete"}, set()),
        ("context has session && context.session == principal.owner", {"session"}, set()),
        ("context.facts.unbounded", {"facts"}, {"unbounded"}),
        ("context has facts.unbounded", {"facts"}, None),
        ("context.facts has unbounded", {"facts"}, {"unbounded"}),
        ("if context.edited then context.facts.tables.isEmpty() else false", {"edited", "facts"}, {"tables"}),
        ("[context.labels].contains(context.labels)", {"labels"}, set()),
        ('context.arguments.hasTag("/a")', {"arguments"}, set()),
        ("context.time.hour > 8", {"time"}, set()),
        ("context.facts == context.facts", {"facts"}, None),
        ("context == context", None, None),
        ("[context].contains(context)", None, None),
        ("{a: context}.a.edited", None, None),
    ],
)
def test_what_a_policy_looks_at(condition: str, context: set[str] | None, facts: set[str] | None) -> None:
    text = f"permit (principal, action, resource) when {{ {condition} }};"
    needs = needs_of(PolicySet.from_str(text).to_pst().static_policies.values())
    assert (needs.context, needs.facts) == (context, facts)


def test_without_policies_nothing_is_needed() -> None:
    assert not needs_of([]).want("labels")
    assert EVERYTHING.want("labels")
    assert EVERYTHING.want_fact("tables")


def test_literals_may_be_compared_with() -> None:
    book = rulebook(
        '@id("a") @reason("x") permit (principal in Team::"data-platform", action, resource) when {'
        ' principal == Agent::"nightly-export" || [Agent::"a", Agent::"b"].contains(principal) ||'
        ' resource in [Resource::"s3://partner-bucket", Resource::"s3://reports"] };'
    )
    assert list(book.rules) == ["a"]


def test_the_shipped_pack_loads() -> None:
    book = shipped()
    assert len(book.rules) > 20
    assert {"read", "export", "privilege", "infrastructure", "destructive", "privileged"} <= book.declared.groups
