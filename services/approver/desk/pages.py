"""From what the desk knows to what a page shows: the template environment and each page's content.

Rules:
- Every string is escaped by the template engine; nothing is ever marked safe. An undefined name is an error.
- Static files are addressed with the hash of their content, so browsers keep them for ever.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from placet.events import Outcome
from services.approver.desk.card import card, headline
from services.approver.desk.clock import iso, left, stamp, urgency
from services.approver.desk.model import Heading, Page, Review
from services.approver.desk.people import Directory
from services.approver.desk.standing import approvals_of, progress, standing
from services.approver.desk.text import in_the_open
from services.approver.desk.timeline import timeline
from services.approver.desk.values import words
from services.approver.desk.voting import Caller

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
REJECTIONS: Final = (
    "More data than the purpose needs.",
    "Wrong destination.",
    "The purpose is not clear to me.",
    "Not now: ask again in working hours.",
)
"""Reasons that are one click away."""


@dataclass(frozen=True, slots=True)
class Toast:
    """A message that appears and goes; `tone` is good, bad or plain."""

    tone: str
    title: str
    detail: str = ""


@cache
def environment() -> Environment:
    """The templates, with their filters."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        iso=iso, stamp=stamp, words=words, open=in_the_open, headline=headline, initials=initials, short=short
    )
    made.globals.update(left=left, urgency=urgency, static=static)
    return made


def render(template: str, **content: Any) -> str:
    """A page or a part of one."""
    return environment().get_template(template).render(**content)


@cache
def static(name: str) -> str:
    """The address of a static file."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def inbox(mine: Page, others: Page) -> dict[str, Any]:
    """What waits for the caller, and what else is open."""
    waiting = {heading.action_id for heading in mine.headings}
    return {
        "mine": mine,
        "others": [heading for heading in others.headings if heading.action_id not in waiting],
        "more": others.next,
    }


def review(of: Review, caller: Caller, directory: Directory) -> dict[str, Any]:
    """One review, for the caller."""
    heading = of.heading
    approvals = approvals_of(of.votes, directory.groups)
    return {
        "review": of,
        "heading": heading,
        "card": card(of),
        "standing": standing(heading, of.votes, caller.person, caller.channel),
        "progress": progress(heading.requirement.approvals, approvals),
        "timeline": timeline(of.steps, directory.name),
        "name": directory.name,
        "tone": tone(heading),
        "rejections": REJECTIONS,
        "keys": {"approve": str(uuid.uuid4()), "reject": str(uuid.uuid4())},
    }


def tone(heading: Heading) -> str:
    """The colour of a state: open, good, bad or over."""
    match heading.state:
        case "open":
            return "open"
        case Outcome.APPROVED:
            return "good"
        case Outcome.REJECTED | Outcome.DENIED:
            return "bad"
        case _:
            return "over"


def initials(name: str) -> str:
    """Two letters for a seat."""
    return "".join(_letters(name))[:2].upper() or "?"


def short(digest: str) -> str:
    """The beginning of a digest, in groups that people can compare."""
    return " ".join(digest[start : start + 4] for start in range(0, 12, 4))


def _letters(name: str) -> Iterator[str]:
    for part in in_the_open(name).split():
        if part[0].isalnum():
            yield part[0]
