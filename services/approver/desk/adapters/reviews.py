"""Reviews and votes in PostgreSQL, through the role `desk`.

Rules:
- One moment: a review, its votes, its steps and the clock are read in one read-only snapshot.
- Lists go by keyset: their cost does not grow with what lies before them.
- A vote is inserted under its request's id: sent twice, it is there once.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from placet.events import ActionClassified, Authentication, Facts, VoteKind
from placet.requirement import Requirement
from services.approver.desk.model import Ballot, Heading, Page, Review, Reviewer, Step, View, Vote
from services.chassis.database import transient

_HEADING: Final = """
    r.action_id::text, r.agent, r.owner, r.on_behalf_of, r.digest, r.name, r.resource,
    r.classified ->> 'sensitivity' AS sensitivity, r.labels, (r.classified -> 'facts')::text AS facts,
    r.requirement::text AS requirement, r.excluded, r.satisfiable, r.state, r.opened_at, r.expires_at,
    r.closed_at, r.closed_code, r.closed_sentence, clock_timestamp() AS read_at
"""
_ASKED: Final = "ARRAY(SELECT jsonb_path_query(r.requirement, 'lax $.approvals.**.group') #>> '{}')"
"""The groups an approval expression names."""

_MINE: Final = f"""
    r.state = 'open' AND r.expires_at > clock_timestamp() AND {_ASKED} && CAST(:groups AS text[])
    AND r.owner <> :person AND r.on_behalf_of IS DISTINCT FROM :person AND :person <> ALL (r.excluded)
    AND NOT EXISTS (SELECT FROM votes v WHERE v.action_id = r.action_id AND v.reviewer = :person
                    AND v.counted IS DISTINCT FROM false)
"""
_LISTS: Final = {
    View.MINE: (_MINE, "r.expires_at", ">", "ASC"),
    View.OPEN: ("r.state = 'open'", "r.expires_at", ">", "ASC"),
    View.CLOSED: ("r.state <> 'open'", "r.closed_at", "<", "DESC"),
    # Action ids are UUIDv7: their order is the order of proposing.
    View.ALL: ("true", "r.action_id", "<", "DESC"),
}
_VOTE: Final = """
    request_id::text, action_id::text, digest, reviewer, vote, reason, channel, authentication, cast_at, judged_at,
    counted, code, sentence
"""


class PostgresReviews:
    """Implements `ports.Reviews`."""

    def __init__(self, engine: Engine) -> None:
        """`engine` signs in as `desk` and has the approver's schema as its search path."""
        self._engine = engine

    def page(self, view: View, person: Reviewer, *, after: str | None, limit: int) -> Page:
        """One part of a list; raise `ValueError` where the cursor is not one of ours."""
        where, order, beyond, direction = _LISTS[view]
        given: dict[str, Any] = {"person": person.id, "groups": sorted(person.groups), "limit": limit + 1}
        if after is not None:
            at, action_id = _read_cursor(after)
            given |= {"at": at, "after": action_id}
            if view is View.ALL:
                where += " AND r.action_id < CAST(:after AS uuid)"
            else:
                where += f" AND ({order}, r.action_id) {beyond} (CAST(:at AS timestamptz), CAST(:after AS uuid))"
        keys = f"{order} {direction}" + ("" if view is View.ALL else f", r.action_id {direction}")
        statement = f"SELECT {_HEADING} FROM reviews r WHERE {where} ORDER BY {keys} LIMIT :limit"
        with self._reading() as connection:
            found = [_heading(row) for row in connection.execute(text(statement), given).mappings()]
        headings = tuple(found[:limit])
        return Page(headings, _cursor(view, headings[-1]) if len(found) > limit else None)

    def review(self, action_id: str) -> Review | None:
        """Everything about one review, as of one moment."""
        given = {"id": action_id}
        with self._reading() as connection:
            row = connection.execute(
                text(
                    f"SELECT {_HEADING}, r.purpose, r.classified::text AS classified, r.rules, r.reasons"
                    " FROM reviews r WHERE r.action_id = CAST(:id AS uuid)"
                ),
                given,
            ).mappings().one_or_none()  # fmt: skip
            if row is None:
                return None
            votes = connection.execute(
                text(f"SELECT {_VOTE} FROM votes WHERE action_id = CAST(:id AS uuid) ORDER BY id"), given
            ).mappings()
            steps = connection.execute(
                text("SELECT sequence, step, recorded, at FROM steps WHERE action_id = CAST(:id AS uuid) ORDER BY 1"),
                given,
            ).mappings()
            return Review(
                heading=_heading(row),
                purpose=row["purpose"],
                classified=ActionClassified.model_validate_json(row["classified"]),
                rules=tuple(row["rules"]),
                reasons=tuple(row["reasons"]),
                votes=tuple(_vote(vote) for vote in votes),
                steps=tuple(Step(**step) for step in steps),
            )

    def trace(self, action_id: str) -> str:
        """The trace context of the decision that opened a review, or nothing."""
        with self._reading() as connection:
            found = connection.execute(
                text("SELECT trace FROM reviews WHERE action_id = CAST(:id AS uuid)"), {"id": action_id}
            ).scalar_one_or_none()
        return found or ""

    def vote(self, request_id: str) -> Vote | None:
        """A vote by its request."""
        with self._reading() as connection:
            return _vote_of(connection, request_id)

    def cast(self, ballot: Ballot) -> Vote:
        """Insert a vote; where this request is there already, return that vote unchanged."""
        given = {name: getattr(ballot, name) for name in Ballot.__slots__}
        with transient(), self._engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO votes"
                    " (request_id, action_id, digest, reviewer, vote, reason, channel, authentication, evidence)"
                    " VALUES (CAST(:request_id AS uuid), CAST(:action_id AS uuid), :digest, :reviewer, :vote, :reason,"
                    " :channel, :authentication, :evidence) ON CONFLICT (request_id) DO NOTHING"
                ),
                given,
            )
        found = self.vote(ballot.request_id)
        if found is None:
            raise RuntimeError("a vote that was inserted cannot be read")
        return found

    def answers(self) -> None:
        """Return when the database answers; raise `TransientError`."""
        with self._reading() as connection:
            connection.execute(text("SELECT 1 FROM reviews LIMIT 1"))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with transient(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _vote_of(connection: Connection, request_id: str) -> Vote | None:
    statement = text(f"SELECT {_VOTE} FROM votes WHERE request_id = CAST(:id AS uuid)")
    row = connection.execute(statement, {"id": request_id}).mappings().one_or_none()
    return None if row is None else _vote(row)


def _heading(row: Any) -> Heading:
    given = {name: row[name] for name in Heading.__slots__}
    lists: dict[str, Sequence[str]] = {name: tuple(row[name]) for name in ("labels", "excluded")}
    facts = Facts.model_validate_json(row["facts"])
    requirement = Requirement.model_validate_json(row["requirement"])
    return Heading(**{**given, **lists, "facts": facts, "requirement": requirement})


def _vote(row: Any) -> Vote:
    kinds = {"vote": VoteKind(row["vote"]), "authentication": Authentication(row["authentication"])}
    return Vote(**{**row, **kinds})


def _cursor(view: View, last: Heading) -> str:
    at = last.closed_at if view is View.CLOSED else last.expires_at
    spelled = json.dumps([None if at is None else at.isoformat(), last.action_id])
    return base64.urlsafe_b64encode(spelled.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, action_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        identifier = str(uuid.UUID(action_id))
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise ValueError("not a cursor") from None
    if moment.tzinfo is None:
        raise ValueError("not a cursor")
    return moment, identifier
