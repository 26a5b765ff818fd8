"""One classified action in, one decision out.

Three steps for each message: gather (who asks, by the trust file; the rules in force), decide, write down.

Rules:
- Everything the decision is signed for (its time included) comes from the signed message, so a message that comes
  again gives the same bytes. Only deadlines and keys are held against the clock.
- An authentic message that cannot be processed becomes ActionFailed, which settle resolves as denied.
- Logs and metrics hold ids, rules and digests; never a reason, an argument or a label's value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from placet.base import ActionId, AgentId, Sha256, Timestamp
from placet.canonical import sha256_hex, strict_loads
from placet.catalogue import Topic
from placet.errors import ContractError, DecodeError
from placet.events import ActionClassified, ActionDecided, ActionFailed, Stage
from placet.grants import VerdictClaims, commitment_digest, sign_claims, verify_commitment
from placet.keys import Signer
from placet.messages import Outgoing, seal
from placet.trust import Trust
from placet.verify import Authenticated, Verified
from services.chassis import logs
from services.chassis.telemetry import Attribute, Attributes, Metric, SpanName, count, span
from services.policy.decide import decide
from services.policy.model import Decision
from services.policy.ports import Clock, Rulebooks, Trusts
from services.policy.standing import Standing

NOBODY: Final = "unknown"
"""Stands for the agent where a broken message does not say it."""


class PolicyService:
    """The stream service of policy."""

    consumes = (Topic.CLASSIFIED,)

    def __init__(self, *, rulebooks: Rulebooks, trusts: Trusts, signer: Signer, clock: Clock) -> None:
        self._rulebooks, self._trusts, self._signer, self._clock = rulebooks, trusts, signer, clock

    def handle(self, batch: Sequence[Verified[ActionClassified]]) -> list[list[Outgoing]]:
        """One ActionDecided for each message; one rulebook and one trust file for the whole batch."""
        rulebook, trust, now = self._rulebooks.current(), self._trusts.current(), self._clock()
        published = []
        for received in batch:
            classified, moment = received.data, received.envelope.time
            about: Attributes = {Attribute.ACTION_ID: classified.action_id}
            with span(SpanName.DECIDE, received.message.trace, about) as current:
                standing = _standing(classified, trust, at=now)
                decision = decide(classified, standing, rulebook, now=now, moment=moment)
                decided = self._decided(received, decision, trust)
                current.set_attribute(Attribute.DECISION, decision.verdict.value)
            published.append([seal(decided, self._signer, time=moment, trust_digest=trust.digest)])
            count(Metric.DECISIONS, decision=decision.verdict.value)
            logs.get_logger().info(
                "decided",
                action_id=classified.action_id,
                agent=classified.agent,
                decision=decision.verdict,
                rules=decision.rules,
                policy=decision.policy_digest,
            )
        return published

    def unprocessable(self, authentic: Authenticated, code: str) -> list[Outgoing]:
        """ActionFailed, as far as the message says whose action it was; nothing where it names no action at all."""
        action_id, agent, digest, moment = _named(authentic)
        logs.get_logger().error("undecidable", action_id=action_id, code=code, offset=authentic.message.offset)
        if action_id is None:
            return []
        failed = ActionFailed(
            action_id=action_id,
            agent=agent or NOBODY,
            digest=digest,
            stage=Stage.DECIDE,
            code=code,
            failed_sha256=sha256_hex(authentic.message.value),
        )
        return [seal(failed, self._signer, time=moment or self._clock(), trust_digest=self._trusts.current().digest)]

    def _decided(self, received: Verified[ActionClassified], decision: Decision, trust: Trust) -> ActionDecided:
        classified = received.data
        claims = VerdictClaims(
            action_id=classified.action_id,
            commitment=commitment_digest(classified.commitment),
            decision=decision.verdict,
            rules=decision.rules,
            requirement=decision.requirement,
            policy=decision.policy_digest,
            input=decision.input_digest,
            trust=trust.digest,
            decided_at=received.envelope.time,
        )
        return ActionDecided(
            action_id=classified.action_id,
            agent=classified.agent,
            digest=classified.digest,
            commitment=classified.commitment,
            decision=decision.verdict,
            rules=decision.rules,
            reasons=decision.reasons,
            requirement=decision.requirement,
            labels=classified.labels,
            likeness=classified.likeness,
            policy_digest=decision.policy_digest,
            input_digest=decision.input_digest,
            proposal=classified.proposal,
            classification=received.message.position,
            verdict=sign_claims(claims, self._signer),
        )


def _standing(classified: ActionClassified, trust: Trust, *, at: datetime) -> Standing:
    try:
        commitment = verify_commitment(classified.commitment, trust, at=at)
    except ContractError as error:
        logs.get_logger().warning("commitment_refused", action_id=classified.action_id, code=error.code)
        commitment = None
    return Standing(commitment=commitment, agent=trust.agents.get(classified.agent))


_FORMS: Final[dict[str, TypeAdapter[Any]]] = {
    "action_id": TypeAdapter(ActionId),
    "agent": TypeAdapter(AgentId),
    "digest": TypeAdapter(Sha256),
    "time": TypeAdapter(Timestamp),
}


def _named(authentic: Authenticated) -> tuple[str | None, str | None, str | None, datetime | None]:
    """Action id, agent, digest and time, each where a broken message says it in its own form."""
    try:
        parsed: Any = strict_loads(authentic.message.value)
    except DecodeError:
        parsed = None
    envelope = parsed if isinstance(parsed, dict) else {}
    data = envelope.get("data")
    data = data if isinstance(data, dict) else {}
    key = (authentic.message.key or b"").decode("utf-8", "replace")
    return (
        _valid("action_id", data.get("action_id", key)),
        _valid("agent", data.get("agent")),
        _valid("digest", data.get("digest")),
        _valid("time", envelope.get("time")),
    )


def _valid(field: str, value: Any) -> Any:
    try:
        return _FORMS[field].validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return None
