"""Addresses of wallets: whatever the coin, the checksum in the address tells.

Rules:
- Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Tron, Zcash; XRP with its own alphabet), Bech32 and Bech32m (BIP 173,
  BIP 350) and mixed case of Ethereum (EIP-55) carry a checksum, and count wherever they stand. An Ethereum address in
  one case has none, and its form is enough.
- Solana's have none: 32 bytes in base 58, beside a word of it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from services.classifier.analysis.identifiers.keccak import keccak_256
from services.classifier.analysis.identifiers.rule import Rule, token, words

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = str.maketrans("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz", _BASE58)
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CONSTANTS: Final = frozenset({1, 0x2BC830A3})
_CHECKED: Final = frozenset({25, 26})
"""Bytes: one of version or two, twenty of a hash, four of a checksum."""
_KEY: Final = 32


def is_base58check(address: str) -> bool:
    """Version, hash and the first four bytes of their double SHA-256."""
    content = _decoded(address.translate(_RIPPLE) if address.startswith("r") else address)
    if len(content) not in _CHECKED:
        return False
    return hashlib.sha256(hashlib.sha256(content[:-4]).digest()).digest()[:4] == content[-4:]


def is_bech32(address: str) -> bool:
    """Six characters of checksum over the name of the chain and what follows, in one case."""
    if address not in {address.lower(), address.upper()}:
        return False
    name, _, data = address.lower().rpartition("1")
    checksum = 1
    for value in [*(ord(char) >> 5 for char in name), 0, *(ord(char) & 31 for char in name), *map(_BECH32.find, data)]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, part in enumerate(_GENERATOR):
            checksum ^= part if top >> bit & 1 else 0
    return checksum in _CONSTANTS


def is_ethereum(address: str) -> bool:
    """EIP-55: where letters have both cases, each is as the Keccak-256 of the address says."""
    letters = address[2:]
    if letters in {letters.lower(), letters.upper()}:
        return len(set(letters.lower())) > 4  # noqa: PLR2004 - nulls and burn addresses are nobody's
    marks = keccak_256(letters.lower().encode()).hex()
    return all(
        char == (char.upper() if int(mark, 16) >= 8 else char.lower())  # noqa: PLR2004
        for char, mark in zip(letters, marks[:40], strict=True)
    )


def is_public_key(address: str) -> bool:
    """Thirty-two bytes, of letters and digits as chance makes them."""
    return len(_decoded(address)) == _KEY and any(map(str.isdigit, address)) and address != address.lower()


def _decoded(text: str) -> bytes:
    """Base 58, each leading 1 a byte of zero."""
    number = 0
    for char in text:
        number = number * 58 + _BASE58.index(char)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


ALONE: Final = (
    Rule("CRYPTO", "base58check", token(r"[13ADLMNTXrt][1-9A-HJ-NP-Za-km-z]{24,34}"), is_base58check),
    Rule(
        "CRYPTO", "bech32",
        token(r"(?:bc|ltc|addr|cosmos|osmo|bnb|tb)1[02-9ac-hj-np-z]{11,110}|(?:BC|LTC)1[02-9AC-HJ-NP-Z]{11,110}"),
        is_bech32,
    ),
    Rule("CRYPTO", "ethereum", token(r"0x[0-9A-Fa-f]{40}"), is_ethereum, score=0.85),
    Rule("CRYPTO", "monero", token(r"[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}"), bool, score=0.85),
)  # fmt: skip
"""Found wherever they stand, few digits or many."""

TOLD: Final = (
    Rule("CRYPTO", "solana", token(r"[1-9A-HJ-NP-Za-km-z]{43,44}"), is_public_key,
         words("solana", "sol", "phantom", "spl", "wallet"), 0.8),
)  # fmt: skip
"""Beside their words."""
