"""What the engine is asked: tags by pointer, places by whole segments, one canonical form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.canonical import canonical_bytes, sha256_hex
from placet.events import Facts, StatementKind
from services.policy.model import Rulebook
from services.policy.needs import EVERYTHING
from services.policy.question import Question, ask, nearest
from services.policy.sample import Sample
from tests.policies import shipped

BOOK = shipped()


def question(book: Rulebook = BOOK, **given: Any) -> Question:
    sample = Sample(**{"name": "db.query", "resource": "postgres://warehouse/customers", **given})
    return ask(sample.classified(), owner="dave", rulebook=book, moment=sample.time, needs=EVERYTHING)


def entity(asked: Question, kind: str) -> Any:
    return next(one for one in json.loads(asked.entities) if one["uid"]["type"] == kind)


def test_arguments_are_tags_by_pointer() -> None:
    asked = question(
        arguments={
            "sql": "SELECT 1",
            "limit": 10,
            "ratio": 0.5,
            "whole": 3.0,
            "dry": True,
            "none": None,
            "to": [{"a/b": "x"}, "y"],
            "t~": "z",
            "empty": {},
        }
    )
    assert entity(asked, "Arguments")["tags"] == {
        "/sql": "SELECT 1",
        "/limit": "10",
        "/ratio": "0.5",
        "/whole": "3",
        "/dry": "true",
        "/to/0/a~1b": "x",
        "/to/1": "y",
        "/t~0": "z",
    }
    assert entity(asked, "Integers")["tags"] == {"/limit": 10, "/whole": 3}


def test_the_context_holds_what_the_classifier_found() -> None:
    asked = question(
        labels=("pii", "financial", "pii"),
        entity_types=("EMAIL_ADDRESS", "IBAN"),
        session="nightly-7",
        on_behalf_of="frank",
        facts=Facts(statement_kinds=(StatementKind.SELECT,), statement_count=1, tables=("b", "a")),
    )
    context = json.loads(asked.context)
    assert context["labels"] == ["financial", "pii"]
    assert (context["sensitivity"], context["sensitivity_level"]) == ("internal", 1)
    assert (context["findings"], context["entity_types"]) == (2, ["EMAIL_ADDRESS", "IBAN"])
    assert (context["session"], context["on_behalf_of"]) == ("nightly-7", "frank")
    assert (context["incomplete"], context["edited"]) == (False, False)
    assert context["facts"]["tables"] == ["a", "b"]
    assert context["time"] == {"hour": 12, "unix": 1_780_315_200, "weekday": 1}
    assert not {"session", "on_behalf_of"} & set(json.loads(question().context)), "null is absent"


def test_what_reviewers_may_see_of_masked_values_decides_nothing() -> None:
    sample = Sample(name="db.query", resource="postgres://warehouse/customers", entity_types=("EMAIL_ADDRESS",))
    plain = sample.classified()
    told = plain.model_copy(update={"forms": {"‹EMAIL_ADDRESS_1›": "at example.org"}})
    first, second = (
        ask(one, owner="dave", rulebook=BOOK, moment=sample.time, needs=EVERYTHING) for one in (plain, told)
    )
    assert (first.context, first.entities, first.digest) == (second.context, second.entities, second.digest)


def test_the_agent_has_its_owner_and_its_teams() -> None:
    agent = entity(question(), "Agent")
    assert agent["attrs"] == {"owner": "dave"}
    assert agent["parents"] == [{"id": "data-platform", "type": "Team"}]
    assert entity(question(agent="somebody-else"), "Agent")["parents"] == []


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        ("postgres://warehouse", "postgres://warehouse"),
        ("postgres://warehouse/customers/emails", "postgres://warehouse"),
        ("postgres://warehouse/secret", "postgres://warehouse/secret"),
        ("postgres://warehouse/secret/x", "postgres://warehouse/secret"),
        ("postgres://warehouse/secrets", "postgres://warehouse"),
        ("postgres://warehouse-copy/customers", None),
        ("postgres://warehouse:5432/customers", None),
        ("s3://warehouse/customers", None),
        ("postgres://warehouse/../secret", None),
        ("postgres://warehouse/./secret", None),
    ],
)
def test_a_resource_lies_below_the_nearest_declared_one(resource: str, place: str | None) -> None:
    assert nearest(resource, {"postgres://warehouse", "postgres://warehouse/secret"}) == place


def test_a_resource_no_file_places_is_in_the_unknown_environment() -> None:
    asked = question(resource="postgres://elsewhere/a")
    assert not asked.placed
    assert entity(asked, "Resource")["parents"] == [{"id": "unknown", "type": "Environment"}]


def test_an_undeclared_action_stands_for_itself_in_the_context() -> None:
    asked = question(name="payroll.pay")
    assert asked.action == "undeclared"
    assert json.loads(asked.context)["name"] == "payroll.pay"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e9, 1e9) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@given(st.dictionaries(texts, values, max_size=4), st.lists(texts, max_size=3))
def test_what_is_asked_is_in_canonical_form_and_its_digest_covers_all_of_it(arguments: Any, tables: list[str]) -> None:
    asked = question(arguments=arguments, facts=Facts(tables=tuple(tables)))
    context, entities = json.loads(asked.context), json.loads(asked.entities)
    assert asked.context.encode() == canonical_bytes(context)
    assert asked.entities.encode() == canonical_bytes(entities)
    whole = {
        "principal": "nightly-export",
        "action": "db.query",
        "resource": "postgres://warehouse/customers",
        "context": context,
        "entities": entities,
    }
    assert asked.digest == sha256_hex(canonical_bytes(whole))
