"""What settle is told from outside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from services.approver.model import Bounds
from services.chassis.settings import DatabaseSettings, StreamSettings


class SettleSettings(StreamSettings, DatabaseSettings):
    """PLACET_… variables of `python -m services.approver settle`."""

    service: ClassVar[str] = "settle"

    directory_file: Path
    """The people and their groups, as JSON; looked at every second, reloaded when it changes."""
    pending_reviews_per_agent: Annotated[int, Field(ge=1)] = 50
    """Open reviews of one agent; what would be one more is denied, to be tried again later."""
    repeat_after_seconds: Annotated[float, Field(ge=0)] = 900.0
    """A human's rejection stands so long against a repeat of the same action; 0: not at all."""

    @property
    def bounds(self) -> Bounds:
        """How much of people's attention one agent may take."""
        return Bounds(self.pending_reviews_per_agent, timedelta(seconds=self.repeat_after_seconds))
