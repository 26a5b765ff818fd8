"""What each rule for secrets must find and must not: credential_cases.yaml, with its slots filled.

Rules: a slot is filled by chance from a seed that the rule's name and the slot's place give, so that a case is the same
wherever and whenever it runs. A letter and a digit come first: nothing is left out for looking like a word.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from tests.corpora.generators.draw import BASE62, URLSAFE

_SLOT: Final = re.compile(r"«(\w+)(?: ([^»]+))?»")
_ALPHABETS: Final = {
    "al": BASE62,
    "url": URLSAFE,
    "hexa": "0123456789abcdef",
    "up": string.ascii_uppercase + string.digits,
    "low": string.ascii_lowercase + string.digits,
    "base32": string.ascii_uppercase + "234567",
}


class Cases(NamedTuple):
    """Hits and near misses of one rule."""

    hits: tuple[str, ...]
    misses: tuple[str, ...]


@cache
def cases() -> Mapping[str, Mapping[str, Cases]]:
    """By section, then by rule."""
    content = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {
        section: {
            name: Cases(*(tuple(_filled(name, text) for text in rule[part]) for part in ("hits", "misses")))
            for name, rule in rules.items()
        }
        for section, rules in content.items()
    }


def parts(hit: str) -> tuple[str, str]:
    """The text of a hit, and the secret in it."""
    before, mark, rest = hit.partition("⟦")
    value, _, after = rest.partition("⟧")
    return (before + value + after, value) if mark else (hit, hit)


def jwt(header: object) -> str:
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def _filled(name: str, text: str) -> str:
    chance = random.Random(f"{name} {text}")
    return _SLOT.sub(lambda slot: _made(chance, slot[1], slot[2] or ""), text).replace("·", "")


def _made(chance: random.Random, maker: str, what: str) -> str:
    match maker:
        case "b64":
            return base64.b64encode(chance.randbytes(int(what))).decode()
        case "uuid":
            return "3f2b8c1e-9d4a-4c77-8a10-5be0c4d2f9a6"
        case "jwt":
            return jwt(json.loads(what))
        case "snowflake":
            return base64.b64encode(b"840881777456882191").decode().rstrip("=")
        case "armoured":
            lines = (base64.b64encode(chance.randbytes(48)).decode(), base64.b64encode(chance.randbytes(30)).decode())
            return "\n".join((f"-----BEGIN {what}-----", *lines, f"-----END {what}-----"))
        case "base64":
            return base64.b64encode(_made(chance, "armoured", what).encode()).decode()
        case _:
            return _of(chance, _ALPHABETS[maker], int(what))


def _of(chance: random.Random, alphabet: str, length: int) -> str:
    """Chance that begins with a letter and a digit and ends with neither sign."""
    letters, digits = (list(filter(test, alphabet)) for test in (str.isalpha, str.isdigit))
    ends = letters + digits
    return "".join(
        (chance.choice(letters), chance.choice(digits), *chance.choices(alphabet, k=length - 3), chance.choice(ends))
    )
