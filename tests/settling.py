"""Settle with a real database and a broker that is a dictionary: what a test does to it, and what it leaves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from placet.catalogue import Role
from placet.events import (
    ActionDecided,
    ActionFollowed,
    ActionProposed,
    ActionResolved,
    Position,
    ReviewRecorded,
    Verdict,
)
from placet.grants import VerifiedGrant, verify_grant
from placet.messages import Message, Outgoing
from placet.requirement import Requirement, parse
from placet.trust_store import TrustStore
from placet.verify import Verified, verify
from services.approver.adapters.outbox import PostgresOutbox
from services.approver.adapters.people import FileOfPeople
from services.approver.adapters.store import PostgresStore
from services.approver.evidence import Originals
from services.approver.handle import Settle
from services.approver.parts import Parts
from services.approver.timers import Timers
from services.approver.votes import Votes
from tests.factories import World, now, received
from tests.step_ups import id_token, passkeys

ONE_LEAD = Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=900)
STEP_UP = ONE_LEAD.model_copy(update={"step_up": "passkey"})
TWO_TEAMS = Requirement(approvals=parse("1 from dev-leads and 1 from security"), timeout_seconds=900)

PEOPLE: dict[str, tuple[str, ...]] = {
    "alice": ("dev-leads", "data-owners"),
    "bob": ("security", "admins"),
    "carol": ("dev-leads", "security"),
    "dave": ("dev-leads", "admins"),
    "erin": ("dev-leads",),
    "frank": ("admins",),
}


def write_people(path: Path, groups: Mapping[str, tuple[str, ...]], *, inactive: tuple[str, ...] = ()) -> None:
    people = {
        name: {"name": name.title(), "groups": list(held), "active": name not in inactive}
        for name, held in groups.items()
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"people": people}))
    fresh.replace(path)


class Broker:
    """Messages by topic, partition 0, as a list each."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Message]] = {}
        self.fetched = 0

    def append(self, outgoing: Outgoing) -> Message:
        held = self.topics.setdefault(outgoing.topic, [])
        held.append(received(outgoing, offset=len(held)))
        return held[-1]

    def fetch(self, proposal: Position, classification: Position) -> Originals:
        self.fetched += 1
        return Originals(proposed=self._at(proposal), classified=self._at(classification))

    def _at(self, position: Position) -> Message | None:
        held = self.topics.get(position.topic, [])
        return held[position.offset] if position.offset < len(held) else None


