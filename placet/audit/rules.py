"""What makes an action's story whole: commitment → verdict → votes → grant → at most one run that matches.

Rules, in this order:
- One outcome. Two that differ are a problem whichever came first.
- Whatever decided, reviewed or ended an action has what it rests on: a decision its classification, a review its
  `review` decision, an outcome its reason. What rests on nothing is an orphan.
- allowed: the policy allowed it, and the grant holds that very verdict. approved: the policy asked for a review, and
  distinct eligible people, none of them the agent's owner, on whose behalf it asked, or excluded, satisfy the
  requirement; so do the reviewers the grant names. rejected: enough eligible people rejected.
- A run needs a grant: its id, its bytes, its audience, its time; one run per grant.
- No outcome is no problem until the deadline has passed.
Missing evidence is not held against an action that is still fresh; contradictions always are.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from placet.audit.chain import Chain, Decision, Ending, Review, Run, Vote
from placet.audit.report import ProblemCode, Report
from placet.events import Outcome, Verdict, VoteKind
from placet.limits import CLOCK_LEEWAY_SECONDS
from placet.requirement import Requirement, assignment

OVERDUE: Final = timedelta(minutes=5)
"""After its deadline, so much later an action without an outcome is overdue."""


def judge(chain: Chain, report: Report, *, now: datetime, fresh: bool) -> None:
    """Judge one action; `fresh` forgives what is missing, never what contradicts."""
    case = _Case(chain, report, fresh=fresh)
    case.outcomes()
    case.foundations()
    case.runs()
    report.runs += len({run.data.attempt for run in chain.runs})
    if chain.endings:
        if case.waiting:
            report.pending += 1
        elif not chain.broken:
            report.chains += 1
    else:
        case.without_outcome(now)
        report.pending += 1


class _Case:
    def __init__(self, chain: Chain, report: Report, *, fresh: bool) -> None:
        self._chain, self._report, self._fresh = chain, report, fresh
        self.waiting = False
        """Evidence is missing and the action is still fresh."""

    def wrong(self, code: ProblemCode, sentence: str, seq: int | None = None) -> None:
        self._chain.broken = True
        self._report.add(code, sentence, seq=seq, action_id=self._chain.action_id)

    def missing(self, code: ProblemCode, sentence: str, seq: int | None = None) -> None:
        if self._fresh:
            self.waiting = True
        else:
            self.wrong(code, sentence, seq)

    # One outcome ---------------------------------------------------------------------------------------------------

    def outcomes(self) -> None:
        if not self._chain.endings:
            return
        first, *others = self._chain.endings
        for other in others:
            if _essence(first) != _essence(other):
                self.wrong(ProblemCode.OUTCOME_REPEATED, "a second outcome, different from the first", other.seq)
        self._founded(first)

    def without_outcome(self, now: datetime) -> None:
        deadlines = [commitment.deadline for commitment in self._chain.commitments.values()]
        if deadlines and now - min(deadlines) > OVERDUE:
            self.wrong(ProblemCode.OUTCOME_MISSING, "the deadline has passed without an outcome")

    # Foundations ---------------------------------------------------------------------------------------------------

    def foundations(self) -> None:
        chain = self._chain
        verdicts: dict[str, Verdict] = {}
        for decision in chain.decisions:
            if decision.digest not in chain.classified:
                self.missing(ProblemCode.ORPHAN, "a decision about what was never classified")
            if verdicts.setdefault(decision.digest, decision.decision) is not decision.decision:
                self.wrong(ProblemCode.DIVERGENT, "two decisions about the same bytes contradict each other")
        if chain.review is not None:
            self._review(chain.review)

    def _review(self, review: Review) -> None:
        asked = [d for d in self._chain.decisions if d.decision is Verdict.REVIEW and d.digest in review.digests]
        if not asked:
            self.missing(ProblemCode.ORPHAN, "a review that no decision asked for")
        if review.opened is None:
            self.missing(ProblemCode.REVIEW_GAP, "a review that was never opened")
        elif asked and all(decision.requirement != review.requirement for decision in asked):
            self.wrong(ProblemCode.REVIEW_BAD, "the review was opened with another requirement than the policy's")
        absent = sorted(set(range(max(review.steps) + 1)) - set(review.steps))
        if absent:
            self.missing(ProblemCode.REVIEW_GAP, f"steps {absent[:10]} of the review have no entry")
        ending = self._chain.endings[0].data.outcome if self._chain.endings else None
        if ending is None:
            return
        if review.closed is None:
            self.missing(ProblemCode.REVIEW_GAP, f"the action ended as {ending}, its review was never closed")
        elif review.ended is not ending:
            self.wrong(ProblemCode.REVIEW_BAD, f"the review closed as {review.ended}, the action ended as {ending}")

    # The outcome's reason ------------------------------------------------------------------------------------------

    def _founded(self, ending: Ending) -> None:
        data = ending.data
        decisions = [d for d in self._chain.decisions if (d.digest, d.agent) == (data.digest, data.agent)]
        match data.outcome:
            case Outcome.ALLOWED:
                self._granted(ending, decisions, Verdict.ALLOW)
            case Outcome.APPROVED:
                self._granted(ending, decisions, Verdict.REVIEW)
                self._approved(ending)
            case Outcome.REJECTED:
                self._rejected(ending)
            case Outcome.DENIED | Outcome.EXPIRED:
                if not decisions and not self._chain.failed:
                    sentence = f"{data.outcome}, without a decision or a failure"
                    self.missing(ProblemCode.OUTCOME_UNFOUNDED, sentence, ending.seq)
            case Outcome.WITHDRAWN:
                if data.agent not in self._chain.withdrawn_by:
                    self.missing(ProblemCode.OUTCOME_UNFOUNDED, "withdrawn, but not by its agent", ending.seq)
            case Outcome.SUPERSEDED:
                if data.superseded_by is None:
                    self.wrong(ProblemCode.OUTCOME_UNFOUNDED, "superseded by nothing", ending.seq)

    def _granted(self, ending: Ending, decisions: list[Decision], wanted: Verdict) -> None:
        if ending.granted is None:
            return  # named when the event came
        if ending.granted.verdict.decision is not wanted:
            sentence = f"{ending.data.outcome}, but the verdict in the grant is {ending.granted.verdict.decision}"
            self.wrong(ProblemCode.GRANT_UNFOUNDED, sentence, ending.seq)
        if not any(decision.token == ending.granted.grant.verdict for decision in decisions):
            sentence = "the verdict in the grant is in no recorded decision"
            self.missing(ProblemCode.VERDICT_MISSING, sentence, ending.seq)
        if ending.data.digest not in self._chain.classified:
            self.missing(ProblemCode.COMMITMENT_MISSING, "granted without a recorded classification", ending.seq)

    def _approved(self, ending: Ending) -> None:
        granted = ending.granted
        if granted is None:
            return
        requirement, review = granted.verdict.requirement, self._chain.review
        if requirement is None or review is None:
            self.missing(ProblemCode.VOTES_MISSING, "approved without a review", ending.seq)
            return
        voted = self._valid(review, requirement)
        people = {vote.person: groups for vote, groups in voted if vote.kind is VoteKind.APPROVE}
        if assignment(requirement.approvals, people) is None:
            self.missing(ProblemCode.VOTES_MISSING, "the votes do not satisfy the requirement", ending.seq)
        named = {p: groups for p, groups in people.items() if p in granted.grant.reviewers}
        if set(granted.grant.reviewers) - set(people):
            self.missing(ProblemCode.VOTES_MISSING, "the grant names a reviewer whose vote is not there", ending.seq)
        elif assignment(requirement.approvals, named) is None:
            self.wrong(ProblemCode.GRANT_UNFOUNDED, "the reviewers in the grant do not satisfy its verdict", ending.seq)

    def _rejected(self, ending: Ending) -> None:
        review = self._chain.review
        requirement = None if review is None else review.requirement
        if review is None or requirement is None:
            self.missing(ProblemCode.OUTCOME_UNFOUNDED, "rejected without a review", ending.seq)
            return
        against = [vote for vote, _ in self._valid(review, requirement) if vote.kind is VoteKind.REJECT]
        if len(against) < requirement.rejections:
            self.missing(ProblemCode.VOTES_MISSING, "rejected without enough rejections", ending.seq)

    def _valid(self, review: Review, requirement: Requirement) -> list[tuple[Vote, AbstractSet[str]]]:
        """Each person's last counted vote, of those who may vote at the settlement, with their groups.

        A vote that should never have been counted is named.
        """
        standing = review.closed or review.opened
        if standing is None:
            return []
        behalf = {c.on_behalf_of for c in self._chain.commitments.values()} - {None}
        known = set(standing.eligible) | set(review.opened.eligible if review.opened else ())
        barred = behalf | (review.opened.excluded if review.opened else set())
        good: list[tuple[Vote, AbstractSet[str]]] = []
        for vote in review.last_votes().values():
            if vote.person in barred or vote.person == vote.owner:
                self.wrong(ProblemCode.VOTE_BAD, "a counted vote by somebody whose own action it is", vote.seq)
            elif vote.person not in known and not vote.eligible:
                self.wrong(ProblemCode.VOTE_BAD, "a counted vote by somebody who was not eligible", vote.seq)
            elif vote.kind is VoteKind.APPROVE and requirement.step_up not in {None, vote.authentication}:
                self.wrong(ProblemCode.VOTE_BAD, f"an approval without {requirement.step_up}", vote.seq)
            elif vote.person in standing.eligible and vote.person not in standing.excluded:
                good.append((vote, standing.eligible[vote.person]))
        return good

    # Runs ----------------------------------------------------------------------------------------------------------

    def runs(self) -> None:
        ending = self._chain.endings[0] if self._chain.endings else None
        attempts: dict[str, Run] = {}
        for run in self._chain.runs:
            first = attempts.setdefault(run.data.attempt, run)
            if first.data.status is not run.data.status:
                self.wrong(ProblemCode.DIVERGENT, "two reports of one attempt contradict each other", run.seq)
            if first is run:
                self._run(run, ending)
        if len(attempts) > 1:
            self.wrong(ProblemCode.RUN_REPEATED, f"{len(attempts)} runs on one grant", list(attempts.values())[-1].seq)

    def _run(self, run: Run, ending: Ending | None) -> None:
        if ending is None or ending.granted is None:
            self.missing(ProblemCode.RUN_WITHOUT_GRANT, f"{run.data.executor} ran it without a grant", run.seq)
            return
        grant, data = ending.granted.grant, run.data
        leeway = CLOCK_LEEWAY_SECONDS
        differs = [
            what
            for what, wrong in (
                ("grant", data.grant_id != grant.jti),
                ("bytes", data.digest != grant.digest),
                ("agent", f"/agents/{data.agent}" != grant.sub),
                ("executor", grant.aud != f"/executors/{data.executor}"),
                (
                    "time",
                    data.started_at is not None
                    and not grant.nbf - leeway <= data.started_at.timestamp() < grant.exp + leeway,
                ),
            )
            if wrong
        ]
        if differs:
            self.wrong(ProblemCode.RUN_DIFFERS, f"the run differs from its grant in {', '.join(differs)}", run.seq)


def _essence(ending: Ending) -> tuple[str, str, str, str | None]:
    data = ending.data
    return data.outcome, data.agent, data.digest, data.grant
