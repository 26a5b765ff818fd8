"""One action's story with durations, from its entries. Pure.

Rules:
- The start is the moment in the action's id (UUIDv7): proposals hold values in clear and are not in the ledger.
- Times are the events' own, but for what classifier and policy say: they stamp the proposal's time, so that the same
  message gives the same bytes again. Of those it is when the ledger received them, never later than what followed.
- What happened in one moment (a settlement's vote, closing and outcome) is told in the order of cause.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from placet.audit.entry import parse_time
from placet.catalogue import Topic
from services.ledger.ports import StoredEntry
from services.ledger.views import EntryView, View, entry_view

_CAUSE: Final[dict[str, int]] = {
    str(topic): rank
    for rank, topic in enumerate(
        (Topic.CLASSIFIED, Topic.FAILED, Topic.DECIDED, Topic.FOLLOWED, Topic.REVIEWS, Topic.RESOLVED, Topic.EXECUTED)
    )
}
"""Which comes first of what carries the same time."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND: Final = 253_402_300_799_999
"""Of year 9999; an id has room for later ones."""
_STAMPED_ALIKE: Final = frozenset({Topic.CLASSIFIED, Topic.DECIDED, Topic.FAILED})
_SPANS: Final = (
    ("classify", Topic.CLASSIFIED),
    ("decide", Topic.DECIDED),
    ("settle", Topic.RESOLVED),
    ("run", Topic.EXECUTED),
)


class Step(View):
    """One thing that happened."""

    seq: int | None
    """Entry number; null for the proposal."""
    at: datetime
    what: str
    by: str | None
    detail: str
    milliseconds: float
    """Since the step before."""


class Timeline(View):
    """An action from its proposal to its last entry."""

    action_id: str
    agent: str | None
    name: str | None
    resource: str | None
    outcome: str | None
    reason: str | None
    labels: tuple[str, ...]
    steps: tuple[Step, ...]
    durations: dict[str, float]
    """Milliseconds: classify, decide, settle (the review, where there was one), run, total."""


def timeline(action_id: str, entries: Sequence[StoredEntry]) -> Timeline:
    """The story of one action; `entries` are all of it, in any order and not none."""
    begun = proposed_at(action_id)
    told = _timed(sorted(map(entry_view, entries), key=_order), begun)
    views = [view for view, _ in told]
    steps = [Step(seq=None, at=begun, what="proposed", by=None, detail="by the time in its id", milliseconds=0.0)]
    for view, at in told:
        what, detail = _told(view)
        took = _milliseconds(steps[-1].at, at)
        steps.append(Step(seq=view.seq, at=at, what=what, by=_actor(view), detail=detail, milliseconds=took))
    classified, resolved = _first(views, Topic.CLASSIFIED), _first(views, Topic.RESOLVED)
    action = (classified.event or {}).get("action", {}) if classified else {}
    ended = (resolved.event or {}) if resolved else {}
    return Timeline(
        action_id=action_id,
        agent=next((view.agent for view in views if view.agent), None),
        name=action.get("name"),
        resource=action.get("resource"),
        outcome=ended.get("outcome"),
        reason=ended.get("reason", {}).get("sentence"),
        labels=classified.labels if classified else (),
        steps=tuple(steps),
        durations=_durations(begun, told),
    )


def proposed_at(action_id: str) -> datetime:
    """The millisecond in a UUIDv7 (RFC 9562 §5.7), which its agent chose: at most the last one of the calendar."""
    milliseconds = min(uuid.UUID(action_id).int >> 80, _LAST_MILLISECOND)
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _order(view: EntryView) -> tuple[datetime, int, int, int]:
    time = view.event_time or parse_time(view.received_at)
    return time, _CAUSE.get(view.topic, len(_CAUSE)), (view.event or {}).get("sequence", 0), view.seq


def _timed(views: Sequence[EntryView], begun: datetime) -> list[tuple[EntryView, datetime]]:
    """Each with its time; from the last to the first, so that a received time is never later than what followed."""
    told: list[tuple[EntryView, datetime]] = []
    following = datetime.max.replace(tzinfo=UTC)
    for view in reversed(views):
        at = view.event_time or parse_time(view.received_at)
        if view.topic in _STAMPED_ALIKE:
            at = max(at, min(parse_time(view.received_at), following))
        following = at
        told.append((view, max(at, begun)))
    return told[::-1]


def _durations(begun: datetime, told: Sequence[tuple[EntryView, datetime]]) -> dict[str, float]:
    found: dict[str, float] = {}
    before = begun
    for name, topic in _SPANS:
        at = next((at for view, at in told if view.topic == topic), None)
        if at is not None:
            found[name] = _milliseconds(before, at)
            before = at
    found["total"] = _milliseconds(begun, max((at for _, at in told), default=begun))
    return found


def _first(views: Sequence[EntryView], topic: Topic) -> EntryView | None:
    return next((view for view in views if view.topic == topic), None)


def _milliseconds(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds() * 1_000, 1)


def _actor(view: EntryView) -> str | None:
    event = view.event or {}
    return event.get("actor") or view.source


def _told(view: EntryView) -> tuple[str, str]:
    """What happened, and the part of it that fits on a line."""
    event: dict[str, Any] = view.event or {}
    match view.topic:
        case Topic.CLASSIFIED:
            found = f"{event['sensitivity']}, {len(event['findings'])} findings"
            return "classified", ", ".join([found, *view.labels])
        case Topic.DECIDED:
            return "decided", f"{event['decision']} by {', '.join(event['rules']) or 'no rule'}"
        case Topic.FAILED:
            return "failed", f"{event['stage']}: {event['code']}"
        case Topic.REVIEWS:
            words = [event.get(name) for name in ("vote", "outcome", "code", "reason")]
            return f"review {event['step']}", ", ".join(str(word) for word in words if word)
        case Topic.RESOLVED:
            return "resolved", f"{event['outcome']}: {event['reason']['sentence']}"
        case Topic.FOLLOWED:
            return str(event["step"]), event.get("answer") or ""
        case Topic.EXECUTED:
            return "executed", f"{event['status']}: {event['code']}"
        case _:
            return view.topic, ""
