"""The plan of topics and access rules, against the catalogue it comes from."""

from __future__ import annotations

from infra.topics import Present, Rule, differences, rules, topics
from placet.catalogue import CATALOGUE, Role, Topic


def may(principal: str, operation: str) -> set[str]:
    return {
        rule.name for rule in rules() if (rule.principal, rule.operation, rule.kind) == (principal, operation, "TOPIC")
    }


def test_each_role_writes_what_it_produces_and_the_dead_letters_of_what_it_serves() -> None:
    for role in Role:
        produced = {str(spec.topic) for spec in CATALOGUE.values() if role in spec.producers}
        letters = {name for name in may(str(role), "WRITE") if name.endswith(".dlq")}
        assert may(str(role), "WRITE") - letters == produced
        consumed = {spec.dead_letters for spec in CATALOGUE.values() if role in spec.consumers}
        assert letters == (set() if role in {Role.AGENT, Role.EXECUTOR} else consumed)


def test_values_in_clear_are_read_by_their_readers_alone() -> None:
    for name in (str(Topic.PROPOSED), f"{Topic.PROPOSED}.dlq"):
        readers = {rule.principal for rule in rules() if rule.name == name and rule.operation == "READ"}
        assert readers == {str(role) for role in CATALOGUE[Topic.PROPOSED].readers}
        assert "auditor" not in readers


def test_the_auditor_writes_nothing() -> None:
    assert {rule.operation for rule in rules() if rule.principal == "auditor"} == {"READ", "DESCRIBE"}


def test_the_desk_and_the_operator_need_no_rule() -> None:
    assert not {rule for rule in rules() if rule.principal in {"desk", "ops", "broker"}}


def test_dead_letters_last_as_long_as_their_source() -> None:
    settings = {plan.name: plan.settings for plan in topics()}
    assert all(settings[f"{topic}.dlq"] == settings[str(topic)] for topic in Topic)


def present(**changes: object) -> Present:
    found = {plan.name: (plan.partitions, dict(plan.settings)) for plan in topics()}
    given: dict[str, object] = {"topics": found, "rules": frozenset(rules())} | changes
    return Present(**given)  # type: ignore[arg-type]


def test_a_broker_as_planned_has_no_differences() -> None:
    assert differences(present(), topics(), rules()) == []
    assert differences(present(rules=None), topics(), rules()) == []


def test_every_kind_of_difference_is_named() -> None:
    found = dict(present().topics)
    del found["actions.decided.v1"]
    found["actions.failed.v1"] = (1, found["actions.failed.v1"][1])
    found["actions.resolved.v1"] = (6, {**found["actions.resolved.v1"][1], "retention.ms": "5"})
    stranger = Rule("policy", "READ", "TOPIC", "actions.proposed.v1")
    others = Rule("somebody", "READ", "TOPIC", "their.topic")
    held = frozenset({*rules()[1:], stranger, others})
    assert differences(present(topics=found, rules=held), topics(), rules()) == [
        "topic actions.decided.v1 does not exist",
        "topic actions.failed.v1 has 1 partitions, not 6",
        "topic actions.resolved.v1: retention.ms is 5, not 2592000000",
        f"missing rule: {rules()[0]}",
        "rule that the catalogue does not give: policy READ topic actions.proposed.v1",
    ]
