"""Who may vote on an action.

Rules:
- Only people: active, and in a group that the requirement's expression names. An escalation tells a group; it gives
  it no vote.
- Never those whose action it is: the agent's owner (when the review opened and now), `on_behalf_of`, whoever edited
  it; administrators included. Never an agent or executor, whatever the directory says.
- An approval that needs a passkey has a proven one; a passkey that was claimed and not proven makes any vote void.
- Asked of the directory and the trust file as they are now: once at the vote, again when the review settles.
"""

from __future__ import annotations

from collections.abc import Iterable

from placet.base import AgentId, PersonId
from placet.events import Authentication, EligibleReviewer, VoteKind
from placet.requirement import Requirement, assignment, groups, spell
from placet.trust import Trust
from services.approver.model import Directory, Refused, Standing, Vote
from services.approver.step_up import REQUIRED


def standing(directory: Directory, trust: Trust, *, agent: AgentId, concerned: Iterable[PersonId | None]) -> Standing:
    """Who may vote on an action of this agent now; `concerned` are the people whose action it is."""
    known = trust.agents.get(agent)
    owners = {*concerned, None if known is None else known.owner}
    return Standing(
        directory=directory,
        excluded=frozenset(person for person in owners if person is not None),
        machines=frozenset({*trust.agents, *trust.executors}),
        agent_enabled=known is not None and not known.disabled,
    )


def eligible(requirement: Requirement, now: Standing) -> tuple[EligibleReviewer, ...]:
    """Everyone who may vote now, with the groups that count, ordered by id."""
    return tuple(
        EligibleReviewer(person=person, groups=tuple(sorted(through)))
        for person in sorted(now.directory)
        if not isinstance(through := may_vote(person, requirement, now), Refused)
    )


def satisfiable(requirement: Requirement, people: Iterable[EligibleReviewer]) -> bool:
    """Whether these people could satisfy the requirement if they all approved."""
    return assignment(requirement.approvals, {one.person: frozenset(one.groups) for one in people}) is not None


def may_vote(person: PersonId, requirement: Requirement, now: Standing) -> frozenset[str] | Refused:
    """The groups through which a person may vote, or why not."""
    if person in now.machines:
        return Refused("not_a_person", "An agent or executor cannot review.")
    if person in now.excluded:
        return Refused("own_action", "Nobody reviews an action that is their own or done on their behalf.")
    found = now.directory.get(person)
    if found is None:
        return Refused("unknown_person", "The directory does not know this person.")
    if not found.active:
        return Refused("inactive_person", "This person is no longer active.")
    through = found.groups & groups(requirement.approvals)
    if not through:
        return Refused("not_in_group", f"Reviewers of this action: {spell(requirement.approvals)}.")
    return through


def authenticated(vote: Vote, requirement: Requirement) -> Refused | None:
    """Why the vote's sign-in is too weak for the requirement, or None."""
    if vote.unproven is not None:
        return vote.unproven
    approves = vote.kind is VoteKind.APPROVE  # a rejection must never be lost, for want of a passkey either
    if approves and requirement.step_up is not None and vote.authentication is not Authentication.PASSKEY:
        return REQUIRED
    if vote.authentication is Authentication.NONE:
        return Refused("not_authenticated", "Nobody knows who cast this vote. Sign in and vote again.")
    return None
