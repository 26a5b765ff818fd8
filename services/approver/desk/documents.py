"""Reviews and votes as the API's JSON. Pure."""

from __future__ import annotations

from typing import Any

from placet.requirement import spell
from services.approver.desk.card import headline
from services.approver.desk.clock import iso
from services.approver.desk.model import Heading, Review, Vote
from services.approver.desk.people import Directory
from services.approver.desk.standing import approvals_of, progress, standing
from services.approver.desk.voting import Caller


def heading(of: Heading) -> dict[str, Any]:
    """A review in a list."""
    return {
        "action_id": of.action_id,
        "headline": str(headline(of)),
        "agent": of.agent,
        "owner": of.owner,
        "on_behalf_of": of.on_behalf_of,
        "name": of.name,
        "resource": of.resource,
        "sensitivity": of.sensitivity,
        "labels": list(of.labels),
        "digest": of.digest,
        "state": of.state,
        "opened_at": iso(of.opened_at),
        "expires_at": iso(of.expires_at),
        "closed_at": None if of.closed_at is None else iso(of.closed_at),
        "closed_code": of.closed_code,
        "closed_sentence": of.closed_sentence,
        "requirement": spell(of.requirement.approvals),
        "satisfiable": of.satisfiable,
    }


def review(of: Review, caller: Caller, directory: Directory) -> dict[str, Any]:
    """A review whole, as its caller may see it; the action is masked."""
    classified = of.classified.model_dump(mode="json")
    here = standing(of.heading, of.votes, caller.person, caller.channel)
    so_far = progress(of.heading.requirement.approvals, approvals_of(of.votes, directory.groups))
    return heading(of.heading) | {
        "action": classified["action"],
        "purpose": of.purpose,
        "preview": classified["preview"],
        "findings": classified["findings"],
        "forms": classified["forms"],
        "incomplete": classified["incomplete"],
        "facts": classified["facts"],
        "rules": list(of.rules),
        "reasons": list(of.reasons),
        "requirement_tree": of.heading.requirement.model_dump(mode="json"),
        "missing": so_far.missing,
        "approvals": {"given": so_far.given, "needed": so_far.needed},
        "votes": [vote(cast) for cast in of.votes],
        "steps": [{"at": iso(step.at), **step.recorded} for step in of.steps],
        "read_at": iso(of.heading.read_at),
        "you": {
            "id": caller.person.id,
            "may": sorted(here.may),
            "code": here.code,
            "sentence": here.sentence,
        },
    }


def vote(of: Vote) -> dict[str, Any]:
    """A vote, and what the judge made of it; `counted` is null until then."""
    return {
        "request_id": of.request_id,
        "action_id": of.action_id,
        "reviewer": of.reviewer,
        "vote": of.vote,
        "reason": of.reason,
        "channel": of.channel,
        "authentication": of.authentication,
        "cast_at": iso(of.cast_at),
        "judged_at": None if of.judged_at is None else iso(of.judged_at),
        "counted": of.counted,
        "code": of.code,
        "sentence": of.sentence,
    }
