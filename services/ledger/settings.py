"""What the ledger's two processes are told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from services.chassis.settings import ApiSettings, DatabaseSettings, StreamSettings

Origin = Annotated[str, StringConstraints(pattern=r"^[^\s+\x00-\x1f]+$", max_length=256)]


class WriterSettings(StreamSettings, DatabaseSettings):
    """PLACET_… variables of the sequencer; its database role is ledger_writer."""

    service: ClassVar[str] = "ledger"

    ledger_origin: Origin = "placet.local/ledger"
    """The log's name in every checkpoint, for ever; a schema-less URL of yours (c2sp.org/tlog-checkpoint)."""
    batch: Annotated[int, Field(ge=1, le=4_096)] = 256
    """Entries in one transaction, at most."""
    checkpoint_seconds: Annotated[float, Field(gt=0)] = 5.0
    """A new head is published at most so often; each batch has its own in the database."""


class ReaderSettings(ApiSettings, DatabaseSettings):
    """PLACET_… variables of the read API; its database role is ledger_reader."""

    service: ClassVar[str] = "ledger-api"

    ledger_token_file: Path | None = None
    """Holds the bearer token that readers show. Without one everybody who reaches the port may read: dev only."""
    database_connections: Annotated[int, Field(ge=1, le=100)] = 8