@dataclass
class Bench:
    """One settle, in this process, with everything around it."""

    world: World
    folder: Path
    settle_dsn: Path
    desk_dsn: str
    superuser_dsn: str
    parts: Parts
    broker: Broker
    service: Settle
    votes: Votes
    timers: Timers
    outbox: PostgresOutbox
    wakes: list[None] = field(default_factory=list)

    # What arrives ---------------------------------------------------------------------------------------------------

    def verified(self, outgoing: Outgoing) -> Verified[Any]:
        return verify(self.broker.append(outgoing), self.world.trust(), now=now())

    def decided(
        self,
        decision: Verdict = Verdict.ALLOW,
        *,
        proposed: ActionProposed | None = None,
        requirement: Requirement | None = None,
        classified_changes: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> ActionDecided:
        """A truthful decision, with its original and classification on the broker."""
        proposed = proposed or self.world.proposed()
        at = self.broker.append(self.world.seal(proposed)).position
        classified = self.world.classified(proposed, **{"proposal": at, **(classified_changes or {})})
        found = self.broker.append(self.world.seal(classified)).position
        return self.world.decided(
            classified, decision=decision, requirement=requirement, **{"classification": found, **changes}
        )

    def arrive(self, *data: Any) -> None:
        """Give events to settle in one batch."""
        assert self.service.handle([self.verified(self.world.seal(one)) for one in data]) == [[] for _ in data]

    def held(self, requirement: Requirement = ONE_LEAD, **proposal: Any) -> ActionDecided:
        """An open review."""
        decided = self.decided(Verdict.REVIEW, requirement=requirement, proposed=self.world.proposed(**proposal))
        self.arrive(decided)
        assert self.review(decided)["state"] == "open"
        return decided

    # What people do -------------------------------------------------------------------------------------------------

    def cast(self, decided: ActionDecided, reviewer: str, vote: str = "approve", **changes: Any) -> str:
        """Insert a vote as the desk does; returns its request id."""
        row = {
            "request_id": str(uuid.uuid4()),
            "action_id": decided.action_id,
            "digest": decided.digest,
            "reviewer": reviewer,
            "vote": vote,
            "reason": None,
            "channel": "console",
            "authentication": "session",
            "evidence": None,
            **changes,
        }
        with psycopg.connect(self.desk_dsn) as desk:
            desk.execute(
                "INSERT INTO approver.votes"
                " (request_id, action_id, digest, reviewer, vote, reason, channel, authentication, evidence) VALUES"
                " (%(request_id)s, %(action_id)s, %(digest)s, %(reviewer)s, %(vote)s, %(reason)s, %(channel)s,"
                " %(authentication)s, %(evidence)s)",
                row,
            )
        return str(row["request_id"])

    def vote(self, decided: ActionDecided, reviewer: str, vote: str = "approve", **changes: Any) -> tuple[bool, str]:
        """Cast a vote and have it judged; returns whether it counted and its code."""
        request = self.cast(decided, reviewer, vote, **changes)
        self.votes.judge_waiting()
        return self.judged(request)

    def stepped_up(
        self, decided: ActionDecided, reviewer: str, *, about: Mapping[str, Any] | None = None, **claims: Any
    ) -> dict[str, Any]:
        """What a vote with a passkey adds to the row; `about` and `claims` bend the provider's token."""
        request = str(uuid.uuid4())
        named = {"action_id": decided.action_id, "digest": decided.digest, "reviewer": reviewer, "request_id": request}
        token = id_token({**named, "vote": "approve", **(about or {})}, now(), **claims)
        return {"request_id": request, "authentication": "passkey", "evidence": token}

    def people(self, *, inactive: tuple[str, ...] = (), **groups: tuple[str, ...]) -> None:
        """Change the directory; in force at once."""
        write_people(self.folder / "directory.json", {**PEOPLE, **groups}, inactive=inactive)
        people: Any = self.parts.people
        people._next_look = 0.0

    def trust(self, **changes: Any) -> None:
        """Change the trust file; in force at once."""
        self.world.version += 1
        (self.folder / "keys" / "trust.json").write_bytes(self.world.trust_file(**changes))

    def pass_time(self, decided: ActionDecided, seconds: float) -> None:
        """Let a review's times lie further back, which only a superuser can."""
        with psycopg.connect(self.superuser_dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(
                "UPDATE approver.reviews SET opened_at = opened_at - %(by)s, expires_at = expires_at - %(by)s,"
                " escalates_at = escalates_at - %(by)s WHERE action_id = %(id)s",
                {"by": timedelta(seconds=seconds), "id": decided.action_id},
            )

    # What is left ---------------------------------------------------------------------------------------------------

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.superuser_dsn, row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(query, parameters).fetchall()

    def review(self, decided: ActionDecided) -> dict[str, Any]:
        return self.rows("SELECT * FROM approver.reviews WHERE action_id = %s", decided.action_id)[0]

    def outcomes(self, action_id: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM approver.outcomes WHERE action_id = %s", action_id)

    def outcome(self, data: Any) -> tuple[str, str]:
        """How an action ended: outcome and code."""
        (row,) = self.outcomes(data.action_id)
        return row["outcome"], row["reason_code"]

    def judged(self, request: str) -> tuple[bool, str]:
        (row,) = self.rows("SELECT counted, code FROM approver.votes WHERE request_id = %s", request)
        return row["counted"], row["code"]

    def is_judged(self, request: str) -> bool:
        (row,) = self.rows("SELECT judged_at FROM approver.votes WHERE request_id = %s", request)
        return row["judged_at"] is not None

    def published(self, data: Any = None) -> list[Any]:
        """What waits in the outbox, in order, each verified as a consumer would; of one action where one is given."""
        found = [
            verify(received(message), self.world.trust(), now=datetime.now(UTC)).data for message in self.waiting()
        ]
        return [one for one in found if data is None or one.action_id == data.action_id]

    def waiting(self) -> list[Outgoing]:
        rows = self.rows("SELECT topic, key, value, signature FROM approver.outbox ORDER BY id")
        return [Outgoing(**row) for row in rows]

    def resolved(self, data: Any) -> ActionResolved:
        (found,) = [one for one in self.published(data) if isinstance(one, ActionResolved)]
        return found

    def steps(self, data: Any) -> list[ReviewRecorded]:
        """The steps as published; numbered without gaps, and equal to the rows."""
        found = [one for one in self.published(data) if isinstance(one, ReviewRecorded)]
        assert [one.sequence for one in found] == list(range(len(found)))
        rows = self.rows("SELECT recorded FROM approver.steps WHERE action_id = %s ORDER BY sequence", data.action_id)
        assert [row["recorded"] for row in rows] == [one.model_dump(mode="json") for one in found]
        return found

    def grant(self, data: Any) -> VerifiedGrant:
        token = self.resolved(data).grant
        assert token is not None
        return verify_grant(token, self.world.trust(), at=now())


def make_bench(world: World, folder: Path, dsns: Mapping[str, str], store: PostgresStore, trust: TrustStore) -> Bench:
    broker = Broker()
    parts = Parts(
        store=store,
        people=FileOfPeople(folder / "directory.json"),
        proposals=broker,
        trust=trust,
        signer=world.services[Role.SETTLE],
        clock=now,
        passkeys=passkeys(),
    )
    wakes: list[None] = []
    return Bench(
        world=world,
        folder=folder,
        settle_dsn=folder / "settle.dsn",
        desk_dsn=dsns["desk"],
        superuser_dsn=dsns["superuser"],
        parts=parts,
        broker=broker,
        service=Settle(parts, lambda: wakes.append(None)),
        votes=Votes(parts, lambda: wakes.append(None)),
        timers=Timers(parts, lambda: wakes.append(None)),
        outbox=PostgresOutbox(folder / "settle.dsn"),
        wakes=wakes,
    )


def withdrawal(data: Any, **changes: Any) -> ActionFollowed:
    content = {"action_id": data.action_id, "agent": data.agent, "digest": data.digest}
    return ActionFollowed(**{**content, "step": "withdrawn", "sequence": 0, **changes})
