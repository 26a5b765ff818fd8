"""One agent takes only so much of people's attention, in the running system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from examples.nightly_export.scenarios import World
from placet.events import Outcome, Retry
from placet.gate.pending import Pending
from placet.outcomes import Settled
from services.approver.model import Bounds
from tests.enrolled import enrolled, export
from tests.systems import RunningSystem

pytestmark = pytest.mark.timeout(300)

PATIENCE = 60.0
MORE = 5
"""Actions beyond the bound."""


def test_an_agent_floods_people_no_further_than_the_bound(system: RunningSystem, world: World, tmp_path: Path) -> None:
    bound = Bounds().pending_at_most
    with enrolled(system, "flooder", tmp_path) as gate:
        asked = [export(gate, number) for number in range(bound + MORE)]
        # What is denied is denied at once; what is held has no outcome, and is seen by a reviewer. Which are which is
        # for the partitions to say: an agent's actions have no order among each other.
        ended = some_ended(asked, MORE)
        assert {(one.outcome, one.code, one.retry) for one in ended} == {
            (Outcome.DENIED, "too_many_pending", Retry.LATER)
        }
        held = [one for one in asked if one.outcome() is None]
        assert len(held) == bound
        assert world.people["alice"].open_review(held[-1].action_id)["state"] == "open"
    assert counted(system, "too_many_pending") >= len(ended)


def test_what_a_human_rejected_is_not_asked_again_at_once(system: RunningSystem, world: World, tmp_path: Path) -> None:
    with enrolled(system, "insistent", tmp_path) as gate:
        first = export(gate)
        world.people["alice"].open_review(first.action_id)
        assert world.people["alice"].reject(first.action_id, "Not this month.").status_code == httpx.codes.OK
        rejected = first.outcome(PATIENCE)
        assert rejected is not None
        assert rejected.outcome is Outcome.REJECTED
        again = export(gate, purpose="said in other words").outcome(PATIENCE)
        assert again is not None
        assert (again.outcome, again.code, again.retry) == (
            Outcome.DENIED,
            "repeat_of_rejected",
            Retry.AFTER_CHANGE,
        )
        assert "was rejected at" in again.sentence
        changed = export(gate, number=1)
        assert world.people["alice"].open_review(changed.action_id)["state"] == "open"
    assert counted(system, "repeat_of_rejected") >= 1


@retry(stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.2), reraise=True)
def some_ended(asked: Sequence[Pending], count: int) -> list[Settled]:
    """The outcomes there are, once there are so many."""
    ended = [outcome for one in asked if (outcome := one.outcome()) is not None]
    assert len(ended) >= count
    return ended


def counted(system: RunningSystem, code: str) -> float:
    """How many actions settle says it denied for this."""
    page = httpx.get(system.endpoints["health"]["settle"].replace("/healthz", "/metrics"), timeout=10).text
    lines = [line for line in page.splitlines() if line.startswith("placet_denials") and f'"{code}"' in line]
    return sum(float(line.rsplit(maxsplit=1)[1]) for line in lines)
