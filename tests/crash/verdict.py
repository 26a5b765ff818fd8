"""Whether nothing was lost and nothing happened twice: facts in, sentences out. Pure.

- Every action that was ever proposed has one outcome: in settle's table, on the topic, in its agent's journal, and it
  is the one that its kind must have.
- What was granted ran at most once and was reported as one attempt; what was reported as succeeded ran; nothing else
  did.
- Every message that a broker has acknowledged has its entry in the ledger, and the ledger verifies offline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from placet.events import ExecutionStatus, Outcome
from tests.crash.flow import EXPECTED, GRANTED, Kind


@dataclass(frozen=True, slots=True)
class Action:
    """What its agent knows of an action."""

    kind: Kind
    number: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found in each place after the flow has run dry."""

    journal: Mapping[str, Action]
    broker: AbstractSet[str]
    """Actions among the proposals on the broker."""
    rows: Mapping[str, Outcome]
    """Settle's table, whose key is the action."""
    resolved: Mapping[str, AbstractSet[bytes]]
    """Different messages on the topic of outcomes."""
    reports: Mapping[str, Mapping[str, ExecutionStatus]]
    """Action → attempt → how it ended."""
    ran: Counter[int]
    """By number of the action."""
    unrecorded: int
    """Messages on the broker without an entry in the ledger."""
    ledger: tuple[str, ...]
    """Problems of the offline verification."""


def lost(facts: Facts) -> Iterator[str]:
    """What is missing."""
    for action_id in sorted(facts.broker - set(facts.journal)):
        yield f"{action_id}: on the broker, unknown to its agent"
    for action_id, action in facts.journal.items():
        wanted = EXPECTED[action.kind]
        if action_id not in facts.broker:
            yield f"{action_id}: its proposal is not on the broker"
        for place, found in (("agent", action.outcome), ("settle", facts.rows.get(action_id))):
            if found is not wanted:
                yield f"{action_id}: {wanted} for {action.kind}, and by its {place} it is {found}"
        if not facts.resolved.get(action_id):
            yield f"{action_id}: no outcome was published"
        if wanted in GRANTED and not facts.reports.get(action_id):
            yield f"{action_id}: granted, and no report of a run"
        statuses = set(facts.reports.get(action_id, {}).values())
        if ExecutionStatus.SUCCEEDED in statuses and not facts.ran[action.number]:
            yield f"{action_id}: reported as run, and did not run"
    if facts.unrecorded:
        yield f"{facts.unrecorded} messages have no entry in the ledger"


def doubled(facts: Facts) -> Iterator[str]:
    """What happened twice, or should not have happened."""
    numbers = {action.number: (action_id, action) for action_id, action in facts.journal.items()}
    for number, times in facts.ran.items():
        action_id, action = numbers.get(number, ("?", None))
        if times > 1:
            yield f"{action_id}: ran {times} times"
        if action is None or EXPECTED[action.kind] not in GRANTED:
            yield f"{action_id}: ran without a grant ({number})"
    for action_id, values in facts.resolved.items():
        if len(values) > 1:
            yield f"{action_id}: {len(values)} different outcomes were published"
    for action_id, attempts in facts.reports.items():
        if len(attempts) > 1:
            yield f"{action_id}: {len(attempts)} attempts"


def problems(facts: Facts) -> list[str]:
    """Everything that is wrong."""
    return [*lost(facts), *doubled(facts), *(f"ledger: {each}" for each in facts.ledger)]
