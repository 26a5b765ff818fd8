"""What an entry of the ledger is, down to the byte.

Rules:
- The leaf is the RFC 8785 form of a closed object: where the message lay, what it was, who signed it, when the
  ledger received it, and SHA-256(salt || value). Salt and value stand beside it, so a value can be erased one day
  without touching the tree.
- A message that was refused gets an entry too: its place, its hash and the code of the refusal, but neither its
  value nor anything it claims about itself, because nobody vouches for those.
- Each version of the trust file is an entry of topic `trust`; its offset is its version.
- `received_at` is in the leaf because keys expire and are revoked: whoever checks a signature later must judge it at
  the moment the ledger judged it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from placet.errors import VerificationError
from placet.keys import PublicKey
from placet.messages import Message
from placet.trust import TRUST_TYPE
from placet.verify import Verified

FORMAT: Final = "placet-ledger-entry-v1"
TRUST_TOPIC: Final = "trust"
SALT_BYTES: Final = 16


_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of the tree. Field names are the object's keys."""

    topic: str
    partition: int
    offset: int
    received_at: str
    """RFC 3339, UTC, microseconds: see `spell_time`."""
    value_hash: str
    """Hexadecimal SHA-256 of salt and value."""
    refused: str | None = None
    """Code of the refusal; everything below is None then."""
    key: str | None = None
    event_id: str | None = None
    type: str | None = None
    key_id: str | None = None
    signature: str | None = None
    """base64url, as in the message's header."""

    def encode(self) -> bytes:
        """RFC 8785 bytes: what is hashed into the tree.

        Text and small integers only, so keys in order and minimal separators are the canonical form; a test holds this
        against a full implementation, which is several times slower.
        """
        fields = {
            "event_id": self.event_id,
            "format": FORMAT,
            "key": self.key,
            "key_id": self.key_id,
            "offset": self.offset,
            "partition": self.partition,
            "received_at": self.received_at,
            "refused": self.refused,
            "signature": self.signature,
            "topic": self.topic,
            "type": self.type,
            "value_hash": self.value_hash,
        }
        return _encode(fields).encode()

    @property
    def position(self) -> tuple[str, int, int]:
        """Topic, partition, offset: what makes an entry the only one of its message."""
        return self.topic, self.partition, self.offset

    def matches(self, salt: bytes, value: bytes) -> bool:
        """Whether these are the salt and value this leaf was made of."""
        return value_hash(salt, value) == self.value_hash

    def message(self, value: bytes) -> Message:
        """The message as it was received: what `placet.verify` checks again."""
        signature = f"{self.key_id}:{self.signature}".encode() if self.key_id and self.signature else None
        key = None if self.key is None else self.key.encode()
        return Message(
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            key=key,
            value=value,
            signature=signature,
        )


def value_hash(salt: bytes, value: bytes) -> str:
    """Hexadecimal SHA-256(salt || value)."""
    return hashlib.sha256(salt + value).hexdigest()


def accepted_leaf(verified: Verified[Any], *, salt: bytes, received_at: datetime) -> Leaf:
    """The leaf of a message that verified."""
    message = verified.message
    header = (message.signature or b"").decode("ascii")
    return Leaf(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        received_at=spell_time(received_at),
        value_hash=value_hash(salt, message.value),
        key=verified.envelope.subject,
        event_id=verified.envelope.id,
        type=verified.envelope.type,
        key_id=verified.key_id,
        signature=header.partition(":")[2],
    )


def refused_leaf(message: Message, code: str, *, salt: bytes, received_at: datetime) -> Leaf:
    """The leaf of a message nobody believes."""
    return Leaf(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        received_at=spell_time(received_at),
        value_hash=value_hash(salt, message.value),
        refused=code,
    )


def trust_leaf(content: bytes, version: int, root: PublicKey, *, salt: bytes, received_at: datetime) -> Leaf:
    """The leaf of a version of the trust file; its signature lies inside its own envelope."""
    return Leaf(
        topic=TRUST_TOPIC,
        partition=0,
        offset=version,
        received_at=spell_time(received_at),
        value_hash=value_hash(salt, content),
        type=TRUST_TYPE,
        key_id=root.key_id,
    )


def spell_time(moment: datetime) -> str:
    """RFC 3339 in UTC with exactly six decimals: one spelling per moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The strict inverse of `spell_time`; raise `VerificationError` (`bad_time`)."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise VerificationError("bad_time", "a time of reception is not in the ledger's spelling") from None
    if spell_time(moment) != text:
        raise VerificationError("bad_time", "a time of reception is not in the ledger's spelling")
    return moment
