"""Settle's tables in PostgreSQL.

Rules:
- One transaction per decision about an action: claim or lock, then write; the outcome, the step and what is to be
  published are committed together or not at all.
- A review is locked with NO KEY UPDATE, so that the desk's inserts of votes never wait for it.
- What is wrong with the database rather than with the statement is a `TransientError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import CursorResult

from placet.base import ActionId, AgentId, PersonId, Sha256
from services.approver.adapters.rows import (
    INSERT_REVIEW,
    REVIEW_COLUMNS,
    VOTE_COLUMNS,
    read_review,
    read_vote,
    review_parameters,
    utc,
)
from services.approver.adapters.statements import (
    ALONE,
    CLAIM,
    END,
    JUDGE,
    PENDING,
    PUBLISH,
    QUEUE_UP,
    REJECTED,
    SPENT,
)
from services.approver.decide import next_escalation
from services.approver.model import Claim, Judgement, Review, Vote
from services.approver.record import Ending, Step
from services.chassis import logs, telemetry
from services.chassis.database import transient
from services.chassis.telemetry import Metric


class PostgresStore:
    """Opens transactions; thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[PostgresSession]:
        """A session that is committed when the block ends, and undone when it raises."""
        with transient(), self._engine.begin() as connection:
            yield PostgresSession(connection)

    def waiting_votes(self, limit: int) -> Sequence[ActionId]:
        """Actions with votes not judged yet, longest waiting first."""
        query = """
            SELECT action_id::text FROM approver.votes WHERE judged_at IS NULL
            GROUP BY action_id ORDER BY min(id) LIMIT %(limit)s
        """
        with transient(), self._engine.connect() as connection:
            return [row[0] for row in connection.exec_driver_sql(query, {"limit": limit})]

    def open_reviews(self) -> tuple[int, float | None]:
        """How many are open, and the seconds until the next expires or escalates."""
        query = """
            SELECT (SELECT count(*) FROM approver.reviews WHERE state = 'open'), extract(epoch FROM least(
                (SELECT min(expires_at) FROM approver.reviews WHERE state = 'open'),
                (SELECT min(escalates_at) FROM approver.reviews WHERE state = 'open' AND escalates_at IS NOT NULL)
            ) - clock_timestamp())
        """
        with transient(), self._engine.connect() as connection:
            count, seconds = connection.exec_driver_sql(query).one()
        return count, None if seconds is None else float(seconds)


