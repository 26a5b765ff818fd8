"""What an incoming event asks for, decided before anything is written. Pure.

Rules:
- A decision counts only as far as its signatures carry it; a failure always denies; a follow-up only withdraws.
- Whatever is not understood ends as denied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from placet.events import ActionClassified, ActionDecided, ActionFailed, ActionFollowed, Outcome, Retry, Verdict
from placet.trust import Trust
from placet.verify import Verified
from services.approver.decide import withdrawn
from services.approver.evidence import Originals, admit, check_originals
from services.approver.model import Claim, Decision, Refused, Settlement

NO_DIGEST: Final = "0" * 64
"""Stands for the digest of a message too broken to have one."""

_PASSING: Final = frozenset({"internal", "timeout", "overload", "too_slow", "unavailable"})
"""Codes of failures that may not come again."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The action ends at once."""

    claim: Claim
    settlement: Settlement
    decision: Decision | None
    """None where nothing that holds was decided about it."""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Holds:
    """The action is to be held for review."""

    claim: Claim
    decision: Decision
    decided: ActionDecided
    classified: ActionClassified


@dataclass(frozen=True, slots=True)
class Withdraws:
    """The agent takes its action back."""

    claim: Claim
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do."""

    claim: Claim
    why: str


Arrival = Ends | Holds | Withdraws | Ignored


def needs_originals(message: Verified[Any]) -> bool:
    """Whether the messages that a decision rests on must be fetched first."""
    return isinstance(message.data, ActionDecided) and message.data.decision is Verdict.REVIEW


def arrival(message: Verified[Any], originals: Originals | None, trust: Trust, *, at: datetime) -> Arrival:
    """What a verified message asks for; `originals` where `needs_originals` said so."""
    trace = message.message.trace
    match message.data:
        case ActionDecided() as decided:
            return _decided(decided, originals, trust, at, trace)
        case ActionFailed() as failed:
            return _failed(failed, trace)
        case ActionFollowed() as followed:
            claim = Claim(action_id=followed.action_id, agent=followed.agent, digest=followed.digest)
            return Withdraws(claim, trace) if followed.step == "withdrawn" else Ignored(claim, "nothing_was_asked")
        case other:
            raise TypeError(f"settle does not consume {type(other).__name__}")


def _decided(decided: ActionDecided, originals: Originals | None, trust: Trust, at: datetime, trace: str) -> Arrival:
    claim = Claim(action_id=decided.action_id, agent=decided.agent, digest=decided.digest)
    decision = admit(decided, trust, at=at)
    if isinstance(decision, Refused):
        return _refusal(claim, decision, trace)
    decision = replace(decision, trace=trace)
    if decided.decision is Verdict.REVIEW:
        found = originals or Originals(None, None)
        classified = check_originals(decision, decided.classification, found, trust, at=at)
        if isinstance(classified, Refused):
            return _refusal(claim, classified, trace)
        return Holds(claim, decision, decided, classified)
    reasons = " ".join(decided.reasons)
    if decided.decision is Verdict.ALLOW:
        sentence = reasons or "The policy allows it."
        return Ends(claim, Settlement(Outcome.ALLOWED, "policy_allows", sentence, Retry.NEVER), decision)
    sentence = reasons or "No rule permits it."
    return Ends(claim, Settlement(Outcome.DENIED, "policy_denies", sentence, Retry.AFTER_CHANGE), decision)


def _refusal(claim: Claim, refused: Refused, trace: str) -> Ends:
    return Ends(claim, Settlement(Outcome.DENIED, refused.code, refused.sentence, refused.retry), None, trace)


def _failed(failed: ActionFailed, trace: str) -> Ends:
    claim = Claim(action_id=failed.action_id, agent=failed.agent, digest=failed.digest or NO_DIGEST)
    retry = Retry.LATER if failed.code in _PASSING else Retry.AFTER_CHANGE
    sentence = f"The action could not be processed ({failed.stage}: {failed.code})."
    return Ends(claim, Settlement(Outcome.DENIED, failed.code, sentence, retry), None, trace)


def early_withdrawal(one: Withdraws) -> Ends:
    """The end of an action withdrawn before anything was decided about it."""
    return Ends(one.claim, withdrawn(), None, one.trace)
