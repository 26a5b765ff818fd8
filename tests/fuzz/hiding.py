"""The classifier's unwrapping, fuzzed: a canary hidden in one to three ways, any bytes around it.

Rules:
- An input is: a byte for the number of ways, one for each, and the bytes around. So a failing input can be tried again.
- Whatever stands around: there is a classification, nothing bent makes it give up, and the canary can be read in it
  neither in clear nor as it was hidden. Where something around could not be looked into, all of it is masked.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final
from urllib.parse import quote

from services.classifier.adapters.worker import Bench
from services.classifier.model import Classification
from tests.classifier_parts import bench, subject
from tests.fuzz.mutate import bend_bytes

CANARY: Final = "ghp_" + "a1B2" * 9
_MOST: Final = 3
_AROUND: Final = (
    b'{"a": "b"}', b"k=v&x=%41%4", b"\\u0034\\", b"QUJDREVGR0hJSktMTU5PUFFSU1RVVg==", b"&#65;&#x4", b"H4sIAAAAAAACAw==",
    "а\u200bb４１１１".encode(), b"'a' + 'b", b"4 1 1 1 1 1 1 1", b"-----BEGIN PRIVATE KEY-----", b"password: ",
    b'[[[[{"', "‹PERSON_1›".encode(), b"0x41414141414141414141", b"SELECT 'a' || 'b",
)  # fmt: skip


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


HIDING: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: _base64(text.encode()),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    lambda text: text.encode().hex(),
    lambda text: _base64(gzip.compress(text.encode(), mtime=0)),
    lambda text: _base64(zlib.compress(text.encode())),
    lambda text: quote(text, safe="").replace("_", "%5F"),
    lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    lambda text: "".join(f"&#{ord(char)};" for char in text),
    lambda text: json.dumps({"k": [text]}),
    lambda text: json.dumps("".join(f"\\u{ord(char):04x}" if ord(char) < 2**16 else char for char in text)),
    "\u200b".join,
    "\u00ad".join,
    lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
)


@cache
def _bench() -> Bench:
    return bench()


def make(chance: random.Random) -> bytes:
    """An input."""
    count = chance.randint(1, _MOST)
    around = bend_bytes(chance.choice(_AROUND), chance, _AROUND)
    return bytes([count, *(chance.randrange(len(HIDING)) for _ in range(count))]) + around


def run(value: bytes) -> None:
    """Hide the canary, classify, look for it."""
    count = value[0] % _MOST + 1
    hidden = CANARY
    for way in value[1 : 1 + count]:
        hidden = HIDING[way % len(HIDING)](hidden)
    around = value[1 + count :].decode("utf-8", "replace")
    text = f"{around[: len(around) // 2]}\n{hidden}\n{around[len(around) // 2 :]}"
    result = _bench().classify(subject(arguments={"a": text}, purpose=around[:100]))
    assert isinstance(result, Classification), result
    shown = json.dumps([result.arguments, result.purpose, result.facts.model_dump(mode="json")], ensure_ascii=False)
    assert CANARY not in shown, "the canary can be read"
    assert hidden not in str(result.arguments.get("a", "")), "the canary can be read by whoever decodes it"
    assert result.incomplete or "credential" in result.labels, "the canary was not found"
