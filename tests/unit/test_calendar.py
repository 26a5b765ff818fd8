"""Times at the ends of the calendar: whoever may choose a time may choose these, and nothing may overflow on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from placet.audit.verifier import verify_export
from placet.errors import VerificationError
from placet.verify import verify
from services.ledger.timeline import proposed_at
from tests.factories import NOW, World, received
from tests.ledgers import MemoryLedger

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


def test_an_audit_survives_a_deadline_that_never_comes() -> None:
    ledger = MemoryLedger(World())
    ledger.add(ledger.world.classified(ledger.world.proposed(deadline=LAST)))
    found = verify_export(ledger.export(), ledger.world.root.public)
    assert (found.problems, found.pending) == ([], 1)


@pytest.mark.parametrize(("time", "code"), [(FIRST, None), (NOW, None), (LAST, "future_time")])
def test_an_event_may_claim_any_time_of_the_calendar(time: datetime, code: str | None) -> None:
    world = World()
    message = received(world.seal(world.classified(), time=time))
    if code is None:
        verify(message, world.trust(), now=NOW)
    else:
        with pytest.raises(VerificationError, match=code):
            verify(message, world.trust(), now=NOW)


def test_an_entry_may_claim_to_have_been_received_at_the_end_of_it() -> None:
    world = World()
    document = world.document()
    for_ever = {
        role: service.model_copy(update={"keys": (service.keys[0].model_copy(update={"not_after": LAST}),)})
        for role, service in document.services.items()
    }
    trust = world.trust(services=for_ever)
    message = received(world.seal(world.classified()))
    assert verify(message, trust, now=LAST - timedelta(seconds=1)).message == message


@pytest.mark.parametrize("milliseconds", [0, 1, 253_402_300_799_999, 253_402_300_800_000, 2**48 - 1])
def test_an_action_id_holds_times_beyond_the_calendar(milliseconds: int) -> None:
    text = f"{milliseconds:012x}"
    begun = proposed_at(f"{text[:8]}-{text[8:]}-7000-8000-000000000001") - datetime(1970, 1, 1, tzinfo=UTC)
    assert begun // timedelta(milliseconds=1) == min(milliseconds, 253_402_300_799_999)
