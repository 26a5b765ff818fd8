"""What the API answers with: models for OpenAPI, made from stored entries. Pure.

`event` is the event's data as recorded (masked upstream); exact bytes come with a single entry and with the export,
because proofs are about bytes.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from placet.audit.export import LeafFields
from placet.checkpoint import parse_checkpoint, parse_note
from services.ledger.ports import StoredCheckpoint, StoredEntry


class View(BaseModel):
    """Closed and immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EntryView(View):
    """One entry."""

    seq: int
    """Its number, which is its leaf's index in the tree."""
    topic: str
    type: str | None
    event_id: str | None
    action_id: str | None
    agent: str | None
    outcome: str | None
    labels: tuple[str, ...]
    event_time: datetime | None
    received_at: str
    refused: str | None
    """Code of the refusal; nothing else is known of a refused message."""
    divergent: bool
    source: str | None
    event: dict[str, Any] | None
    """The event's data; null for refused messages and trust files."""


class EntryDetail(EntryView):
    """One entry with everything a proof needs."""

    leaf: LeafFields
    leaf_hash: str = Field(description="hexadecimal SHA-256(0x00 || leaf)")
    salt: str = Field(description="base64")
    value: str | None = Field(description="base64 of the bytes received")


class EntryPage(View):
    """Some entries; ask again with `before` (or `after`) = `next` for the following ones."""

    entries: tuple[EntryView, ...]
    next: int | None


class CheckpointView(View):
    """A signed head of the tree."""

    origin: str
    size: int
    root: str = Field(description="base64")
    note: str = Field(description="C2SP signed note: keep it outside the system")


class InclusionProof(View):
    """That a leaf is in the tree under a checkpoint (RFC 9162 §2.1.3)."""

    seq: int
    size: int
    leaf_hash: str
    path: tuple[str, ...]
    checkpoint: CheckpointView


class ConsistencyProof(View):
    """That a later tree extends an earlier one (RFC 9162 §2.1.4)."""

    old: int
    new: int
    path: tuple[str, ...]
    checkpoint: CheckpointView


class Problem(View):
    """Why there is no answer."""

    code: str
    sentence: str


def entry_view(entry: StoredEntry) -> EntryView:
    """For lists and the live stream."""
    return EntryView(**_fields(entry))


def entry_detail(entry: StoredEntry) -> EntryDetail:
    """For one entry."""
    leaf = entry.leaf
    return EntryDetail(
        **_fields(entry),
        leaf=LeafFields(**{name: getattr(leaf, name) for name in leaf.__slots__}, format="placet-ledger-entry-v1"),
        leaf_hash=entry.leaf_hash.hex(),
        salt=base64.b64encode(entry.salt).decode(),
        value=None if entry.value is None else base64.b64encode(entry.value).decode(),
    )


def checkpoint_view(checkpoint: StoredCheckpoint) -> CheckpointView:
    """A stored head."""
    origin = parse_checkpoint(parse_note(checkpoint.note.encode()).body).origin
    root = base64.b64encode(checkpoint.root).decode()
    return CheckpointView(origin=origin, size=checkpoint.size, root=root, note=checkpoint.note)


def _fields(entry: StoredEntry) -> dict[str, Any]:
    envelope: dict[str, Any] = {}
    if entry.value is not None and entry.leaf.event_id is not None:
        envelope = json.loads(entry.value)
    row = entry.projection
    return {
        "seq": entry.seq,
        "topic": entry.leaf.topic,
        "type": entry.leaf.type,
        "event_id": entry.leaf.event_id,
        "action_id": row.action_id,
        "agent": row.agent,
        "outcome": row.outcome,
        "labels": row.labels,
        "event_time": row.event_time,
        "received_at": entry.leaf.received_at,
        "refused": entry.leaf.refused,
        "divergent": entry.divergent,
        "source": envelope.get("source"),
        "event": envelope.get("data"),
    }
