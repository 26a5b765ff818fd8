"""Settle's stream: what policy, classifier and agents say about actions, turned into outcomes and open reviews.

Rules:
- A batch is one transaction: claims, outcomes, reviews and everything to be published about them. Nothing is handed
  to the runner to publish; the outbox's relay is the only publisher, so a crash can neither lose an outcome nor
  invent a second one.
- The first authenticated agent and digest to arrive under an action id own it. Another one under it is refused; a
  later decision about the same changes nothing. Both are counted and logged.
- How many open reviews an agent has is counted while nobody else can open one of them, and how many the batch opens is
  counted with it, so that neither a batch nor another process takes an agent past its bound.
- Signatures and originals are checked before the transaction, so that nothing is held while the broker is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from placet.base import ActionId, AgentId, Sha256
from placet.canonical import strict_loads
from placet.catalogue import Topic
from placet.errors import ContractError
from placet.events import Outcome, Retry
from placet.messages import Outgoing
from placet.trust import Trust
from placet.verify import Authenticated, Verified
from services.approver import electorate
from services.approver.arrivals import (
    NO_DIGEST,
    Arrival,
    Ends,
    Holds,
    Ignored,
    Withdraws,
    arrival,
    early_withdrawal,
    needs_originals,
)
from services.approver.decide import open_review, repeated, withdraw
from services.approver.model import Asked, Claim, Decision, Review, Settlement
from services.approver.parts import Closed, Parts, close_review, tell
from services.approver.ports import Session
from services.approver.record import Ending, Step
from services.chassis import logs, telemetry
from services.chassis.telemetry import Metric


class _Named(BaseModel):
    """As much of an unreadable event as must be readable to deny its action."""

    action_id: ActionId
    agent: AgentId
    digest: Sha256 | None = None


class Settle:
    """The stream service. `committed` is called after each transaction that left something to publish."""

    consumes: Final = (Topic.DECIDED, Topic.FAILED, Topic.FOLLOWED)

    def __init__(self, parts: Parts, committed: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._committed = committed

    def handle(self, batch: Sequence[Verified[Any]]) -> Sequence[Sequence[Outgoing]]:
        """Write what the batch comes to; raise `TransientError` where database or broker are away."""
        trust, at = self._parts.trust.current(), self._parts.clock()
        self._settle([self._arrival(message, trust, at) for message in batch], trust)
        return [[] for _ in batch]

    def unprocessable(self, authentic: Authenticated, code: str) -> Sequence[Outgoing]:
        """Deny the action where the message says which; what an agent follows up unreadably changes nothing."""
        log = logs.get_logger()
        if authentic.spec.topic is Topic.FOLLOWED:
            log.warning("follow_up_unreadable", producer=authentic.signer.source, code=code)
            return []
        try:
            named = _Named.model_validate(strict_loads(authentic.message.value)["data"])
        except (ContractError, ValidationError, KeyError, TypeError):
            # Nothing to deny: the ledger holds the message, and the deadline ends the agent's wait.
            log.warning(
                "event_names_no_action", topic=authentic.spec.topic, producer=authentic.signer.source, code=code
            )
            return []
        claim = Claim(action_id=named.action_id, agent=named.agent, digest=named.digest or NO_DIGEST)
        sentence = f"What was decided about the action could not be read ({code})."
        settlement = Settlement(Outcome.DENIED, code, sentence, Retry.LATER)
        self._settle([Ends(claim, settlement, None, authentic.message.trace)], self._parts.trust.current())
        return []

    def _arrival(self, message: Verified[Any], trust: Trust, at: datetime) -> Arrival:
        originals = None
        if needs_originals(message):
            originals = self._parts.proposals.fetch(message.data.proposal, message.data.classification)
        return arrival(message, originals, trust, at=at)

    def _settle(self, arrivals: Sequence[Arrival], trust: Trust) -> None:
        with self._parts.store.transaction() as session:
            ended = _Batch(self._parts, session, trust).write(arrivals)
        self._committed()
        tell(ended)


class _Batch:
    """One transaction's work."""

    def __init__(self, parts: Parts, session: Session, trust: Trust) -> None:
        self._parts, self._session, self._trust = parts, session, trust
        self._now = session.now()
        self._scribe = parts.scribe(trust, self._now)
        self._endings: list[Ending] = []
        self._closed: list[Closed] = []
        self._reviews: list[Review] = []
        self._steps: list[Step] = []
        self._pending: Counter[AgentId] = Counter()
        self._rejected: Mapping[tuple[AgentId, Sha256], datetime] = {}

    def write(self, arrivals: Sequence[Arrival]) -> Sequence[Ending | Closed]:
        """Claim, then write what is new in bulk, then what comes after something that was there."""
        first: dict[ActionId, Arrival] = {}
        for one in arrivals:
            if not isinstance(one, Ignored):
                first.setdefault(one.claim.action_id, one)
        claimed = self._session.claim([one.claim for one in first.values()], self._now)
        new = [one for action_id, one in first.items() if action_id in claimed]
        self._look_up(new)
        for one in new:
            self._begin(one)
        self._session.end(self._endings)
        self._session.open(self._reviews)
        self._session.record(self._steps)
        # By identity: two equal messages are two arrivals, and only the first claimed.
        begun = {id(one) for one in new}
        later = [one for one in arrivals if id(one) not in begun]
        if later:
            owners = self._session.owners({one.claim.action_id for one in later})
            for one in later:
                self._follow(one, owners.get(one.claim.action_id))
        return [*self._endings, *self._closed]

    def _look_up(self, new: Sequence[Arrival]) -> None:
        """What bounds an agent's share of people's attention, of those whose actions may be held or run."""
        decided = [decision for one in new if (decision := _may_run(one)) is not None]
        if decided:
            since = self._now - self._parts.bounds.repeat_after
            self._rejected = self._session.rejected({(one.claim.agent, one.likeness) for one in decided}, since)
        asking = {one.claim.agent for one in new if isinstance(one, Holds)}
        if asking:
            self._pending.update(self._session.queue_up(asking))

    def _asked(self, decision: Decision) -> Asked:
        agent = decision.claim.agent
        return Asked(self._pending[agent], self._rejected.get((agent, decision.likeness)))

    def _begin(self, one: Arrival) -> None:
        """What arrives first for an action."""
        if isinstance(one, Withdraws):
            one = early_withdrawal(one)
        if isinstance(one, Holds):
            opened = self._open(one)
            if isinstance(opened, Review):
                self._pending[one.claim.agent] += 1
                if not opened.satisfiable:
                    telemetry.count(Metric.UNSATISFIABLE_REVIEWS)
                    logs.get_logger().warning("review_unsatisfiable", action_id=opened.action_id)
                self._reviews.append(opened)
                self._steps.append(self._scribe.opened(opened))
                return
            one = Ends(one.claim, opened, one.decision)
        elif isinstance(one, Ends) and (allowed := _may_run(one)) is not None:
            repeat = repeated(self._asked(allowed), self._parts.bounds, self._now)
            one = one if repeat is None else replace(one, settlement=repeat)
        if isinstance(one, Ends):
            self._endings.append(
                self._scribe.end_undecided(one.claim, one.settlement, one.trace)
                if one.decision is None
                else self._scribe.end(one.decision, one.settlement)
            )

    def _open(self, one: Holds) -> Review | Settlement:
        agent = self._trust.agents[one.claim.agent]
        standing = electorate.standing(
            self._parts.people.current(),
            self._trust,
            agent=one.claim.agent,
            concerned=(agent.owner, one.classified.on_behalf_of),
        )
        return open_review(
            one.decision,
            one.decided,
            one.classified,
            owner=agent.owner,
            standing=standing,
            asked=self._asked(one.decision),
            bounds=self._parts.bounds,
            now=self._now,
        )

    def _follow(self, one: Arrival, owner: Claim | None) -> None:
        """What arrives for an action that is owned already."""
        log = logs.get_logger().bind(action_id=one.claim.action_id, agent=one.claim.agent)
        if isinstance(one, Ignored):
            log.info("follow_up_ignored", why=one.why)
        elif owner != one.claim:
            telemetry.count(Metric.CLAIMS_REFUSED, kind=type(one).__name__.lower())
            log.warning("claim_refused", kind=type(one).__name__)
        elif isinstance(one, Withdraws) and self._withdraw(one):
            log.info("review_withdrawn")
        else:
            log.info("later_event_ignored", kind=type(one).__name__)

    def _withdraw(self, one: Withdraws) -> bool:
        review = self._session.lock(one.claim.action_id)
        if review is None:
            return False
        standing = self._parts.standing(review, self._trust)
        settlement = withdraw(review, standing, self._session.now())
        if settlement is None:
            return False
        self._closed.append(close_review(self._session, review, settlement, standing, self._scribe))
        return True


def _may_run(one: Arrival) -> Decision | None:
    """The decision about an action that may still run: it is held, or was allowed."""
    match one:
        case Holds():
            return one.decision
        case Ends(settlement=Settlement(outcome=Outcome.ALLOWED)):
            return one.decision
        case _:
            return None
