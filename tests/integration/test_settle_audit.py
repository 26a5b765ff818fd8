"""What settle leaves is whole to the offline verifier: every ending it knows, audited with "0 problems"."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from placet.audit.report import ProblemCode
from placet.audit.verifier import verify_export
from placet.catalogue import Topic
from placet.events import Verdict
from tests.factories import received
from tests.ledgers import MemoryLedger
from tests.settling import ONE_LEAD, TWO_TEAMS, Bench, withdrawal


def ledger_of(bench: Bench) -> MemoryLedger:
    """Everything that arrived and everything settle would publish, as the ledger keeps it."""
    # A second a message, so that none comes from the ledger's future.
    ledger = MemoryLedger(bench.world, step=timedelta(seconds=1))
    arrived = [one for topic, held in bench.broker.topics.items() if topic != Topic.PROPOSED for one in held]
    offsets: Counter[str] = Counter()
    published = []
    for one in bench.waiting():
        published.append(received(one, offset=offsets[one.topic]))
        offsets[one.topic] += 1
    for message in [*arrived, *published]:
        ledger.append(message)
    return ledger


def test_every_ending_is_whole_to_the_auditor(bench: Bench) -> None:
    bench.arrive(bench.decided(Verdict.ALLOW), bench.decided(Verdict.DENY))
    approved, rejected, expired, withdrawn, changed = (bench.held(TWO_TEAMS) for _ in range(5))
    bench.vote(approved, "dave")
    bench.vote(approved, "carol")
    bench.vote(approved, "carol", "approve", channel="api")
    bench.vote(approved, "alice")
    bench.vote(approved, "bob")
    bench.vote(rejected, "bob")
    bench.vote(rejected, "bob", "reject", reason="no")
    bench.arrive(withdrawal(withdrawn))
    bench.vote(changed, "alice")
    bench.people(inactive=("alice",))
    bench.vote(changed, "bob")
    bench.vote(changed, "erin")
    bench.people()
    bench.pass_time(expired, 901)
    bench.timers.run_due()
    late = bench.held(ONE_LEAD)
    bench.vote(late, "alice")
    bench.vote(late, "erin", "reject")
    early = bench.decided(Verdict.ALLOW)
    bench.arrive(withdrawal(early))
    bench.arrive(early)

    found = verify_export(ledger_of(bench).export(), bench.world.root.public)
    assert found.problems == []
    assert (found.actions, found.chains, found.pending) == (9, 9, 0)


def test_the_auditor_sees_a_vote_that_is_not_there(bench: Bench) -> None:
    """The same audit does find something where something is missing."""
    decided = bench.held(TWO_TEAMS)
    bench.vote(decided, "alice")
    bench.vote(decided, "bob")
    ledger = ledger_of(bench)
    ledger.records = [record for record in ledger.records if b'"actor":"bob"' not in (record.value or b"")]
    codes = {one.code for one in verify_export(ledger.export(), bench.world.root.public).problems}
    assert codes == {ProblemCode.VOTES_MISSING, ProblemCode.REVIEW_GAP, ProblemCode.OFFSETS_MISSING}
