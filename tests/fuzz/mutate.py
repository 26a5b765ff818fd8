"""Bending valid inputs: by bytes, by tokens of JSON, by structure. Everything comes from one seeded generator."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any, Final

_SCALARS: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 2**53 - 1, 2**53, 2**64, -(2**63), 10**400, 0.5, 1e-320, "", "a", "\u0000", "\u202e",
    "\u0661", "x" * 3_000, "/agents/other", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
    "2026-06-01T12:00:00+23:59",
    [], {}, [[]], {"": {}}, ["a"] * 40,
)  # fmt: skip
_TOKENS: Final = (
    b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 5_000, b"0.1e-999", b'"\\ud800"', b'"\\udc00\\ud800"',
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\x00", b"[" * 60, b'{"a":' * 60, b"]" * 60, b"null",
    b"true", b'""', b"{}", b"//",
    b"\n\n", b"\xe2\x80\x94 ", b"=", b"==", b"+", b".", b"..", b"(", b")", b" and ", b" or ", b"1 from a",
)  # fmt: skip


def bend_bytes(value: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """One to four changes to the bytes."""
    for _ in range(chance.randint(1, 4)):
        here = chance.randint(0, len(value))
        there = min(len(value), here + chance.choice((1, 1, 2, 4, 16, 200)))
        match chance.randrange(9):
            case 0 if value:
                spot = min(here, len(value) - 1)
                value = value[:spot] + bytes([value[spot] ^ 1 << chance.randrange(8)]) + value[spot + 1 :]
            case 1:
                value = value[:here]
            case 2:
                value = value[:here] + value[there:]
            case 3:
                value = value[:there] + value[here:]
            case 4 | 5:
                value = value[:here] + chance.choice(_TOKENS) + value[here:]
            case 6:
                value = value[:here] + chance.choice(_TOKENS) + value[there:]
            case 7:
                value = value[:here] + chance.randbytes(chance.randint(1, 8)) + value[there:]
            case _:
                other = chance.choice(others)
                cut = chance.randint(0, len(other))
                value = value[:here] + other[cut : cut + 200] + value[there:]
    return value


def bend_json(value: Any, chance: random.Random, others: Sequence[Any]) -> Any:
    """One to three changes to the structure; `others` are valid documents to take fields from."""
    holder = {"": copy.deepcopy(value)}
    for _ in range(chance.randint(1, 3)):
        places = list(_places(holder))
        parent, key = chance.choice(places)
        match chance.randrange(7):
            case 0 | 1:
                parent[key] = copy.deepcopy(chance.choice(_SCALARS))
            case 2 if isinstance(parent, dict) and parent is not holder:
                parent[chance.choice(("extra", "a" * 300, key + " ", key.upper()))] = copy.deepcopy(parent[key])
            case 3 if parent is not holder:
                del parent[key]
            case 4:
                parent[key] = _deep(parent[key], chance.randint(1, 40))
            case 5:
                found, name = chance.choice(list(_places({"": chance.choice(others)})))
                parent[key] = copy.deepcopy(found[name])
            case _:
                found, name = chance.choice(places)
                parent[key] = copy.deepcopy(found[name])
    return holder[""]


def spell(value: Any, chance: random.Random) -> bytes:
    """The document as bytes, now and then with a key twice or lone surrogates let through."""
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if chance.random() < 0.05 and text.startswith(b"{") and b":" in text:
        first = text[1:].split(b",", 1)[0].rstrip(b"}")
        text = b"{" + first + b"," + text[1:]
    return text


def _deep(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def _places(value: Any) -> Any:
    """Every (container, key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)
