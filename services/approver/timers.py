"""What happens to reviews by the clock: expiry, escalation, and the end of a disabled agent's.

Rules: due by PostgreSQL's clock; claimed with SKIP LOCKED, so that replicas share the work and none waits; each review
is judged by the same rules as a vote would find it. A step is recorded once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from placet.trust import Trust
from services.approver.decide import by_clock, next_escalation
from services.approver.model import Review
from services.approver.parts import Closed, Parts, close_review, tell
from services.approver.ports import Session
from services.chassis import logs

BATCH: Final = 50


class Timers:
    """The clock's work. `committed` is called after each transaction that left something to publish."""

    def __init__(self, parts: Parts, committed: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._committed = committed

    def run_due(self) -> bool:
        """End and escalate what is due; True where there may be more. Raise `TransientError`."""
        trust = self._parts.trust.current()
        ended: list[Closed] = []
        with self._parts.store.transaction() as session:
            now = session.now()
            due = session.overdue(now, BATCH)
            for review in due:
                ended += self._end_or_escalate(session, review, trust, now)
        enabled = [name for name, agent in trust.agents.items() if not agent.disabled]
        with self._parts.store.transaction() as session:
            now = session.now()
            abandoned = session.abandoned(enabled, BATCH)
            for review in abandoned:
                ended += self._end_or_escalate(session, review, trust, now)
        if due or abandoned:
            self._committed()
        tell(ended)
        return BATCH in {len(due), len(abandoned)}

    def _end_or_escalate(self, session: Session, review: Review, trust: Trust, now: datetime) -> list[Closed]:
        standing, scribe = self._parts.standing(review, trust), self._parts.scribe(trust, now)
        settlement = by_clock(review, standing, now)
        if settlement is not None:
            logs.get_logger().info("review_closed", action_id=review.action_id, code=settlement.code)
            return [close_review(session, review, settlement, standing, scribe)]
        while (following := next_escalation(review)) is not None and following[1] <= now:
            session.record([scribe.escalated(review, following[0])])
            review = replace(review, escalated=review.escalated + 1, next_sequence=review.next_sequence + 1)
        session.escalate(review)
        return []
