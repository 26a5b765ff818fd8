"""What settle is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from services.chassis.settings import DatabaseSettings, StreamSettings


class SettleSettings(StreamSettings, DatabaseSettings):
    """PLACET_… variables of `python -m services.approver settle`."""

    service: ClassVar[str] = "settle"

    directory_file: Path
    """The people and their groups, as JSON; looked at every second, reloaded when it changes."""
