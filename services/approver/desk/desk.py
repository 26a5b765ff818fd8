"""The parts of a running desk, as its routes use them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.approver.desk.identity import Identity
from services.approver.desk.live import Live
from services.approver.desk.people import Directory
from services.approver.desk.ports import Reviews
from services.approver.desk.settings import DeskSettings
from services.approver.desk.step_up import StepUp
from services.approver.desk.voting import Voting


@dataclass(frozen=True, slots=True)
class Desk:
    """Built once, by `wiring`."""

    settings: DeskSettings
    reviews: Reviews
    live: Live
    voting: Voting
    directory: Directory
    identity: Identity
    step_up: StepUp
    clock: Callable[[], float]
    """Seconds since the epoch; for sessions only. A review's time is the database's."""
