"""The types every message is made of.

Rules:
- Closed and strict: an unknown field, a wrong type or a value outside its grammar is refused.
- Names and resources match a grammar that holds no userinfo, query, space, control or bidirectional character, so
  they can be shown as they are. People are opaque directory ids, never addresses.
- Times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from placet.canonical import check_json
from placet.errors import DecodeError
from placet.limits import MAX_NAME_CHARACTERS, MAX_RESOURCE_CHARACTERS, MAX_SENTENCE_CHARACTERS


class Strict(BaseModel):
    """Closed, immutable, without coercion; validation errors never quote the input."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.utcoffset() != UTC.utcoffset(None):
        raise ValueError("a time must be UTC")
    return moment.astimezone(UTC)


def _json(value: Any) -> Any:
    try:
        check_json(value)
    except DecodeError as error:
        raise ValueError(str(error)) from None
    return value


Timestamp = Annotated[datetime, AfterValidator(_utc)]
"""RFC 3339, UTC."""

JsonValue = Annotated[Any, AfterValidator(_json), WithJsonSchema({"description": "any strict JSON value"})]
JsonObject = Annotated[dict[str, JsonValue], Field(max_length=1_000)]

ActionId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
"""UUIDv7 (RFC 9562 §5.7), canonical lower-case text."""

EventId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
"""UUIDv5 (RFC 9562 §5.5) of action id, type and discriminator."""

AgentId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
ExecutorId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
PersonId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/-]{0,127}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
SessionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
"""128 random bits, base64url without padding."""

ActionName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,7}$", max_length=MAX_NAME_CHARACTERS),
]
Resource = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z][a-z0-9+.-]{0,31}://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*$",
        max_length=MAX_RESOURCE_CHARACTERS,
    ),
]
Jws = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", max_length=20_000)]
Sentence = Annotated[str, StringConstraints(max_length=MAX_SENTENCE_CHARACTERS)]
