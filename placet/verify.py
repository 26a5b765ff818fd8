"""The binding rules: what a message must be before anybody believes it.

In this order, each with its code:
1. bounded size                                              `oversize`
2. a well-formed signature header                            `unsigned`, `malformed_signature`
3. a key the trust file knows, valid now                     `unknown_key`, `revoked_key`, `expired_key`, `key_not_yet_valid`
4. whose role may produce this topic                         `unknown_topic`, `role_not_allowed`
5. a signature over (type of the topic, value)               `bad_signature`
   — until here nothing was decoded; from here on the sender is known —
6. a well-formed event                                       `DecodeError`, authentic but unprocessable
7. type = topic                                              `type_mismatch`
8. key = subject = the data's own subject                    `key_mismatch`, `subject_mismatch`
9. source = signer (= data.agent for agents, data.executor)  `source_mismatch`, `agent_mismatch`, `executor_mismatch`
10. event id = the recomputed UUIDv5                         `event_id_mismatch`
11. time not in the future                                   `future_time`

A failure of 1 to 5 or 7 to 11 is a `VerificationError`: the message is dead letter, whoever it claims to be from.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar, cast

from placet.base import Strict
from placet.catalogue import CATALOGUE, Role, Topic, TopicSpec, event_id
from placet.errors import DecodeError, VerificationError
from placet.keys import decode_base64url
from placet.limits import CLOCK_LEEWAY_SECONDS, MAX_EVENT_BYTES
from placet.messages import Envelope, Message, decode
from placet.trust import Principal, Trust

DataT_co = TypeVar("DataT_co", bound=Strict, covariant=True)

_HEADER: Final = re.compile(rb"([A-Za-z0-9_-]{43}):([A-Za-z0-9_-]{86})")


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A message whose signature holds. Its content has not been looked at."""

    message: Message
    spec: TopicSpec
    signer: Principal
    key_id: str


@dataclass(frozen=True, slots=True)
class Verified(Generic[DataT_co]):
    """A message that is what it claims to be."""

    message: Message
    signer: Principal
    key_id: str
    envelope: Envelope[Any]

    @property
    def data(self) -> DataT_co:
        """The event's data."""
        return cast("DataT_co", self.envelope.data)


def authenticate(message: Message, trust: Trust, *, now: datetime) -> Authenticated:
    """Rules 1 to 5; raise `VerificationError`."""
    if len(message.value) > MAX_EVENT_BYTES:
        raise VerificationError("oversize", f"{len(message.value)} bytes, {MAX_EVENT_BYTES} allowed")
    if message.signature is None:
        raise VerificationError("unsigned", "no signature header")
    header = _HEADER.fullmatch(message.signature)
    if header is None:
        raise VerificationError("malformed_signature", "the signature header is not KEYID:SIGNATURE")
    key_id = header[1].decode()
    signer, public = trust.signer(key_id, at=now)
    try:
        spec = CATALOGUE[Topic(message.topic)]
    except ValueError:
        raise VerificationError("unknown_topic", "the catalogue has no such topic") from None
    if signer.role not in spec.producers:
        raise VerificationError("role_not_allowed", f"{signer.source} may not produce {spec.topic}")
    try:
        signature = decode_base64url(header[2].decode())
    except DecodeError:
        raise VerificationError("malformed_signature", "the signature is not base64url") from None
    public.verify(spec.type, message.value, signature)
    return Authenticated(message=message, spec=spec, signer=signer, key_id=key_id)


def open_event(authentic: Authenticated, *, now: datetime) -> Verified[Any]:
    """Rules 6 to 11; raise `DecodeError` for 6 and `VerificationError` for the others."""
    message, spec, signer = authentic.message, authentic.spec, authentic.signer
    envelope = decode(message.value, spec)
    data: Any = envelope.data
    subject = spec.subject(data)
    if envelope.type != spec.type:
        raise VerificationError("type_mismatch", "the type is not the topic's")
    if message.key != envelope.subject.encode():
        raise VerificationError("key_mismatch", "the message key is not the subject")
    if envelope.subject != subject:
        raise VerificationError("subject_mismatch", "the subject is not the data's")
    if envelope.source != signer.source:
        raise VerificationError("source_mismatch", "the source is not the signer")
    if signer.role is Role.AGENT and data.agent != signer.id:
        raise VerificationError("agent_mismatch", "an agent speaks for another")
    if signer.role is Role.EXECUTOR and data.executor != signer.id:
        raise VerificationError("executor_mismatch", "an executor speaks for another")
    if envelope.id != event_id(spec, data):
        raise VerificationError("event_id_mismatch", "the event id is not the one this event must have")
    if envelope.time - now > timedelta(seconds=CLOCK_LEEWAY_SECONDS):  # a difference has no end of the calendar
        raise VerificationError("future_time", "the event claims to come from the future")
    return Verified(message=message, signer=signer, key_id=authentic.key_id, envelope=envelope)


def verify(message: Message, trust: Trust, *, now: datetime) -> Verified[Any]:
    """All rules; raise `VerificationError` (believe nothing) or `DecodeError` (authentic, but unprocessable)."""
    return open_event(authenticate(message, trust, now=now), now=now)
