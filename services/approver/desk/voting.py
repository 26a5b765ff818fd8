"""Carries a vote to settle and brings back what became of it.

Rules:
- The desk judges nothing. It refuses only what could not be a vote: another digest, a rejection without a reason, a
  review that is settled already. Everything else is inserted, so that a refused vote is on record too.
- Who votes is who signed in: never a field of the request.
- A request is one vote: its id is derived from the person and the caller's key, so a repeated request finds its own
  vote and nobody finds another's.
- People's own text is redacted before it is stored.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry.trace import Link
from starlette.concurrency import run_in_threadpool

from placet.events import Authentication, VoteKind
from placet.limits import MAX_SENTENCE_CHARACTERS
from placet.redaction import personal_text
from services.approver.desk.clock import iso, stamp
from services.approver.desk.live import Live
from services.approver.desk.model import Ballot, Heading, Review, Reviewer, Vote
from services.approver.desk.ports import Reviews
from services.approver.desk.problems import Problem
from services.chassis import logs, telemetry
from services.chassis.telemetry import Attribute, Attributes, SpanName

LOOK_AGAIN_SECONDS: Final = 0.5
"""Between looks at a vote whose judgement was not announced."""
CONFLICTS: Final = {"already_settled": "already_decided", "already_voted": "already_voted"}
_REQUESTS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:placet:vote")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, how that is known, and through what."""

    person: Reviewer
    authentication: Authentication
    channel: Literal["console", "api"]


@dataclass(frozen=True, slots=True)
class Voting:
    """Casts votes."""

    reviews: Reviews
    live: Live
    wait_seconds: float

    async def cast(
        self, caller: Caller, action_id: str, kind: VoteKind, *, reason: str | None, digest: str, key: str | None
    ) -> Vote:
        """The vote, judged if that took no longer than the desk waits; raise `Problem` where it does not count."""
        heading, ballot = await self.ballot(caller, action_id, kind, reason=reason, digest=digest, key=key)
        earlier = await run_in_threadpool(self.reviews.vote, ballot.request_id) if key is not None else None
        if earlier is None and not heading.open:
            raise settled(heading)
        vote = await self.carry(ballot, earlier)
        if vote.counted is False:
            raise await self._refused(vote)
        return vote

    async def ballot(
        self, caller: Caller, action_id: str, kind: VoteKind, *, reason: str | None, digest: str, key: str | None
    ) -> tuple[Heading, Ballot]:
        """A vote about to be cast, and what it is about; raise `Problem` where it could not be one."""
        heading = (await found(self.reviews, action_id)).heading
        if digest != heading.digest:
            raise Problem("digest_mismatch", "The digest you sent is not that of this action.")
        said = None if reason is None else personal_text(reason) or None
        if said is not None and len(said) > MAX_SENTENCE_CHARACTERS:
            raise Problem("too_large", f"A reason holds {MAX_SENTENCE_CHARACTERS} characters after redaction.")
        if kind is VoteKind.REJECT and said is None:
            raise Problem("reason_needed", "The reason is empty.")
        return heading, Ballot(
            request_id=request_id(caller.person.id, key),
            action_id=action_id,
            digest=digest,
            reviewer=caller.person.id,
            vote=kind,
            reason=said,
            channel=caller.channel,
            authentication=caller.authentication,
        )

    async def carry(self, ballot: Ballot, earlier: Vote | None = None) -> Vote:
        """Insert a vote, or take the one that this request inserted before; judged if that did not take too long."""
        with self.live.judgement(ballot.request_id) as judged:
            vote = await self._inserted(ballot) if earlier is None else earlier
            if (vote.action_id, vote.digest, vote.vote) != (ballot.action_id, ballot.digest, ballot.vote):
                raise Problem("key_reused", "The vote it was used for is another.")
            logs.get_logger().info(
                "vote_cast", action_id=ballot.action_id, request_id=vote.request_id, channel=ballot.channel
            )
            return await self._judged(vote, judged)

    async def _inserted(self, ballot: Ballot) -> Vote:
        """The inserted vote; its span lies in the action's trace, and names the request that carried it."""
        parent = await run_in_threadpool(self.reviews.trace, ballot.action_id)
        request = trace.get_current_span().get_span_context()
        about: Attributes = {Attribute.ACTION_ID: ballot.action_id, Attribute.CHANNEL: ballot.channel}
        links = [Link(request)] if request.is_valid else []
        with telemetry.span(SpanName.VOTE, parent, about, links=links):
            return await run_in_threadpool(self.reviews.cast, ballot)

    async def _judged(self, vote: Vote, judged: asyncio.Event) -> Vote:
        deadline = asyncio.get_running_loop().time() + self.wait_seconds
        while vote.counted is None and (rest := deadline - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(rest, LOOK_AGAIN_SECONDS)):
                    await judged.wait()
                judged.clear()
            except TimeoutError:
                pass  # the announcement may have been lost with its connection: look all the same
            again = await run_in_threadpool(self.reviews.vote, vote.request_id)
            vote = vote if again is None else again
        return vote

    async def _refused(self, vote: Vote) -> Problem:
        """Why a vote does not count, in settle's words."""
        code = vote.code or "internal"
        if code == "already_settled":
            return settled((await found(self.reviews, vote.action_id)).heading, said=vote.sentence)
        problem = "step_up_required" if code.startswith("step_up") else CONFLICTS.get(code, "not_eligible")
        return Problem(problem, vote.sentence or "It was refused.", judgement=code, request_id=vote.request_id)


async def found(reviews: Reviews, action_id: str) -> Review:
    """The review of an id; raise `Problem`."""
    review = await run_in_threadpool(reviews.review, action_id)
    if review is None:
        raise Problem("not_found", "No review has this id.")
    return review


def settled(heading: Heading, *, said: str | None = None) -> Problem:
    """That a review was settled already: how, when, and by whom."""
    when = f" on {stamp(heading.closed_at)}" if heading.closed_at is not None else ""
    detail = heading.closed_sentence or said or f"It was {heading.state}{when}."
    more = {} if heading.closed_at is None else {"decided_at": iso(heading.closed_at)}
    return Problem("already_decided", detail, state=heading.state, **more)


def request_id(person: str, key: str | None) -> str:
    """The id of a request: random without a key, else the same for the same person and key."""
    return str(uuid.uuid4() if key is None else uuid.uuid5(_REQUESTS, f"{person}\n{key}"))
