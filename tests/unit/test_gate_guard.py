"""Cooperative mode: one function, guarded; and what the gate believes of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from placet.catalogue import Role
from placet.errors import ContractError
from placet.events import ActionResolved, ExecutionStatus, Outcome, OutcomeReason, Retry
from placet.executor import FunctionError, RefusedError
from placet.gate.judge import judge
from placet.journal import Entry
from placet.messages import Message, seal
from placet.outcomes import Denied, Settled
from placet.testing import FakeExecutor, FakeGate
from placet.testing.settle import Answer
from tests.factories import now, received

RESOURCE = "s3://partner/customers"


class Filter(BaseModel):
    country: str


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[FakeGate]:
    with FakeGate(tmp_path) as made:
        yield made


@pytest.fixture
def executor(gate: FakeGate) -> Iterator[FakeExecutor]:
    with gate.executor() as made:
        yield made


class TestGuard:
    def test_a_call_is_an_action_and_returns_what_the_function_returns(
        self, gate: FakeGate, executor: FakeExecutor
    ) -> None:
        @gate.guard(executor, "export.customers", resource=lambda where, **_: f"s3://{where}", purpose="monthly")
        def export(where: str, only: Filter, limit: int = 3) -> list[Any]:
            """Export."""
            return [where, only.country, limit]

        gate.answer("export.customers", "approved")
        assert export("partner", only=Filter(country="NZ")) == ["partner", "NZ", 3]
        assert (export.__name__, export.__doc__) == ("export", "Export.")
        (proposed,) = gate.proposed
        assert proposed.action.arguments == {"where": "partner", "only": {"country": "NZ"}, "limit": 3}
        assert (proposed.action.resource, proposed.purpose) == ("s3://partner", "monthly")
        (report,) = executor.reports
        assert report.status is ExecutionStatus.SUCCEEDED

    def test_without_assent_nothing_runs(self, gate: FakeGate, executor: FakeExecutor) -> None:
        ran: list[int] = []

        @gate.guard(executor, "db.drop", resource=RESOURCE)
        def drop(number: int) -> None:
            ran.append(number)

        with pytest.raises(Denied):
            drop(1)
        assert ran == []
        assert executor.reports == []

    def test_what_the_caller_still_holds_does_not_run(self, gate: FakeGate, executor: FakeExecutor) -> None:
        held = [1]

        @gate.guard(executor, "pay", resource=RESOURCE)
        def pay(amounts: list[int]) -> list[int]:
            held.append(820_000)
            return amounts

        gate.answer("pay", "allowed")
        assert pay(held) == [1]

    def test_a_wrong_type_is_a_type_error_and_a_refusal(self, gate: FakeGate, executor: FakeExecutor) -> None:
        @gate.guard(executor, "pay", resource=RESOURCE)
        def pay(amount: int) -> int:
            return amount

        gate.answer("pay", "allowed")
        with pytest.raises(TypeError, match="'amount'"):
            pay("1")  # type: ignore[arg-type]  # the case
        with pytest.raises(RefusedError, match="bad_arguments"):
            pay(True)
        assert [report.code for report in executor.reports] == ["bad_arguments", "bad_arguments"]

    def test_what_the_function_raises_is_its_cause(self, gate: FakeGate, executor: FakeExecutor) -> None:
        @gate.guard(executor, "pay", resource=RESOURCE)
        def pay(amount: int) -> int:
            return amount // 0

        gate.answer("pay", "allowed")
        with pytest.raises(FunctionError) as raised:
            pay(1)
        assert isinstance(raised.value.__cause__, ZeroDivisionError)

    def test_a_name_is_guarded_once(self, gate: FakeGate, executor: FakeExecutor) -> None:
        def pay(amount: int) -> int:
            return amount

        gate.guard(executor, "pay", resource=RESOURCE)(pay)
        with pytest.raises(TypeError, match="registered already"):
            gate.guard(executor, "pay", resource=RESOURCE)(pay)


def proposed(gate: FakeGate, name: str = "db.slow") -> Entry:
    gate.answer(name, "pending")
    found = gate._journal.get(gate.propose(name, RESOURCE, {"limit": 1}).action_id)
    assert found is not None
    return found


def outcome(gate: FakeGate, entry: Entry, outcome: Outcome = Outcome.ALLOWED) -> Message:
    action = next(each for each in gate.proposed if each.action_id == entry.action_id)
    return received(gate.stand_in.resolve(action, Answer(outcome), now=now()))


def resolved(gate: FakeGate, entry: Entry, *, signer: Role = Role.SETTLE, **changes: Any) -> Message:
    content: dict[str, Any] = {
        "action_id": entry.action_id,
        "agent": entry.agent,
        "digest": entry.digest,
        "outcome": Outcome.DENIED,
        "reason": OutcomeReason(code="because", sentence="Because."),
        "retry": Retry.NEVER,
        "rules": (),
        "labels": (),
        "superseded_by": None,
        "proposal": None,
        "grant": None,
    }
    data = ActionResolved(**{**content, **changes})
    digest = gate.stand_in.trust.current().digest
    return received(seal(data, gate.stand_in._services[signer], time=now(), trust_digest=digest))


def their_grant(gate: FakeGate) -> str:
    proposed(gate, "db.other")
    other = gate.proposed[-1]
    return gate.stand_in.grant(other, Answer(Outcome.ALLOWED), now=now())


IGNORED: dict[str, tuple[Callable[[FakeGate, Entry], Message], str]] = {
    "by the policy": (lambda g, e: resolved(g, e, signer=Role.POLICY), "role_not_allowed"),
    "by the ledger": (lambda g, e: resolved(g, e, signer=Role.LEDGER), "role_not_allowed"),
    "about another agent": (lambda g, e: resolved(g, e, agent="other-agent"), "not_mine"),
    "about another digest": (lambda g, e: resolved(g, e, digest="0" * 64), "not_mine"),
    "about another action": (lambda g, _: outcome(g, proposed(g, "db.other")), "not_mine"),
    "under another key": (lambda g, e: replace(resolved(g, e), key=b"other"), "key_mismatch"),
    "unsigned": (lambda g, e: replace(resolved(g, e), signature=None), "unsigned"),
    "changed": (
        lambda g, e: replace(m := resolved(g, e), value=m.value.replace(b"denied", b"allowed")),
        "bad_signature",
    ),
    "in another topic": (lambda g, e: replace(resolved(g, e), topic="actions.decided.v1"), "role_not_allowed"),
    "allowed without a grant": (lambda g, e: resolved(g, e, outcome=Outcome.ALLOWED), "no_grant"),
    "approved without a grant": (lambda g, e: resolved(g, e, outcome=Outcome.APPROVED), "no_grant"),
    "with a grant for another": (
        lambda g, e: resolved(g, e, outcome=Outcome.ALLOWED, grant=their_grant(g)),
        "commitment_mismatch",
    ),
}


class TestJudge:
    @pytest.mark.parametrize("case", IGNORED)
    def test_what_is_not_this_actions_outcome_is_not_believed(self, gate: FakeGate, case: str) -> None:
        message, code = IGNORED[case]
        entry = proposed(gate)
        with pytest.raises(ContractError) as raised:
            judge(message(gate, entry), entry, gate.stand_in.trust.current(), now=now())
        assert raised.value.code == code

    @pytest.mark.parametrize("said", list(Outcome))
    def test_every_outcome_is_told(self, gate: FakeGate, said: Outcome) -> None:
        entry = proposed(gate)
        settled = judge(outcome(gate, entry, said), entry, gate.stand_in.trust.current(), now=now())
        assert settled.outcome is said
        assert (type(settled) is Settled) == (said not in {Outcome.ALLOWED, Outcome.APPROVED})

    def test_an_outcome_from_the_future_waits_for_its_time(self, gate: FakeGate) -> None:
        entry = proposed(gate)
        with pytest.raises(ContractError, match="future_time"):
            judge(outcome(gate, entry), entry, gate.stand_in.trust.current(), now=now() - timedelta(minutes=1))


def test_the_plugin_gives_a_fake_gate(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(fake_gate):
            fake_gate.answer("a.b", "approved")
            assert fake_gate.propose("a.b", "c://d", {}).wait(1).outcome == "approved"
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
