"""How entries travel: one JSON object a line, in the order of the tree.

    {"kind": "header", "format": "placet-ledger-export-v1", "origin": …, "first": 0, "size": N}
    {"kind": "entry", "seq": 0, "leaf": {…}, "salt": base64, "value": base64 or null}
    {"kind": "checkpoint", "note": "…"}

Rules: closed and strict like every message; the header comes first and once; sequence numbers run without a gap from
`first` to `size - 1`; a checkpoint stands right after the last entry it covers. A reader holds one line at a time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from placet.audit.entry import Leaf
from placet.base import Code, Sha256, Strict
from placet.canonical import strict_loads
from placet.checkpoint import MAX_NOTE_BYTES
from placet.errors import DecodeError

EXPORT_FORMAT: Final = "placet-ledger-export-v1"
MAX_LINE_BYTES: Final = 8_000_000
"""A trust file may be 4 MB, and base64 adds a third."""

Base64 = Annotated[str, StringConstraints(pattern=r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")]
Count = Annotated[int, Field(ge=0)]
Text = Annotated[str, StringConstraints(max_length=512)]


class Header(Strict):
    """First line: whose entries, and how many."""

    kind: Literal["header"] = "header"
    format: Literal["placet-ledger-export-v1"] = EXPORT_FORMAT
    origin: Text
    first: Literal[0] = 0
    size: Count


class LeafFields(Strict):
    """The leaf as it is hashed; see `placet.audit.entry.Leaf`."""

    format: Literal["placet-ledger-entry-v1"]
    topic: Text
    partition: Count
    offset: Count
    received_at: Text
    value_hash: Sha256
    refused: Code | None
    key: Text | None
    event_id: Text | None
    type: Text | None
    key_id: Text | None
    signature: Text | None


class EntryLine(Strict):
    """One entry. `value` is null where the message was refused or its value erased."""

    kind: Literal["entry"] = "entry"
    seq: Count
    leaf: LeafFields
    salt: Base64
    value: Base64 | None

    def to_leaf(self) -> Leaf:
        """The leaf whose bytes are in the tree."""
        return Leaf(**self.leaf.model_dump(exclude={"format"}))


class CheckpointLine(Strict):
    """A signed head of the tree at this place."""

    kind: Literal["checkpoint"] = "checkpoint"
    note: Annotated[str, StringConstraints(max_length=MAX_NOTE_BYTES)]


Line = Header | EntryLine | CheckpointLine
_LINE: Final[TypeAdapter[Line]] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def write_entry(seq: int, leaf: Leaf, salt: bytes, value: bytes | None) -> bytes:
    """One entry as a line."""
    fields = {**asdict(leaf), "format": "placet-ledger-entry-v1"}
    encoded = None if value is None else base64.b64encode(value).decode()
    return _line(
        {"kind": "entry", "seq": seq, "leaf": fields, "salt": base64.b64encode(salt).decode(), "value": encoded}
    )


def write_header(origin: str, size: int) -> bytes:
    """The first line."""
    return _line(Header(origin=origin, size=size).model_dump())


def write_checkpoint(note: str) -> bytes:
    """A checkpoint as a line."""
    return _line({"kind": "checkpoint", "note": note})


def read_lines(lines: Iterable[bytes]) -> Iterator[Line]:
    """The lines of an export, parsed strictly; raise `DecodeError` that names the line."""
    for number, line in enumerate(lines, start=1):
        try:
            strict_loads(line, max_bytes=MAX_LINE_BYTES)
            yield _LINE.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            raise DecodeError("bad_export", f"line {number}: {first['type']}") from None
        except DecodeError as error:
            raise DecodeError(error.code, f"line {number}: {error.sentence}") from None


def from_base64(text: str) -> bytes:
    """Decode what the model has already found to be base64; raise `DecodeError` on stray bits."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise DecodeError("bad_base64", "not canonical base64")
    return raw


def _line(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