class PostgresSession:
    """One transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def now(self) -> datetime:
        """PostgreSQL's clock at this moment."""
        found: datetime = self._run("SELECT clock_timestamp()").scalar_one()
        return utc(found)

    def claim(self, claims: Iterable[Claim], now: datetime) -> frozenset[ActionId]:
        """Claim action ids; those nobody had claimed before. Sorted, so that two who claim never deadlock."""
        ordered = sorted(claims, key=lambda claim: claim.action_id)
        rows = self._run(
            CLAIM,
            {
                "ids": [claim.action_id for claim in ordered],
                "agents": [claim.agent for claim in ordered],
                "digests": [claim.digest for claim in ordered],
                "now": now,
            },
        )
        return frozenset(rows.scalars())

    def owners(self, action_ids: Iterable[ActionId]) -> Mapping[ActionId, Claim]:
        """Who owns these action ids."""
        query = "SELECT action_id::text, agent, digest FROM approver.actions WHERE action_id = ANY(%(ids)s::uuid[])"
        rows = self._run(query, {"ids": list(action_ids)}).all()
        return {row.action_id: Claim(action_id=row.action_id, agent=row.agent, digest=row.digest) for row in rows}

    def queue_up(self, agents: Iterable[AgentId]) -> Mapping[AgentId, int]:
        """The open reviews of each agent; nobody else opens one of theirs until the transaction ends."""
        named = {"agents": list(agents)}
        self._run(QUEUE_UP, named)
        # A statement of its own: it sees what those who were before in the queue committed.
        return {row.agent: row.pending for row in self._run(PENDING, named)}

    def rejected(
        self, repeats: Iterable[tuple[AgentId, Sha256]], since: datetime
    ) -> Mapping[tuple[AgentId, Sha256], datetime]:
        """When people last rejected something of this agent and likeness, where that was after `since`."""
        asked = list(repeats)
        rows = self._run(
            REJECTED, {"agents": [one[0] for one in asked], "likenesses": [one[1] for one in asked], "since": since}
        )
        return {(row.agent, row.likeness): utc(row.rejected_at) for row in rows if row.rejected_at is not None}

    def end(self, endings: Sequence[Ending]) -> None:
        """Write outcomes and what is to be published about them."""
        rows = [
            {
                "action_id": ending.resolved.action_id,
                "agent": ending.resolved.agent,
                "digest": ending.resolved.digest,
                "outcome": ending.resolved.outcome.value,
                "code": ending.resolved.reason.code,
                "sentence": ending.resolved.reason.sentence,
                "retry": ending.resolved.retry.value,
                "rules": list(ending.resolved.rules),
                "labels": list(ending.resolved.labels),
                "grant_id": ending.grant_id,
                "at": ending.at,
            }
            for ending in endings
        ]
        self._many(END, rows)
        self._publish(endings)

    def open(self, reviews: Sequence[Review]) -> None:
        """Write new reviews."""
        self._many(INSERT_REVIEW, [review_parameters(review) for review in reviews])

    def record(self, steps: Sequence[Step]) -> None:
        """Write steps, number the next one, and write what is to be published about them."""
        rows = [
            {
                "action_id": step.recorded.action_id,
                "sequence": step.recorded.sequence,
                "step": step.recorded.step.value,
                "recorded": Jsonb(step.recorded.model_dump(mode="json")),
                "at": step.at,
            }
            for step in steps
        ]
        self._many(
            "INSERT INTO approver.steps (action_id, sequence, step, recorded, at)"
            " VALUES (%(action_id)s, %(sequence)s, %(step)s, %(recorded)s, %(at)s)",
            rows,
        )
        self._many(
            "UPDATE approver.reviews SET next_sequence = %(sequence)s + 1"
            " WHERE action_id = %(action_id)s AND next_sequence <= %(sequence)s",
            [{"action_id": row["action_id"], "sequence": row["sequence"]} for row in rows],
        )
        self._publish(steps)

    def lock(self, action_id: ActionId) -> Review | None:
        """The review, locked until the transaction ends."""
        query = f"SELECT {REVIEW_COLUMNS} FROM approver.reviews WHERE action_id = %(id)s FOR NO KEY UPDATE"
        row = self._run(query, {"id": action_id}).one_or_none()
        return None if row is None else read_review(row)

    def votes(self, action_id: ActionId) -> tuple[Sequence[Vote], Sequence[Vote]]:
        """The votes counted so far and those not judged yet, each in the order of their ids."""
        query = f"""
            SELECT {VOTE_COLUMNS}, counted FROM approver.votes
            WHERE action_id = %(id)s AND counted IS NOT FALSE ORDER BY id
        """
        rows = self._run(query, {"id": action_id}).all()
        return [read_vote(row) for row in rows if row.counted], [read_vote(row) for row in rows if row.counted is None]

    def spent(self, reviewer: PersonId, authenticated_at: datetime) -> bool:
        """Whether a vote of this person has counted on this use of a passkey."""
        self._run(ALONE, {"reviewer": reviewer})
        # A statement of its own: it sees what those who were before committed.
        return bool(self._run(SPENT, {"reviewer": reviewer, "at": authenticated_at}).scalar_one())

    def judge(self, judged: Sequence[tuple[Vote, Judgement]], now: datetime) -> None:
        """Write what became of votes, and forget their evidence."""
        self._many(
            JUDGE,
            [
                {
                    "id": vote.id,
                    "now": now,
                    "counted": made.counted,
                    "code": made.code,
                    "sentence": made.sentence,
                    "authenticated_at": vote.authenticated_at,
                }
                for vote, made in judged
            ],
        )

    def close(self, ending: Ending) -> None:
        """Write how an open review ended."""
        self._run(
            "UPDATE approver.reviews SET state = %(state)s, closed_at = %(at)s, closed_code = %(code)s,"
            " closed_sentence = %(sentence)s, escalates_at = NULL WHERE action_id = %(id)s",
            {
                "id": ending.resolved.action_id,
                "state": ending.resolved.outcome.value,
                "at": ending.at,
                "code": ending.resolved.reason.code,
                "sentence": ending.resolved.reason.sentence,
            },
        )

    def escalate(self, review: Review) -> None:
        """Note `review.escalated`, and when the next step is due."""
        following = next_escalation(review)
        self._run(
            "UPDATE approver.reviews SET escalated = %(escalated)s, escalates_at = %(at)s WHERE action_id = %(id)s",
            {
                "id": review.action_id,
                "escalated": review.escalated,
                "at": None if following is None else following[1],
            },
        )

    def overdue(self, now: datetime, limit: int) -> Sequence[Review]:
        """Open reviews that have expired or must escalate, locked; those that somebody else holds are passed over."""
        return self._claimed("expires_at <= %(now)s OR escalates_at <= %(now)s", {"now": now}, limit)

    def abandoned(self, enabled: Iterable[AgentId], limit: int) -> Sequence[Review]:
        """Open reviews of agents that are not enabled, locked; those that somebody else holds are passed over."""
        return self._claimed("agent <> ALL(%(enabled)s::text[])", {"enabled": list(enabled)}, limit)

    def _claimed(self, condition: str, parameters: Mapping[str, Any], limit: int) -> Sequence[Review]:
        query = f"""
            SELECT {REVIEW_COLUMNS} FROM approver.reviews WHERE state = 'open' AND ({condition})
            ORDER BY expires_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
        """
        rows = self._run(query, {**parameters, "limit": limit}).all()
        return [review for review in map(_readable, rows) if review is not None]

    def _publish(self, written: Sequence[Ending | Step]) -> None:
        rows = [
            {
                "topic": one.message.topic,
                "key": one.message.key,
                "value": one.message.value,
                "signature": one.message.signature,
                "trace": one.trace,
            }
            for one in written
        ]
        self._many(PUBLISH, rows)

    def _run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        return self._connection.exec_driver_sql(statement, dict(parameters or {}))

    def _many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._connection.exec_driver_sql(statement, [dict(row) for row in rows])


def _readable(row: Any) -> Review | None:
    """A review that the clock must see to; one that does not read back must not hold up the others."""
    try:
        return read_review(row)
    except ValueError:
        telemetry.count(Metric.HANDLER_ERRORS, error="review_unreadable")
        logs.get_logger().exception("review_unreadable", action_id=row.action_id)
        return None
