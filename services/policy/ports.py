"""What the policy service needs from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from placet.trust import Trust
from services.policy.model import Rulebook


class Rulebooks(Protocol):
    """Where the rules in force come from."""

    def current(self) -> Rulebook | None:
        """The rulebook in force; None where none ever loaded. Thread-safe, and never waits for a reload."""


class Trusts(Protocol):
    """Where the trust in force comes from."""

    def current(self) -> Trust:
        """The trust in force."""


class Clock(Protocol):
    """What time it is."""

    def __call__(self) -> datetime:
        """Now, UTC."""
