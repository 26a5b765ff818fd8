"""One review as a neutral card: what any channel needs to say, before any channel renders it. Pure.

Rules:
- The order is the order of a good decision: what would happen, to what, why it was held, what it holds, what is
  missing, how long is left.
- What the agent wrote (purpose, arguments, preview) is marked as its words; what Placet found stands apart from it.
- Nothing is left out of the card; a channel that cannot show all of it must say so and offer no approval.
"""

from __future__ import annotations

from dataclasses import dataclass

from placet.events import Facts
from placet.requirement import spell
from services.approver.desk.model import Heading, Review
from services.approver.desk.text import in_the_open
from services.approver.desk.values import Block, Masks, Text, blocks, text


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that Placet found out; `tone` is alarm, warn or plain."""

    name: str
    value: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Headline:
    """What will happen, in one sentence of three parts."""

    agent: str
    deed: str
    """ wants to run … """
    consequence: str
    """Where it would reach, or empty."""

    def __str__(self) -> str:
        """The whole sentence."""
        return f"{self.agent} wants to {self.deed}{self.consequence}."


@dataclass(frozen=True, slots=True)
class Card:
    """The content of one review's page."""

    headline: Headline
    purpose: Text
    arguments: tuple[Block, ...]
    preview: tuple[Block, ...]
    facts: tuple[Fact, ...]
    requirement: str
    masked: int
    """Sensitive spans that were replaced."""
    uninspected: int


def card(review: Review) -> Card:
    """The card of a review."""
    masks = Masks(review.classified)
    classified = review.classified
    return Card(
        headline=headline(review.heading),
        purpose=text(review.purpose, masks.value("/purpose"), masks.forms),
        arguments=blocks(classified.action.arguments, "/arguments", masks),
        preview=() if classified.preview is None else blocks(classified.preview, "/preview", masks),
        facts=_facts(classified.facts),
        requirement=spell(review.heading.requirement.approvals),
        masked=len(classified.findings),
        uninspected=len(classified.incomplete),
    )


def headline(heading: Heading) -> Headline:
    """The sentence a reviewer reads first. Names and resources are of a strict grammar; facts are shown in the open."""
    facts = heading.facts
    kinds = [kind.upper() for kind in facts.statement_kinds]
    deed = f"run {heading.name} on {heading.resource}"
    parts = []
    if kinds:
        parts.append(f"{_joined(kinds)} on {_joined(facts.tables)}" if facts.tables else _joined(kinds))
    if destinations := _destinations(facts):
        where = "outside, to" if facts.external_destination else "to"
        parts.append(f"data goes {where} {_joined(destinations)}")
    return Headline(heading.agent, deed, f": {'; '.join(parts)}" if parts else "")


def _destinations(facts: Facts) -> tuple[str, ...]:
    """Hosts, and the domains that no host among them belongs to."""
    hosts = facts.destination_hosts
    return (*hosts, *(domain for domain in facts.destination_domains if not any(h.endswith(domain) for h in hosts)))


def _facts(facts: Facts) -> tuple[Fact, ...]:
    found = []
    if destinations := _destinations(facts):
        where = _joined(destinations)
        tone = "alarm" if facts.external_destination else "plain"
        found.append(Fact("Outside destination" if facts.external_destination else "Destination", where, tone))
    elif facts.external_destination:
        found.append(Fact("Destination", "outside", "alarm"))
    if facts.tables:
        found.append(Fact("Tables", _joined(facts.tables)))
    if facts.statement_kinds:
        several = "" if facts.statement_count <= 1 else f" ({facts.statement_count} statements)"
        found.append(Fact("SQL", _joined([kind.upper() for kind in facts.statement_kinds]) + several))
    if facts.writes_in_query:
        found.append(Fact("Hidden change", "reads on its face, changes data inside", "alarm"))
    if facts.unbounded:
        found.append(Fact("Rows", "all: no WHERE, no LIMIT", "warn"))
    if facts.selects_all_columns:
        found.append(Fact("Columns", "all of them", "warn"))
    if facts.preview_records:
        found.append(Fact("Sample", f"{facts.preview_records} records"))
    found.append(Fact("Size", f"{facts.argument_bytes:,} bytes"))
    return tuple(found)


def _joined(names: tuple[str, ...] | list[str]) -> str:
    shown = [in_the_open(name) for name in dict.fromkeys(names)]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
