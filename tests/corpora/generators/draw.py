"""Where a slot's value comes from: chance with a seed, and the invented person it is about.

Rules:
- The same template, fill, slot and number give the same value on every machine, in any order of drawing.
- `#2` is another person and another value; without a number it is the first. What is drawn about one person agrees:
  name, address of mail, country.
- Nobody and nothing real: documented test ranges where they exist, chance elsewhere.
"""

from __future__ import annotations

import hashlib
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
URLSAFE = string.ascii_letters + string.digits + "-_"


@dataclass(slots=True)
class Draw:
    """Chance for one slot, and where its person is drawn from."""

    place: str
    """Template and fill."""
    slot: str
    number: int = 1
    locale: str = "en"
    chance: random.Random = field(init=False)
    """This slot's own."""

    def __post_init__(self) -> None:
        self.chance = self._seeded(self.slot)

    @property
    def whose(self) -> random.Random:
        """Shared by all slots about the same person: from its beginning each time it is asked for."""
        return self._seeded("person")

    def of(self, alphabet: str, length: int) -> str:
        return "".join(self.chance.choices(alphabet, k=length))

    def one(self, items: Sequence[str]) -> str:
        return self.chance.choice(items)

    def digits(self, length: int) -> str:
        """Digits that begin with no zero."""
        return str(self.chance.randint(1, 9)) + "".join(self.chance.choices(string.digits, k=length - 1))

    def bytes(self, length: int) -> bytes:
        return self.chance.randbytes(length)

    def _seeded(self, what: str) -> random.Random:
        text = f"{self.place}/{self.locale}/{what}/{self.number}"
        return random.Random(hashlib.sha256(text.encode()).digest())


@dataclass(frozen=True, slots=True)
class Maker:
    """What a slot's name stands for: its label, and how a value is made."""

    entity_type: str | None
    """None: nothing sensitive."""
    make: Callable[[Draw], str]
