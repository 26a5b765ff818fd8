"""Messages as they lie on the broker: CloudEvents 1.0 in structured JSON mode, signed in a header.

Rules:
- Bytes are evidence: what is sealed is sent, hashed, verified and stored as it is.
- The signature covers type and value; W3C trace context travels outside it, because telemetry is not evidence.
- `decode` accepts exactly one form and raises `DecodeError` with a code that names what is wrong, never the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import ValidationError

from placet.base import EventId, Sha256, Strict, Timestamp
from placet.canonical import sha256_hex, strict_loads
from placet.catalogue import TopicSpec, event_id, spec_for_data
from placet.errors import DecodeError
from placet.events import Position
from placet.keys import Signer, encode_base64url
from placet.limits import MAX_EVENT_BYTES

SIGNATURE_HEADER: Final = "placet-signature"

Data = TypeVar("Data", bound=Strict)


class Envelope(Strict, Generic[Data]):
    """CloudEvents 1.0 context attributes, the digest of the trust file in force, and the data."""

    specversion: Literal["1.0"]
    id: EventId
    source: str
    type: str
    subject: str
    time: Timestamp
    datacontenttype: Literal["application/json"]
    trustdigest: Sha256
    data: Data


@dataclass(frozen=True, slots=True)
class Message:
    """A message as received. `signature` is the raw header; `trace` its W3C traceparent, or empty."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    signature: bytes | None
    trace: str = ""

    @property
    def position(self) -> Position:
        """Where it lies, with the hash of its bytes."""
        return Position(topic=self.topic, partition=self.partition, offset=self.offset, sha256=sha256_hex(self.value))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be published: nothing of it is changed any more."""

    topic: str
    key: bytes
    value: bytes
    signature: bytes

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers, without trace context."""
        return [(SIGNATURE_HEADER, self.signature)]


def seal(data: Strict, signer: Signer, *, time: datetime, trust_digest: str) -> Outgoing:
    """Wrap, serialise and sign an event; raise `DecodeError` (`oversize`) where it would be refused."""
    spec = spec_for_data(data)
    envelope = _model(spec.data)(
        specversion="1.0",
        id=event_id(spec, data),
        source=signer.principal,
        type=spec.type,
        subject=spec.subject(data),
        time=time,
        datacontenttype="application/json",
        trustdigest=trust_digest,
        data=data,
    )
    value = envelope.model_dump_json().encode()
    if len(value) > MAX_EVENT_BYTES:
        raise DecodeError("oversize", f"{len(value)} bytes, {MAX_EVENT_BYTES} allowed")
    signature = f"{signer.key_id}:{encode_base64url(signer.sign(spec.type, value))}".encode()
    return Outgoing(topic=spec.topic, key=envelope.subject.encode(), value=value, signature=signature)


def decode(value: bytes, spec: TopicSpec) -> Envelope[Strict]:
    """Read an event of a topic; raise `DecodeError`. Says nothing about who sent it: see `placet.verify`."""
    strict_loads(value)
    try:
        return _model(spec.data).model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        code = _CODES.get(first["type"], "bad_value")
        # Of the place only names the contract knows are repeated: an unknown key may itself be a secret.
        place = "/".join(str(part) for part in (first["loc"][:-1] if code == "unknown_field" else first["loc"])[:4])
        raise DecodeError(code, f"{spec.type} at {place or 'the top'}") from None


@cache
def _model(data: type[Strict]) -> type[Envelope[Any]]:
    """Kept here: pydantic holds parametrised models weakly, and making one anew costs milliseconds."""
    return Envelope[data]  # type: ignore[valid-type]  # the catalogue's class


_CODES: Final = {"extra_forbidden": "unknown_field", "missing": "missing_field"}
