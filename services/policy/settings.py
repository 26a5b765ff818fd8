"""What the policy service is told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from services.chassis.settings import StreamSettings

DEFAULT_PACK: Final = Path(__file__).parent / "pack"


class PolicySettings(StreamSettings):
    """PLACET_… variables of the policy service."""

    service: ClassVar[str] = "policy"

    policy_folder: Path = DEFAULT_PACK
    """`*.cedar`, schema.cedarschema and entities.json; looked at every second, reloaded when they change."""
