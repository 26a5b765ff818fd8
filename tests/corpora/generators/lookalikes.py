"""More of what only looks like something: identifiers of goods, files, requests and software, with their check digits.

Rule: none of it is anybody's, and none opens anything; public halves of keys and certificates stand here as well.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Mapping
from typing import Final

from tests.corpora.generators.draw import BASE62, URLSAFE, Draw, Maker
from tests.corpora.generators.numbers import luhn

_HEX: Final = "0123456789abcdef"
_UPPER: Final = string.ascii_uppercase + string.digits


def _text(alphabet: str, length: int, prefix: str = "", suffix: str = "") -> Maker:
    return Maker(None, lambda draw: prefix + draw.of(alphabet, length) + suffix)


def _bytes(length: int, prefix: str = "", head: bytes = b"") -> Maker:
    return Maker(None, lambda draw: prefix + base64.b64encode(head + draw.bytes(length)).decode())


def _ean(draw: Draw, prefix: str = "400") -> str:
    body = prefix + draw.of(string.digits, 9)
    return body + str(-sum(int(digit) * (1 + 2 * (index % 2)) for index, digit in enumerate(body)) % 10)


def _issn(draw: Draw) -> str:
    body = draw.digits(7)
    check = -sum(int(digit) * (8 - index) for index, digit in enumerate(body)) % 11
    return f"{body[:4]}-{body[4:]}{'X' if check == 10 else check}"


def _isin(draw: Draw) -> str:
    body = "US" + draw.of(_UPPER, 9)
    return body + luhn("".join(str(int(char, 36)) for char in body))


def _pem(title: str, size: int) -> Maker:
    def make(draw: Draw) -> str:
        text = base64.b64encode(b"\x30\x82\x03\x5c" + draw.bytes(size)).decode()
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        return "\n".join([f"-----BEGIN {title}-----", *lines, f"-----END {title}-----"])

    return Maker(None, make)


def _cursor(draw: Draw) -> str:
    return base64.b64encode(json.dumps({"after": draw.chance.randint(1000, 99999), "dir": "next"}).encode()).decode()


def _series(draw: Draw, low: float, high: float, decimals: int) -> str:
    return ", ".join(f"{draw.chance.uniform(low, high):.{decimals}f}" for _ in range(80))


MAKERS: Final[Mapping[str, Maker]] = {
    "ean": Maker(None, _ean),
    "isbn": Maker(None, lambda draw: _ean(draw, "978")),
    "issn": Maker(None, _issn),
    "isin": Maker(None, _isin),
    "lei": _text(_UPPER, 14, "5299", "18"),
    "vin": _text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 10, "WVWZZZ1"),
    "sha512": _text(_HEX, 128),
    "sri": _bytes(48, "sha384-"),
    "hex24": _text(_HEX, 24),
    "hex12": _text(_HEX, 12),
    "hex16": _text(_HEX, 16),
    "ksuid": _text(BASE62, 25, "2a"),
    "nanoid": _text(URLSAFE, 21),
    "xid": _text("0123456789abcdefghijklmnopqrstuv", 18, "d4"),
    "nonce": _bytes(16),
    "b64_32": _bytes(32),
    "protobuf": _bytes(60, head=b"\x0a\x10order.created.v1\x12\x18"),
    "unix_ns": Maker(None, lambda draw: f"17{draw.of(string.digits, 17)}"),
    "unix_us": Maker(None, lambda draw: f"17{draw.of(string.digits, 14)}"),
    "digits7": Maker(None, lambda draw: draw.digits(7)),
    "digits11": Maker(None, lambda draw: draw.digits(11)),
    "digits14": Maker(None, lambda draw: draw.digits(14)),
    "digits15": Maker(None, lambda draw: draw.digits(15)),
    "digits16": Maker(None, lambda draw: draw.digits(16)),
    "digits20": Maker(None, lambda draw: draw.digits(20)),
    "parcel": Maker(None, lambda draw: f"9400 1{draw.of(string.digits, 3)} {draw.of(string.digits, 4)} "
                    f"{draw.of(string.digits, 4)} {draw.of(string.digits, 4)} {draw.of(string.digits, 2)}"),
    "parcel_de": Maker(None, lambda draw: f"00340434{draw.of(string.digits, 12)}"),
    "jwk_n": Maker(None, lambda draw: base64.urlsafe_b64encode(draw.bytes(256)).rstrip(b"=").decode()),
    "jwk_x": Maker(None, lambda draw: base64.urlsafe_b64encode(draw.bytes(32)).rstrip(b"=").decode()),
    "certificate": _pem("CERTIFICATE", 400),
    "public_pem": _pem("PUBLIC KEY", 90),
    "ssh_public": _bytes(32, "ssh-ed25519 ", b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 "),
    "ssh_fingerprint": Maker(None, lambda draw: "SHA256:" + base64.b64encode(draw.bytes(32)).rstrip(b"=").decode()),
    "cert_fingerprint": Maker(None, lambda draw: draw.bytes(20).hex(":").upper()),
    "cursor": Maker(None, _cursor),
    "certificate_row": Maker(None, lambda draw: base64.b64encode(b"\x30\x82\x03\x5c" + draw.bytes(400)).decode()),
    "dkim": Maker(None, lambda draw: base64.b64encode(b"\x30\x81\x9f\x30\x0d" + draw.bytes(150)).decode()),
    "nanoid_plain": _text(BASE62, 24),
    "site_key": _text(URLSAFE, 38),
    "prices": Maker(None, lambda draw: _series(draw, 3, 400, 2)),
    "shares": Maker(None, lambda draw: _series(draw, 0, 1, 3)),
    "degrees": Maker(None, lambda draw: _series(draw, -12, 34, 1)),
    "losses": Maker(None, lambda draw: _series(draw, 0.1, 2.4, 4)),
}  # fmt: skip
