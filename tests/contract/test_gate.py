"""The gate's contract, held by the real one on Kafka and by the fake: one class, two fixtures."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from placet.canonical import payload_bytes, sha256_hex
from placet.events import Outcome
from placet.gate import AsyncGate, ProposalError
from placet.grants import verify_commitment, verify_grant
from placet.outcomes import (
    Allowed,
    Approved,
    ClientError,
    Denied,
    Expired,
    Granted,
    NotGrantedError,
    Rejected,
    StillPendingError,
    Superseded,
    Withdrawn,
)
from placet.testing.settle import Answer
from tests.factories import now
from tests.fix_gate import Stage

RESOURCE = "postgres://warehouse/customers"
ARGUMENTS = {"sql": "SELECT count(*) FROM customers", "limit": 10}


@pytest.fixture(params=["fake", "kafka"])
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue(f"{request.param}_stage")
    return found


def propose(stage: Stage, **changes: Any) -> Any:
    wish: dict[str, Any] = {"name": "db.query", "resource": RESOURCE, "arguments": ARGUMENTS, "purpose": "report"}
    return stage.gate.propose(**{**wish, **changes})


class TestGate:
    def test_what_arrives_is_what_was_committed_to(self, stage: Stage) -> None:
        pending = propose(stage, preview=[1, 2], on_behalf_of="frank", session="s-1")
        proposed = stage.proposed(pending.action_id)
        payload = payload_bytes(arguments=ARGUMENTS, preview=[1, 2], purpose="report", nonce=proposed.nonce)
        commitment = verify_commitment(proposed.commitment, stage.stand_in.trust.current(), at=now())
        assert proposed.digest == commitment.digest == sha256_hex(payload)
        assert (commitment.name, commitment.resource, commitment.on_behalf_of) == ("db.query", RESOURCE, "frank")
        assert proposed.session == "s-1"
        assert commitment.deadline == pending.deadline

    @pytest.mark.parametrize(("outcome", "kind"), [("allowed", Allowed), ("approved", Approved)])
    def test_assent_comes_with_a_ticket_for_these_bytes(self, stage: Stage, outcome: str, kind: type[Granted]) -> None:
        pending = propose(stage)
        stage.resolve(pending.action_id, outcome, rules=("reads/aggregate",), labels=("pii",))
        granted = pending.wait(30)
        assert isinstance(granted, kind)
        assert (granted.rules, granted.labels) == (("reads/aggregate",), ("pii",))
        verified = verify_grant(granted.ticket.grant, stage.stand_in.trust.current(), at=now())
        assert verified.grant.digest == sha256_hex(granted.ticket.payload)
        assert json.loads(granted.ticket.payload)["arguments"] == ARGUMENTS

    @pytest.mark.parametrize(
        ("outcome", "kind"),
        [
            ("denied", Denied),
            ("rejected", Rejected),
            ("expired", Expired),
            ("withdrawn", Withdrawn),
            ("superseded", Superseded),
        ],
    )
    def test_every_other_outcome_is_an_error_of_its_own(
        self, stage: Stage, outcome: str, kind: type[NotGrantedError]
    ) -> None:
        pending = propose(stage)
        stage.resolve(pending.action_id, outcome, code="because", sentence="Because of this.", rules=("a/b",))
        with pytest.raises(kind, match=r"Because of this\.") as raised:
            pending.wait(30)
        assert raised.value.action_id == pending.action_id
        assert (raised.value.code, raised.value.rules, raised.value.retry) == ("because", ("a/b",), "never")
        settled = pending.outcome()
        assert settled is not None
        assert settled.outcome == outcome

    def test_two_equal_proposals_are_two_actions_with_an_answer_each(self, stage: Stage) -> None:
        first, second = propose(stage), propose(stage)
        stage.resolve(second.action_id, "denied")
        stage.resolve(first.action_id, "allowed")
        assert first.wait(30).action_id == first.action_id
        with pytest.raises(Denied):
            second.wait(30)

    def test_many_wait_at_once(self, stage: Stage) -> None:
        pending = [propose(stage) for _ in range(20)]
        for each in reversed(pending):
            stage.resolve(each.action_id, "allowed")
        assert {each.wait(30).action_id for each in pending} == {each.action_id for each in pending}

    def test_a_waiter_that_gives_up_withdraws(self, stage: Stage) -> None:
        pending = propose(stage)
        stage.proposed(pending.action_id)
        with pytest.raises(Withdrawn):
            pending.wait(0.01)

    def test_a_waiter_may_leave_the_action_be(self, stage: Stage) -> None:
        pending = propose(stage)
        with pytest.raises(StillPendingError):
            pending.wait(0.01, on_timeout="leave")
        stage.resolve(pending.action_id, "approved")
        assert pending.wait(30).outcome == Outcome.APPROVED

    def test_another_process_learns_the_outcome(self, stage: Stage) -> None:
        pending = propose(stage)
        other = stage.another()
        assert other.outcome(pending.action_id) is None
        stage.resolve(pending.action_id, "approved")
        settled = other.outcome(pending.action_id)
        assert isinstance(settled, Approved)
        assert settled.ticket == pending.wait(30).ticket
        other.close()

    def test_another_process_takes_up_what_is_pending(self, stage: Stage) -> None:
        done, pending = propose(stage), propose(stage)
        stage.resolve(done.action_id, "denied")
        assert done.outcome(30)
        stage.resolve(pending.action_id, "allowed")
        assert pending.outcome(30)
        late = propose(stage)
        other = stage.another()
        resumed = {each.action_id: each for each in other.resume()}
        assert set(resumed) == {late.action_id}
        stage.resolve(late.action_id, "allowed")
        assert resumed[late.action_id].wait(30).ticket.payload == late.wait(30).ticket.payload
        other.close()

    def test_another_process_withdraws(self, stage: Stage) -> None:
        pending = propose(stage)
        stage.proposed(pending.action_id)
        other = stage.another()
        other.withdraw(pending.action_id)
        with pytest.raises(Withdrawn):
            pending.wait(30)
        other.close()

    def test_an_action_of_nobody_is_an_error(self, stage: Stage) -> None:
        for ask in (stage.gate.outcome, stage.gate.withdraw, stage.gate.pending):
            with pytest.raises(ClientError, match="holds no action"):
                ask("01890a5d-ac96-774b-bcce-b302099a8057")

    def test_an_outcome_for_other_bytes_is_ignored(self, stage: Stage) -> None:
        pending = propose(stage)
        proposed = stage.proposed(pending.action_id)
        forged = proposed.model_copy(update={"digest": "0" * 64})
        stage.put(stage.stand_in.resolve(forged, Answer(Outcome.DENIED), now=now()))
        stage.resolve(pending.action_id, "allowed")
        assert pending.wait(30).outcome == Outcome.ALLOWED

    def test_an_outcome_under_a_grant_for_another_action_is_ignored(self, stage: Stage) -> None:
        wanted, other = propose(stage), propose(stage)
        theirs = stage.stand_in.resolve(stage.proposed(other.action_id), Answer(Outcome.ALLOWED), now=now())
        stage.put(type(theirs)(theirs.topic, wanted.action_id.encode(), theirs.value, theirs.signature))
        stage.resolve(wanted.action_id, "denied")
        with pytest.raises(Denied):
            wanted.wait(30)

    def test_an_unsigned_outcome_is_ignored(self, stage: Stage) -> None:
        pending = propose(stage)
        answer = stage.stand_in.resolve(stage.proposed(pending.action_id), Answer(Outcome.ALLOWED), now=now())
        stage.put(type(answer)(answer.topic, answer.key, answer.value, answer.signature[:-4] + b"AAAA"))
        stage.resolve(pending.action_id, "denied")
        with pytest.raises(Denied):
            pending.wait(30)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"name": "DB Query"}, "bad_name"),
            ({"resource": "postgres://user:secret@warehouse/x"}, "bad_resource"),
            ({"arguments": {"x": float("nan")}}, "non_finite"),
            ({"arguments": {"x": 2**60}}, "integer_range"),
            ({"arguments": {"x": object()}}, "not_json"),
            ({"arguments": {"x": "a" * 300_000}}, "oversize"),
            ({"purpose": "a" * 3000}, "bad_purpose"),
            ({"deadline": timedelta(days=30)}, "bad_deadline"),
            ({"deadline": timedelta(seconds=-1)}, "bad_deadline"),
            ({"on_behalf_of": "frank@example.com"}, "bad_on_behalf_of"),
            ({"session": "a b"}, "bad_session"),
        ],
    )
    def test_what_breaks_the_contract_is_never_sent(self, stage: Stage, changes: dict[str, Any], code: str) -> None:
        with pytest.raises(ProposalError) as raised:
            propose(stage, **changes)
        assert raised.value.code == code
        assert "secret" not in str(raised.value)
        assert stage.gate.resume() == []

    def test_closing_lets_waiters_go_but_not_the_action(self, stage: Stage) -> None:
        pending = propose(stage)
        threading.Timer(0.05, stage.gate.close).start()
        with pytest.raises(ClientError, match="closed"):
            pending.wait(30)
        stage.resolve(pending.action_id, "allowed")
        other = stage.another()
        assert other.outcome(pending.action_id) is not None
        other.close()

    async def test_awaited(self, stage: Stage) -> None:
        gate = AsyncGate(gate=stage.gate)
        pending = await gate.propose("db.query", RESOURCE, ARGUMENTS)
        assert await gate.outcome(pending.action_id) is None
        waiting = asyncio.create_task(pending.wait(30))
        await asyncio.to_thread(stage.resolve, pending.action_id, "approved")
        assert (await waiting).outcome == Outcome.APPROVED

    async def test_a_cancelled_task_withdraws(self, stage: Stage) -> None:
        gate = AsyncGate(gate=stage.gate)
        pending = await gate.propose("db.query", RESOURCE, ARGUMENTS)
        await asyncio.to_thread(stage.proposed, pending.action_id)
        waiting = asyncio.create_task(pending.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        settled = await pending.outcome(30)
        assert settled is not None
        assert settled.outcome == Outcome.WITHDRAWN

    async def test_an_awaited_waiter_that_gives_up_withdraws(self, stage: Stage) -> None:
        pending = await AsyncGate(gate=stage.gate).propose("db.query", RESOURCE, ARGUMENTS)
        await asyncio.to_thread(stage.proposed, pending.action_id)
        with pytest.raises(Withdrawn):
            await pending.wait(0.01)
