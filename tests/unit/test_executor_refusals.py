"""What an executor must not run, each under its own code, each reported, and nothing of it run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from placet.canonical import strict_loads
from placet.catalogue import Role, Topic
from placet.events import ExecutionStatus, Outcome, Verdict
from placet.executor import RefusedError
from placet.grants import commitment_digest, grant_id, sign_claims, verify_grant
from placet.keys import Signer, decode_base64url, encode_base64url
from placet.outcomes import Ticket
from tests.factories import now
from tests.fix_executor import Workbench, with_payload


def regrant(workbench: Workbench, ticket: Ticket, signer: Signer | None = None, **changes: object) -> Ticket:
    """The ticket with a grant whose claims were changed, signed by settle or by somebody else."""
    grant = verify_grant(ticket.grant, workbench.stand_in.trust.current(), at=now()).grant
    settle = signer or workbench.stand_in._services[Role.SETTLE]
    return replace(ticket, grant=sign_claims(grant.model_copy(update=changes), settle))


def reverdict(workbench: Workbench, ticket: Ticket, signer: Signer | None = None, **changes: object) -> Ticket:
    """The ticket with a verdict whose claims were changed, inside a grant that settle signed."""
    verdict = verify_grant(ticket.grant, workbench.stand_in.trust.current(), at=now()).verdict
    policy = signer or workbench.stand_in._services[Role.POLICY]
    return regrant(workbench, ticket, verdict=sign_claims(verdict.model_copy(update=changes), policy))


def flip(token: str) -> str:
    """A JWS with one bit of its payload changed."""
    header, payload, signature = token.split(".")
    body = bytearray(decode_base64url(payload))
    body[len(body) // 2] ^= 1
    return f"{header}.{encode_base64url(bytes(body))}.{signature}"


def stranger(principal: str) -> Signer:
    return Signer.generate(principal)


def settle(workbench: Workbench) -> Signer:
    return workbench.stand_in._services[Role.SETTLE]


def in_time(workbench: Workbench, ticket: Ticket, seconds: float) -> Ticket:
    workbench.ahead = timedelta(seconds=seconds)
    return ticket


def expiring(workbench: Workbench, ticket: Ticket, *, begin: int, end: int) -> Ticket:
    grant = verify_grant(ticket.grant, workbench.stand_in.trust.current(), at=now()).grant
    return regrant(workbench, ticket, nbf=grant.nbf + begin, exp=grant.nbf + end)


def disabled(workbench: Workbench, ticket: Ticket) -> Ticket:
    workbench.stand_in.write_trust(disabled=["nightly-export"])
    return ticket


def past_deadline(workbench: Workbench, ticket: Ticket) -> Ticket:
    """A grant that settle signed beyond what the agent committed to."""
    late = workbench.gates["nightly-export"].propose(
        "db.query", "postgres://warehouse/customers", {"limit": 1}, deadline=timedelta(seconds=30)
    )
    message = next(m for m in workbench.log.of(Topic.PROPOSED) if m.key == late.action_id.encode())
    data = strict_loads(message.value)["data"]
    entry = workbench.gates["nightly-export"]._journal.get(late.action_id)
    assert entry is not None
    granted = verify_grant(ticket.grant, workbench.stand_in.trust.current(), at=now())
    about = {"action_id": late.action_id, "commitment": commitment_digest(data["commitment"])}
    verdict = sign_claims(granted.verdict.model_copy(update=about), workbench.stand_in._services[Role.POLICY])
    claims = granted.grant.model_copy(
        update={
            "action_id": late.action_id,
            "jti": grant_id(late.action_id),
            "digest": data["digest"],
            "commitment": data["commitment"],
            "verdict": verdict,
            "exp": granted.grant.nbf + 200,
        }
    )
    return Ticket(
        action_id=late.action_id,
        commitment=data["commitment"],
        payload=entry.payload.encode(),
        grant=sign_claims(claims, settle(workbench)),
    )


Change = Callable[[Workbench, Ticket], Ticket]

REFUSED: dict[str, tuple[Change, str]] = {
    "changed argument": (lambda _, t: with_payload(t, b'"limit":10', b'"limit":99'), "digest_mismatch"),
    "changed purpose": (lambda _, t: with_payload(t, b'"purpose":""', b'"purpose":"x"'), "digest_mismatch"),
    "white space in the bytes": (lambda _, t: with_payload(t, b'"limit":10', b'"limit": 10'), "digest_mismatch"),
    "grant of another action": (lambda b, t: replace(t, grant=b.ticket().grant), "commitment_mismatch"),
    "grant of another agent": (lambda b, t: replace(t, grant=b.ticket(agent="other-agent").grant), "agent_mismatch"),
    "commitment of another action": (
        lambda b, t: replace(t, commitment=(other := b.ticket()).commitment, action_id=other.action_id),
        "commitment_mismatch",
    ),
    "another action's id": (lambda b, t: replace(t, action_id=b.ticket().action_id), "action_mismatch"),
    "expired": (lambda b, t: in_time(b, t, 301), "grant_expired"),
    "not valid yet": (lambda b, t: expiring(b, t, begin=60, end=300), "grant_not_yet_valid"),
    "longer than any grant": (lambda b, t: expiring(b, t, begin=0, end=301), "grant_too_long"),
    "past the deadline": (past_deadline, "grant_too_long"),
    "for another executor": (lambda b, t: regrant(b, t, aud="/executors/other"), "wrong_audience"),
    "an unknown key": (lambda b, t: regrant(b, t, signer=stranger("/services/settle")), "unknown_key"),
    "the policy's key": (lambda b, t: regrant(b, t, signer=b.stand_in._services[Role.POLICY]), "role_not_allowed"),
    "the agent's key": (lambda b, t: regrant(b, t, signer=b.stand_in._agents["nightly-export"]), "role_not_allowed"),
    "the executor's key": (lambda b, t: regrant(b, t, signer=b.stand_in._executors["warehouse"]), "role_not_allowed"),
    "a changed grant": (lambda _, t: replace(t, grant=flip(t.grant)), "bad_signature"),
    "no grant": (lambda _, t: replace(t, grant=""), "bad_header"),
    "the commitment as a grant": (lambda _, t: replace(t, grant=t.commitment), "role_not_allowed"),
    "a verdict by settle": (lambda b, t: reverdict(b, t, signer=settle(b)), "role_not_allowed"),
    "a verdict by a stranger": (lambda b, t: reverdict(b, t, signer=stranger("/services/policy")), "unknown_key"),
    "a verdict that denies": (lambda b, t: reverdict(b, t, decision=Verdict.DENY), "verdict_denies"),
    "a verdict about other bytes": (lambda b, t: reverdict(b, t, commitment="0" * 64), "verdict_mismatch"),
    "a review nobody approved": (lambda b, t: reverdict(b, t, decision=Verdict.REVIEW), "reviewers_mismatch"),
    "another grant id": (
        lambda b, t: regrant(b, t, jti="6a3f1c1e-0000-5000-8000-000000000000"),
        "action_mismatch",
    ),
    "an unknown trust file": (lambda b, t: regrant(b, t, trust="0" * 64), "unknown_trust"),
    "a disabled agent": (disabled, "agent_disabled"),
    "an action without a function": (lambda b, _: b.ticket(name="db.drop"), "unknown_action"),
    "a wrong type": (lambda b, _: b.ticket(limit="10"), "bad_arguments"),
    "a bool for a number": (lambda b, _: b.ticket(limit=True), "bad_arguments"),
    "an argument too many": (lambda b, _: b.ticket(limit=1, secret_name=2), "bad_arguments"),
    "an argument too few": (lambda b, _: b.ticket(other=1), "bad_arguments"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_and_reported_and_nothing_runs(workbench: Workbench, case: str) -> None:
    change, code = REFUSED[case]
    ticket = change(workbench, workbench.ticket())
    with pytest.raises(RefusedError) as raised:
        workbench.executor.execute(ticket)
    assert raised.value.code == code
    assert workbench.calls == []
    (report,) = workbench.reports
    assert (report.status, report.code, report.executor) == (ExecutionStatus.REFUSED, code, "warehouse")
    assert report.action_id == raised.value.report.action_id  # type: ignore[union-attr]  # it was reported
    assert report.started_at is None


def test_what_is_not_changed_runs(workbench: Workbench) -> None:
    execution = workbench.executor.execute(workbench.ticket(Outcome.APPROVED))
    assert (execution.result, workbench.calls) == (20, [10])
    (report,) = workbench.reports
    assert (report.status, report.code, report.counts) == (ExecutionStatus.SUCCEEDED, "done", {"rows": 10})


def test_a_second_use_is_refused_also_with_a_fresh_grant(workbench: Workbench) -> None:
    ticket = workbench.ticket()
    workbench.executor.execute(ticket)
    again = regrant(workbench, ticket, exp=int(now().timestamp()) + 200)
    for each in (ticket, again):
        with pytest.raises(RefusedError, match="already_redeemed"):
            workbench.executor.execute(each)
    assert workbench.calls == [10]
    assert [report.code for report in workbench.reports] == ["done", "already_redeemed", "already_redeemed"]
    assert len({report.attempt for report in workbench.reports}) == 3
    assert len({report.grant_id for report in workbench.reports}) == 1


def test_a_second_process_with_the_same_store_refuses_too(workbench: Workbench) -> None:
    ticket = workbench.ticket()
    workbench.executor.execute(ticket)
    other = workbench.make("warehouse")
    with pytest.raises(RefusedError, match="already_redeemed"):
        other.execute(ticket)
    other.close()


def test_what_nobody_known_committed_to_is_refused_without_a_report(workbench: Workbench) -> None:
    ticket = workbench.ticket()
    forged = replace(ticket, commitment=flip(ticket.commitment))
    with pytest.raises(RefusedError, match="bad_signature") as raised:
        workbench.executor.execute(forged)
    assert raised.value.report is None
    assert workbench.reports == []


def test_the_owner_of_a_report_is_who_committed_not_who_asks(workbench: Workbench) -> None:
    mine, theirs = workbench.ticket(), workbench.ticket(agent="other-agent")
    with pytest.raises(RefusedError):
        workbench.executor.execute(replace(mine, grant=theirs.grant))
    (report,) = workbench.reports
    assert (report.agent, report.action_id, report.grant_id) == ("nightly-export", mine.action_id, None)
