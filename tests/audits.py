"""What tests of the offline verifier share: one world, an audit of a ledger, the codes it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from placet.audit.report import ProblemCode, Report
from placet.audit.verifier import verify_export
from placet.events import (
    Outcome,
    Verdict,
)
from tests.factories import World
from tests.ledgers import MemoryLedger, resolution

WORLD = World()
CODE = ProblemCode
Telling = Callable[[MemoryLedger], None]
"""Adds a story to a ledger."""


def denied(ledger: MemoryLedger) -> None:
    classified = ledger.world.classified()
    decided = ledger.world.decided(classified, decision=Verdict.DENY)
    for data in (classified, decided, resolution(ledger.world, decided, Outcome.DENIED)):
        ledger.add(data)


def audit(ledger: MemoryLedger, lines: list[bytes] | None = None, **more: Any) -> Report:
    return verify_export(ledger.export() if lines is None else lines, ledger.world.root.public, **more)


def told(tell: Telling) -> set[ProblemCode]:
    """What an audit finds in a ledger that tells one story."""
    ledger = MemoryLedger(WORLD)
    tell(ledger)
    return codes(audit(ledger))


def codes(found: Report) -> set[ProblemCode]:
    assert found.ok == (not found.problems)
    return {problem.code for problem in found.problems}
