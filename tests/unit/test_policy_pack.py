"""The pack that is shipped: its own tests pass, reach every rule, and its promises hold whatever is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.events import Facts, StatementKind, Verdict
from services.policy.cases import Case, read_cases, run_case
from services.policy.decide import weigh
from services.policy.sample import Sample
from services.policy.settings import DEFAULT_PACK
from tests.policies import shipped

BOOK = shipped()
FILES = sorted((DEFAULT_PACK / "tests").glob("*.yaml"))
CASES = [(path.name, case) for path in FILES for case in read_cases(path.name, path.read_text())]


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{file}: {case.case}" for file, case in CASES])
def test_case(file: str, case: Case) -> None:
    assert run_case(file, case, BOOK).wrong == ()


def test_every_rule_decides_in_some_case() -> None:
    reached = {rule for _, case in CASES for rule in case.expect.rules or ()}
    assert set(BOOK.rules) - reached == set()


actions = st.sampled_from(sorted(BOOK.actions))
places = st.sampled_from(sorted(BOOK.declared.places))
kinds = st.lists(st.sampled_from(StatementKind), max_size=3).map(tuple)
labels = st.lists(st.sampled_from(["pii", "financial", "credential", "embedding", "confidential"]), max_size=3)
facts = st.builds(Facts, statement_kinds=kinds, statement_count=st.integers(0, 3), external_destination=st.booleans())


def verdict(sample: Sample) -> Verdict:
    return weigh(sample.classified(), BOOK, owner="dave", moment=sample.time).verdict


@given(actions, st.sampled_from(["x://y", "s3://partner-bucket-2/a", "s3://reports/../a"]), facts)
def test_nothing_happens_where_no_file_knows(name: str, resource: str, found: Facts) -> None:
    assert verdict(Sample(name=name, resource=resource, facts=found)) is Verdict.DENY


@given(actions, places, facts, labels)
def test_a_credential_goes_nowhere(name: str, resource: str, found: Facts, more: list[str]) -> None:
    sample = Sample(name=name, resource=resource, facts=found, labels=("credential", *more))
    assert verdict(sample) is Verdict.DENY


@given(actions, places, facts, st.sampled_from(["drop", "truncate", "alter", "unparsed"]))
def test_destructive_statements_are_denied_in_whatever_they_hide(
    name: str, resource: str, found: Facts, kind: str
) -> None:
    hidden = found.model_copy(update={"statement_kinds": (*found.statement_kinds, StatementKind(kind))})
    assert verdict(Sample(name=name, resource=resource, facts=hidden)) is Verdict.DENY


@given(actions, places, facts, labels)
def test_only_the_harmless_is_allowed(name: str, resource: str, found: Facts, given: list[str]) -> None:
    sample = Sample(name=name, resource=resource, facts=found, labels=tuple(given))
    if verdict(sample) is Verdict.ALLOW:
        assert name in {"db.query", "storage.read", "export.report", "export.files", "message.send", "message.email"}
        assert set(found.statement_kinds) <= {StatementKind.SELECT} or name != "db.query"
        assert not found.external_destination or name == "storage.read"
