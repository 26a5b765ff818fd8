"""Canaries: values that may stand nowhere but where the agent put them, and a search that finds them in any spelling.

- Every value of a flock carries a brand: characters drawn for this flock and found nowhere else. A part of a value that
  shows its brand is a leak like the whole, so a search needs to look for a handful of brands only.
- A brand is looked for in clear, JSON-escaped, base64 (at its three alignments, both alphabets), hexadecimal,
  URL-encoded and UTF-16 (both byte orders). Upper and lower case are one, but in base64.
- A social security number is too short to be branded; each is looked for itself, with and without its dashes.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, quote_plus

Store = Iterable[tuple[str, bytes]]
"""Where content was found, and the content."""


class Kind(StrEnum):
    """What the classifier finds; the last one is what it does not."""

    EMAIL = "e-mail address"
    CARD = "card number"
    IBAN = "IBAN"
    SSN = "social security number"
    TOKEN = "token"
    KEY = "private key"
    WORD = "word that nothing detects"


PERSONAL = (Kind.EMAIL, Kind.CARD, Kind.IBAN, Kind.SSN)
"""A person may decide about an action that holds these; about one with a credential nobody may."""
CREDENTIALS = (Kind.TOKEN, Kind.KEY)


@dataclass(frozen=True, slots=True)
class Leak:
    """A canary's brand where it must not be."""

    where: str
    brand: str
    form: str


class Flock:
    """Values with the same brands."""

    def __init__(self) -> None:
        self._letters = secrets.token_hex(6)
        # A letter outside ASCII: JSON and URLs write it in other ways.
        self._mail = f"zoë-{secrets.token_hex(5)}"
        self._digits = "".join(secrets.choice("123456789") for _ in range(10))
        self._word = f"walrus-{''.join(secrets.choice('bcdfghjklmnp') for _ in range(10))}"
        self._numbers: list[str] = []
        self._count = 0

    def value(self, kind: Kind) -> str:
        """A new value, written as people write it."""
        self._count += 1
        number = f"{self._count:04}"
        match kind:
            case Kind.EMAIL:
                return f"{self._mail}.{number}@example.org"
            case Kind.CARD:
                return _with_luhn(f"4{self._digits}{number}")
            case Kind.IBAN:
                return _german_iban(f"{self._digits}{number}0000")
            case Kind.SSN:
                self._numbers.append(f"{secrets.randbelow(100) + 501}-{secrets.randbelow(89) + 11}-{number}")
                return f"SSN {self._numbers[-1]}"
            case Kind.TOKEN:
                return f"ghp_{self._letters}{secrets.token_hex(10)}{number}"
            case Kind.KEY:
                body = f"{self._letters}{secrets.token_hex(26)}{number}"
                return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
            case Kind.WORD:
                return f"{self._word}"

    def values(self, *kinds: Kind) -> list[str]:
        """A new value of each kind."""
        return [self.value(kind) for kind in kinds]

    @property
    def detectable(self) -> tuple[str, ...]:
        """What to look for: brands, and the numbers too short for one."""
        grouped = _in_fours(self._digits)
        short = [spelled for number in self._numbers for spelled in (number, number.replace("-", ""))]
        return (self._letters, self._mail, self._digits, *grouped, *short)

    @property
    def word(self) -> str:
        """The brand of what nothing detects."""
        return self._word


def search(brands: Iterable[str], store: Store) -> Iterator[Leak]:
    """Every brand in the store's contents, once for each place and form."""
    wanted = [(brand, name, needle, folds) for brand in brands for name, needle, folds in forms(brand)]
    for where, content in store:
        folded = content.lower()
        for brand, name, needle, folds in wanted:
            if needle in (folded if folds else content):
                yield Leak(where, brand, name)


def forms(brand: str) -> Iterator[tuple[str, bytes, bool]]:
    """The name of each spelling, its bytes, and whether case does not count in it (then they are in lower case)."""
    for text in sorted({brand, brand.upper()}):  # bytes fold in ASCII only
        plain = text.encode()
        folded = {
            "clear": plain,
            "JSON-escaped": json.dumps(text)[1:-1].encode(),
            "JSON-escaped throughout": "".join(f"\\u{ord(char):04x}" for char in text).encode(),
            "hex": plain.hex().encode(),
            "URL-encoded": quote(text, safe="").encode(),
            "URL-encoded as a form": quote_plus(text).encode(),
            "URL-encoded throughout": "".join(f"%{byte:02x}" for byte in plain).encode(),
        }
        for name, needle in folded.items():
            yield name, needle.lower(), True
        for name in ("utf-16-le", "utf-16-be"):
            yield name, text.encode(name), False
    for alignment in range(3):
        inside = _base64_inside(brand.encode(), alignment)
        yield f"base64 at {alignment}", inside, False
        yield f"base64url at {alignment}", inside.translate(bytes.maketrans(b"+/", b"-_")), False


def _base64_inside(content: bytes, alignment: int) -> bytes:
    """The characters of base64 that the content alone determines, where it begins that far into a group of three."""
    written = base64.b64encode(bytes(alignment) + content)
    return written[-(-alignment * 8 // 6) : (alignment + len(content)) * 8 // 6]


def _in_fours(digits: str) -> list[str]:
    """How a run of digits reads in a number that is written in groups of four, wherever the groups begin."""
    spelled = []
    for first in range(1, 5):
        groups = [digits[:first], *(digits[at : at + 4] for at in range(first, len(digits), 4))]
        spelled += [" ".join(groups), "-".join(groups)]
    return spelled


def _with_luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{digits}{-total % 10}"


def _german_iban(account: str) -> str:
    """ISO 13616: two check digits make the whole, letters as numbers, leave 1 modulo 97."""
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02}{account}"
