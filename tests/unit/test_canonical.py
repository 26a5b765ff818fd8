"""Strict JSON in, canonical JSON out."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.canonical import canonical_bytes, check_json, payload_bytes, strict_loads
from placet.errors import DecodeError
from placet.limits import MAX_INTEGER, MAX_PAYLOAD_BYTES

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda x: abs(x) < MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(b'{"a":1,"a":2}', "duplicate_key", id="same key twice"),
        pytest.param(b'{"a":{"b":1,"b":1}}', "duplicate_key", id="same key twice, deep, equal values"),
        pytest.param(b'{"a":1,"\\u0061":2}', "duplicate_key", id="same key by escape"),
        pytest.param(b"[NaN]", "non_finite", id="NaN"),
        pytest.param(b"[-Infinity]", "non_finite", id="Infinity"),
        pytest.param(b"[1e999]", "non_finite", id="overflow"),
        pytest.param(b"[9007199254740992]", "integer_range", id="2^53"),
        pytest.param(b"[-9007199254740992]", "integer_range", id="-2^53"),
        pytest.param(b"[9007199254740993.0]", "integer_range", id="integral float beyond 2^53"),
        pytest.param(b"[" + b"9" * 100_000 + b"]", "integer_range", id="a hundred thousand digits"),
        pytest.param(b'["\\ud800"]', "lone_surrogate", id="lone surrogate"),
        pytest.param(b'{"\\udc00":1}', "lone_surrogate", id="lone surrogate in a key"),
        pytest.param(b'["\xff"]', "not_utf8", id="invalid UTF-8"),
        pytest.param(b"[" * 34 + b"]" * 34, "too_deep", id="one level too deep"),
        pytest.param(b"[" * 100_000, "too_deep", id="bottomless"),
        pytest.param(b"{'a':1}", "not_json", id="single quotes"),
        pytest.param(b"[1] [2]", "not_json", id="two documents"),
        pytest.param(b"", "not_json", id="nothing"),
        pytest.param(b"\xef\xbb\xbf[]", "not_json", id="byte order mark"),
        pytest.param(b" " * 1_000_000, "oversize", id="too large"),
    ],
)
def test_what_is_not_strict_json_is_refused_by_name(value: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as refused:
        strict_loads(value)
    assert refused.value.code == code


def test_the_limits_themselves_are_allowed() -> None:
    assert strict_loads(b"[9007199254740991]") == [MAX_INTEGER]
    assert strict_loads(b"[" * 32 + b"]" * 32) is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}', id="keys sorted"),
        pytest.param({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode(), id="sorted by UTF-16"),
        pytest.param([1.0, 4.5, 0.000001, 1e-7, -0.0], b"[1,4.5,0.000001,1e-7,0]", id="numbers as ECMAScript"),
        pytest.param('\u20ac$\x0f\n"\\/', b'"\xe2\x82\xac$\\u000f\\n\\"\\\\/"', id="escapes of RFC 8785 3.2.2.2"),
    ],
)
def test_canonical_form_is_rfc_8785(value: object, expected: bytes) -> None:
    assert canonical_bytes(value) == expected


@given(VALUES)
def test_canonical_form_is_stable_and_loses_nothing(value: object) -> None:
    once = canonical_bytes(value)
    assert canonical_bytes(strict_loads(once)) == once
    assert strict_loads(once) == json.loads(json.dumps(value))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_only_the_named_error_comes_out(value: bytes) -> None:
    with contextlib.suppress(DecodeError):
        strict_loads(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {1, 2}}, [b"x"], [math.nan], [math.inf], [2**53], [object()]])
def test_what_json_cannot_carry_is_refused_before_it_is_signed(value: object) -> None:
    with pytest.raises(DecodeError):
        check_json(value)


def test_the_payload_is_bounded() -> None:
    with pytest.raises(DecodeError, match="oversize"):
        payload_bytes(arguments={"a": "x" * MAX_PAYLOAD_BYTES}, preview=None, purpose="", nonce="n" * 22)


def test_the_nonce_separates_equal_arguments() -> None:
    one, other = (payload_bytes(arguments={"a": 1}, preview=None, purpose="", nonce=n * 22) for n in "ab")
    assert one != other
