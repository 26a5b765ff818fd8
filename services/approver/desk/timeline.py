"""The recorded steps of a review as sentences. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.approver.desk.model import Step
from services.approver.desk.text import Segment, segments

_CHANNELS = {"console": "in the console", "api": "through the API", "slack": "in Slack", "teams": "in Teams"}
_STRENGTHS = {"session": "signed in", "token": "with a token", "passkey": "with a passkey", "channel": "as known there"}
_PLAIN = {
    "notified": "Reviewers were told",
    "revealed": "{who} revealed a masked value",
    "escalated": "Escalated",
    "extended": "{who} extended the time",
    "delegated": "{who} delegated",
    "edited": "{who} edited the action",
    "asked": "{who} asked the agent",
    "answered": "The agent answered",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the timeline; `tone` is good, bad, warn or plain."""

    at: datetime
    title: str
    tone: str
    how: str
    """Channel and strength, where a person acted."""
    words: tuple[Segment, ...]
    """The person's own text, or Placet's sentence."""


def timeline(steps: Sequence[Step], name: Callable[[str], str]) -> tuple[Item, ...]:
    """One item a step; `name` says how to call a person."""
    return tuple(_item(step, name) for step in steps)


def _item(step: Step, name: Callable[[str], str]) -> Item:
    said: Any = step.recorded
    actor = said.get("actor")
    title, tone = _title(step.step, said, name(actor) if actor else "Placet")
    how = "" if actor is None else ", ".join(_how(said))
    return Item(step.at, title, tone, how, segments(said.get("reason") or ""))


def _title(step: str, said: Any, who: str) -> tuple[str, str]:
    match step:
        case "opened":
            people = len(said.get("eligible") or ())
            return f"Held for review; {people} {'person' if people == 1 else 'people'} may decide", "plain"
        case "voted" if said.get("counted"):
            approves = said.get("vote") == "approve"
            return f"{who} {'approved' if approves else 'rejected'}", "good" if approves else "bad"
        case "voted":
            return f"{who} tried to {said.get('vote')}; it does not count", "warn"
        case "closed":
            outcome = str(said.get("outcome") or "closed")
            return f"Closed: {outcome}", {"approved": "good", "rejected": "bad"}.get(outcome, "warn")
        case _:
            return _PLAIN.get(step, step).format(who=who), "plain"


def _how(said: Any) -> list[str]:
    parts = (_CHANNELS.get(said.get("channel", ""), ""), _STRENGTHS.get(said.get("authentication", ""), ""))
    return [part for part in parts if part]
