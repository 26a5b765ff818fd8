"""The approver's schema, as numbered steps that only its owner may take.

Rules: `migrate` runs as `approver_owner`; the processes that serve (settle, desk) cannot change the schema.
Grants are part of the schema: what a role may do stands beside the table it is about.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.chassis.migrations import migrate_schema

SCHEMA: Final = "approver"
_LOCK: Final = 0x706C6163657401


def migrate(dsn: str) -> None:
    """Bring the schema to its newest step, as its owner; the roles `settle` and `desk` exist."""
    migrate_schema(dsn, schema=SCHEMA, steps=Path(__file__).parent, lock=_LOCK)
