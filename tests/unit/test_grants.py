"""Two keys to every grant, and the ways they do not fit together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from placet.catalogue import Role, derived_id
from placet.enrol import disable_agent
from placet.errors import ContractError, VerificationError
from placet.events import Action, Verdict
from placet.grants import (
    Commitment,
    GrantClaims,
    VerdictClaims,
    check_commitment,
    check_redeemable,
    commitment_digest,
    grant_id,
    grant_window,
    sign_claims,
    verify_claims,
    verify_commitment,
    verify_grant,
)
from placet.keys import Signer
from placet.limits import GRANT_SECONDS
from placet.requirement import Requirement, parse
from placet.trust import Trust, sign_trust
from tests.factories import NOW, World, new_action_id

WORLD = World()
TRUST = WORLD.trust()
PROPOSED = WORLD.proposed()
COMMITMENT = verify_commitment(PROPOSED.commitment, TRUST, at=NOW)
REQUIREMENT = Requirement(approvals=parse("1 from data-owners"), timeout_seconds=60)


def verdict(signer: Signer | None = None, **changes: Any) -> str:
    fields: dict[str, Any] = {
        "action_id": PROPOSED.action_id,
        "commitment": commitment_digest(PROPOSED.commitment),
        "decision": Verdict.ALLOW,
        "rules": ("a/b",),
        "requirement": None,
        "policy": "1" * 64,
        "input": "2" * 64,
        "trust": TRUST.digest,
        "decided_at": NOW,
    }
    return sign_claims(VerdictClaims(**{**fields, **changes}), signer or WORLD.services[Role.POLICY])


def grant(signer: Signer | None = None, **changes: Any) -> str:
    not_before, expires = grant_window(NOW, PROPOSED.deadline)
    fields: dict[str, Any] = {
        "sub": "/agents/nightly-export",
        "aud": "/executors/warehouse",
        "jti": grant_id(PROPOSED.action_id),
        "action_id": PROPOSED.action_id,
        "digest": PROPOSED.digest,
        "commitment": PROPOSED.commitment,
        "verdict": verdict(),
        "reviewers": (),
        "trust": TRUST.digest,
        "nbf": not_before,
        "exp": expires,
    }
    return sign_claims(GrantClaims(**{**fields, **changes}), signer or WORLD.services[Role.SETTLE])


OTHER = WORLD.proposed()
THEIR = WORLD.proposed(agent="other-agent")

BAD_GRANTS: dict[str, tuple[str, str]] = {
    "minted by the policy": (grant(WORLD.services[Role.POLICY]), "role_not_allowed"),
    "minted by the agent": (grant(WORLD.agents["nightly-export"]), "role_not_allowed"),
    "minted by a stranger": (grant(Signer.generate("/services/settle")), "unknown_key"),
    "verdict by settle itself": (grant(verdict=verdict(WORLD.services[Role.SETTLE])), "role_not_allowed"),
    "verdict that denies": (grant(verdict=verdict(decision=Verdict.DENY)), "verdict_denies"),
    "verdict about another commitment": (
        grant(verdict=verdict(commitment=commitment_digest(OTHER.commitment))),
        "verdict_mismatch",
    ),
    "verdict about another action": (grant(verdict=verdict(action_id=OTHER.action_id)), "action_mismatch"),
    "grant for another action": (grant(action_id=OTHER.action_id), "action_mismatch"),
    "a second grant id": (grant(jti=derived_id("a", "b", "c")), "action_mismatch"),
    "grant for another agent": (grant(sub="/agents/other-agent"), "agent_mismatch"),
    "commitment of another agent": (
        grant(commitment=THEIR.commitment, verdict=verdict(commitment=commitment_digest(THEIR.commitment))),
        "action_mismatch",
    ),
    "other bytes": (grant(digest="0" * 64), "digest_mismatch"),
    "review without reviewers": (
        grant(verdict=verdict(decision=Verdict.REVIEW, requirement=REQUIREMENT)),
        "reviewers_mismatch",
    ),
    "reviewers without review": (grant(reviewers=("alice",)), "reviewers_mismatch"),
    "a verdict in place of the grant": (verdict(), "role_not_allowed"),
    "a commitment in place of the verdict": (grant(verdict=PROPOSED.commitment), "role_not_allowed"),
    "last character changed": (grant()[:-1] + ("A" if grant()[-1] != "A" else "B"), "bad_signature"),
    "payload swapped": (
        ".".join((grant().split(".")[0], grant(nbf=0).split(".")[1], grant().split(".")[2])),
        "bad_signature",
    ),
}


@pytest.mark.parametrize("name", BAD_GRANTS)
def test_a_bad_grant_is_refused_by_name(name: str) -> None:
    token, code = BAD_GRANTS[name]
    with pytest.raises(ContractError) as refused:
        verify_grant(token, TRUST, at=NOW)
    assert refused.value.code == code


@pytest.mark.parametrize("token", ["", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "é.é.é", "a" * 50_000])
def test_what_is_no_grant_at_all_is_a_named_error(token: str) -> None:
    with pytest.raises(ContractError):
        verify_grant(token, TRUST, at=NOW)


def test_a_good_grant_is_verified_and_redeemable() -> None:
    verified = verify_grant(grant(), TRUST, at=NOW)
    check_redeemable(verified, TRUST, executor="warehouse", now=NOW)
    reviewed = grant(verdict=verdict(decision=Verdict.REVIEW, requirement=REQUIREMENT), reviewers=("alice",))
    assert verify_grant(reviewed, TRUST, at=NOW).verdict.requirement == REQUIREMENT


def redeem_code(token: str, *, executor: str = "warehouse", after: float = 0.0, trust: Trust = TRUST) -> str:
    verified = verify_grant(token, TRUST, at=NOW)
    with pytest.raises(VerificationError) as refused:
        check_redeemable(verified, trust, executor=executor, now=NOW + timedelta(seconds=after))
    return refused.value.code


def test_a_grant_is_for_its_audience_and_its_time_only() -> None:
    assert redeem_code(grant(), executor="elsewhere") == "wrong_audience"
    assert redeem_code(grant(aud="/executors/elsewhere")) == "wrong_audience"
    assert redeem_code(grant(), after=GRANT_SECONDS) == "grant_expired"
    assert redeem_code(grant(), after=-6) == "grant_not_yet_valid"
    check_redeemable(verify_grant(grant(), TRUST, at=NOW), TRUST, executor="warehouse", now=NOW + timedelta(seconds=-5))
    start = int(NOW.timestamp())
    assert redeem_code(grant(exp=start + GRANT_SECONDS + 1)) == "grant_too_long"
    soon = WORLD.proposed(deadline=NOW + timedelta(seconds=10))
    long = grant(
        action_id=soon.action_id,
        jti=grant_id(soon.action_id),
        digest=soon.digest,
        commitment=soon.commitment,
        verdict=verdict(action_id=soon.action_id, commitment=commitment_digest(soon.commitment)),
        exp=start + 60,
    )
    assert redeem_code(long) == "grant_too_long"


def test_a_disabled_agents_unredeemed_grant_is_refused() -> None:
    document = disable_agent(WORLD.document(), "nightly-export", now=NOW)
    assert redeem_code(grant(), trust=Trust.verify(sign_trust(document, WORLD.root), WORLD.root.public)) == (
        "agent_disabled"
    )


def test_the_window_never_passes_the_deadline() -> None:
    start = int(NOW.timestamp())
    assert grant_window(NOW, NOW + timedelta(days=1)) == (start, start + GRANT_SECONDS)
    assert grant_window(NOW, NOW + timedelta(seconds=7)) == (start, start + 7)
    with pytest.raises(VerificationError, match="past_deadline"):
        grant_window(NOW, NOW)


def test_a_commitment_speaks_for_its_signer_only() -> None:
    stolen = sign_claims(COMMITMENT, WORLD.agents["other-agent"])
    with pytest.raises(VerificationError, match="agent_mismatch"):
        verify_commitment(stolen, TRUST, at=NOW)


def test_a_jws_of_one_kind_is_worth_nothing_as_another() -> None:
    as_grant = WORLD.services[Role.SETTLE].sign_jws(b"{}", "placet-verdict+jwt")
    with pytest.raises(VerificationError, match="bad_header"):
        verify_claims(as_grant, GrantClaims, TRUST, at=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": Action(name="db.drop", resource="postgres://warehouse/customers", arguments={})},
        {"action": Action(name="db.query", resource="postgres://elsewhere/customers", arguments={})},
        {"digest": "0" * 64},
        {"deadline": NOW + timedelta(days=2)},
        {"on_behalf_of": "frank"},
        {"action_id": new_action_id()},
        {"edit_of": new_action_id()},
        {"agent": "other-agent"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_proposal_that_differs_from_its_commitment_is_refused(changes: dict[str, Any]) -> None:
    check_commitment(PROPOSED, COMMITMENT)
    with pytest.raises(VerificationError, match="commitment_mismatch"):
        check_commitment(PROPOSED.model_copy(update=changes), COMMITMENT)


def test_every_field_of_a_commitment_is_compared() -> None:
    assert set(Commitment.model_fields) == {
        "action_id", "agent", "on_behalf_of", "name", "resource", "deadline", "edit_of", "digest",
    }  # fmt: skip
