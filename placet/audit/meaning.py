"""The meaning side of an audit: collects the events of each action and checks each as it comes.

Rules (each event against its own signatures; `placet.audit.rules` then judges the whole action):
- classified: its commitment is signed by the agent it names and says what the event says.
- decided: its verdict is signed by policy, is about that commitment, and says what the event says in the open.
- resolved: allowed and approved carry a grant whose both keys verify; no other outcome carries one.
- reviews: the numbers run from 0, each once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from placet.audit.chain import Chain, Decision, Ending, Run
from placet.audit.report import ProblemCode, Report
from placet.audit.rules import judge
from placet.canonical import sha256_hex
from placet.errors import ContractError, VerificationError
from placet.events import (
    ActionClassified,
    ActionDecided,
    ActionExecuted,
    ActionFailed,
    ActionFollowed,
    ActionResolved,
    ExecutionStatus,
    Outcome,
    ReviewRecorded,
)
from placet.grants import (
    Commitment,
    VerdictClaims,
    VerifiedGrant,
    check_commitment,
    commitment_digest,
    verify_claims,
    verify_commitment,
    verify_grant,
)
from placet.trust import Trust
from placet.verify import Verified

GRANTING = frozenset({Outcome.ALLOWED, Outcome.APPROVED})


class MeaningAuditor:
    """One `Chain` per action; memory grows with the number of actions, not with their payloads."""

    def __init__(self, report: Report, *, grace: timedelta) -> None:
        """`grace`: an action with evidence this young (against the newest entry) is not yet judged incomplete."""
        self._report = report
        self._grace = grace
        self._chains: dict[str, Chain] = {}
        self._newest: datetime | None = None
        self._take: dict[type, Callable[[int, Any, Chain, Trust, datetime], None]] = {
            ActionClassified: self._classified,
            ActionDecided: self._decided,
            ActionFailed: self._failed,
            ReviewRecorded: self._recorded,
            ActionResolved: self._resolved,
            ActionFollowed: self._followed,
            ActionExecuted: self._executed,
        }

    def event(self, seq: int, verified: Verified[Any], trust: Trust, at: datetime) -> None:
        """Take one verified event, received `at`."""
        self._newest = at if self._newest is None else max(at, self._newest)
        take = self._take.get(type(verified.data))
        if take is None:
            return
        chain = self._chains.setdefault(verified.data.action_id, Chain(verified.data.action_id, at))
        chain.newest = max(at, chain.newest)
        take(seq, verified.data, chain, trust, at)

    def finish(self) -> None:
        """Judge every action."""
        for chain in self._chains.values():
            newest = self._newest or chain.newest
            judge(chain, self._report, now=newest, fresh=newest - chain.newest < self._grace)
        self._report.actions = len(self._chains)

    def _classified(self, seq: int, data: ActionClassified, chain: Chain, trust: Trust, at: datetime) -> None:
        try:
            self._commit(data, chain, verify_commitment(data.commitment, trust, at=at))
        except ContractError as error:
            self._bad(chain, ProblemCode.COMMITMENT_BAD, error, seq)
            return
        chain.classified.add(data.digest)

    def _decided(self, seq: int, data: ActionDecided, chain: Chain, trust: Trust, at: datetime) -> None:
        try:
            commitment = verify_commitment(data.commitment, trust, at=at)
            if (commitment.action_id, commitment.agent, commitment.digest) != (data.action_id, data.agent, data.digest):
                raise VerificationError("commitment_mismatch", "the decision differs from the commitment it carries")
        except ContractError as error:
            self._bad(chain, ProblemCode.COMMITMENT_BAD, error, seq)
            return
        chain.commitments.setdefault(data.digest, commitment)
        try:
            claims, _ = verify_claims(data.verdict, VerdictClaims, trust, at=at)
            _same_verdict(claims, data)
        except ContractError as error:
            self._bad(chain, ProblemCode.VERDICT_BAD, error, seq)
            return
        chain.decisions.append(Decision.of(data))

    def _failed(self, _seq: int, _data: ActionFailed, chain: Chain, _trust: Trust, _at: datetime) -> None:
        chain.failed = True

    def _recorded(self, seq: int, data: ReviewRecorded, chain: Chain, trust: Trust, _at: datetime) -> None:
        agent = trust.agents.get(data.agent)
        content = sha256_hex(data.model_dump_json().encode())
        if not chain.record(seq, data, None if agent is None else agent.owner, content):
            error = VerificationError("divergent", f"step {data.sequence} of the review exists twice, and differs")
            self._bad(chain, ProblemCode.REVIEW_BAD, error, seq)

    def _resolved(self, seq: int, data: ActionResolved, chain: Chain, trust: Trust, at: datetime) -> None:
        granted: VerifiedGrant | None = None
        try:
            if data.outcome in GRANTING and data.grant is None:
                raise VerificationError("no_grant", f"the outcome is {data.outcome}, without a grant")
            if data.outcome not in GRANTING and data.grant is not None:
                raise VerificationError("stray_grant", f"the outcome is {data.outcome}, with a grant")
            if data.grant is not None:
                granted = verify_grant(data.grant, trust, at=at)
                _same_action(granted, data)
        except ContractError as error:
            self._bad(chain, ProblemCode.GRANT_BAD, error, seq)
            granted = None
        chain.endings.append(Ending(seq, data, granted))

    def _followed(self, _seq: int, data: ActionFollowed, chain: Chain, _trust: Trust, _at: datetime) -> None:
        if data.step == "withdrawn":
            chain.withdrawn_by.add(data.agent)

    def _executed(self, seq: int, data: ActionExecuted, chain: Chain, _trust: Trust, _at: datetime) -> None:
        if data.status is not ExecutionStatus.REFUSED:
            chain.runs.append(Run(seq, data))

    def _commit(self, data: ActionClassified, chain: Chain, commitment: Commitment) -> None:
        check_commitment(data, commitment)
        chain.commitments.setdefault(data.digest, commitment)

    def _bad(self, chain: Chain, code: ProblemCode, error: ContractError, seq: int) -> None:
        chain.broken = True
        self._report.add(code, str(error), seq=seq, action_id=chain.action_id)


def _same_verdict(claims: VerdictClaims, data: ActionDecided) -> None:
    said = (data.action_id, commitment_digest(data.commitment), data.decision, data.rules, data.requirement)
    signed = (claims.action_id, claims.commitment, claims.decision, claims.rules, claims.requirement)
    if said != signed or (data.policy_digest, data.input_digest) != (claims.policy, claims.input):
        raise VerificationError("verdict_mismatch", "the decision says something else than its signed verdict")


def _same_action(granted: VerifiedGrant, data: ActionResolved) -> None:
    commitment = granted.commitment
    if (commitment.action_id, commitment.agent, commitment.digest) != (data.action_id, data.agent, data.digest):
        raise VerificationError("grant_mismatch", "the grant is about another action than its outcome")
