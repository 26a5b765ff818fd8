"""Strict JSON in, canonical JSON out.

Rules:
- What is read is I-JSON (RFC 7493) made stricter: UTF-8, no duplicate keys, no non-finite numbers, no integer
  beyond 2^53, no lone surrogates, bounded size and depth. Anything else is a `DecodeError` with a code.
- What is hashed is RFC 8785 (JSON Canonicalization Scheme). It is produced once, by whoever proposes; everybody
  else recomputes it from the bytes received.
- `1` and `1.0` have one canonical form and therefore one digest; that is sound because the executor runs the values
  decoded from the canonical bytes, so there is only one thing that can run.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeAlias

import rfc8785

from placet.errors import DecodeError
from placet.limits import MAX_DEPTH, MAX_EVENT_BYTES, MAX_INTEGER, MAX_PAYLOAD_BYTES

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_LONGEST_INTEGER: Final = len(str(MAX_INTEGER)) + 1


def strict_loads(value: bytes, *, max_bytes: int = MAX_EVENT_BYTES) -> Any:
    """Parse bytes as strict JSON; raise `DecodeError` with code `oversize`, `not_utf8`, `not_json`,
    `duplicate_key`, `non_finite`, `integer_range`, `lone_surrogate` or `too_deep`.
    """
    if len(value) > max_bytes:
        raise DecodeError("oversize", f"{len(value)} bytes, {max_bytes} allowed")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DecodeError("not_utf8", f"byte {error.start} is not UTF-8") from None
    try:
        parsed = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise DecodeError("not_json", f"line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise DecodeError("too_deep", f"more than {MAX_DEPTH} levels") from None
    # The parser's hooks cannot see depth and lone surrogates; few brackets and no escaped code unit rule both out, and
    # the walk costs more than the parse.
    if b"\\u" in value or value.count(b"{") + value.count(b"[") > MAX_DEPTH:
        check_json(parsed)
    return parsed


def check_json(value: object, *, depth: int = 0) -> None:
    """Refuse what strict JSON cannot carry; raise `DecodeError` (codes as in `strict_loads`, and `not_json`)."""
    if depth > MAX_DEPTH:
        raise DecodeError("too_deep", f"more than {MAX_DEPTH} levels")
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise DecodeError("integer_range", "an integer beyond 2^53")
        case float():
            if not math.isfinite(value):
                raise DecodeError("non_finite", "a number that is not finite")
            if value.is_integer() and abs(value) > MAX_INTEGER:
                raise DecodeError("integer_range", "an integral number beyond 2^53")
        case str():
            _check_text(value)
        case list() | tuple():
            for item in value:
                check_json(item, depth=depth + 1)
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise DecodeError("not_json", "an object key that is not a string")
                _check_text(key)
                check_json(item, depth=depth + 1)
        case _:
            raise DecodeError("not_json", f"a {type(value).__name__}, which JSON does not have")


def canonical_bytes(value: object) -> bytes:
    """RFC 8785 bytes of a JSON value; raise `DecodeError` if it is not one."""
    check_json(value)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # checked above
    except rfc8785.CanonicalizationError as error:  # pragma: no cover - check_json refuses first
        raise DecodeError("not_json", type(error).__name__) from None


def payload_bytes(*, arguments: Mapping[str, Any], preview: object, purpose: str, nonce: str) -> bytes:
    """The canonical bytes an agent commits to: arguments, preview, purpose and a 128-bit nonce.

    The nonce keeps low-entropy arguments from being guessed out of the digest.
    """
    payload = canonical_bytes({"arguments": dict(arguments), "nonce": nonce, "preview": preview, "purpose": purpose})
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise DecodeError("oversize", f"{len(payload)} bytes of arguments, {MAX_PAYLOAD_BYTES} allowed")
    return payload


def sha256_hex(value: bytes) -> str:
    """SHA-256, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(value).hexdigest()


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise DecodeError("lone_surrogate", "half of a surrogate pair") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DecodeError("duplicate_key", "an object has the same key twice")
    return found


def _integer(digits: str) -> int:
    # Before int(): a million digits would cost quadratic time.
    if len(digits) > _LONGEST_INTEGER or abs(number := int(digits)) > MAX_INTEGER:
        raise DecodeError("integer_range", "an integer beyond 2^53")
    return number


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise DecodeError("non_finite", "a number too large to be finite")
    if number.is_integer() and abs(number) > MAX_INTEGER:
        raise DecodeError("integer_range", "an integral number beyond 2^53")
    return number


def _constant(name: str) -> NoReturn:
    raise DecodeError("non_finite", f"the constant {name}")
