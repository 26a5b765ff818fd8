"""A word as the name model reads it, and what its readings are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MODEL: Final = "rampart/"
"""How the recognizers of what the model says begin."""
NAME: Final = f"{MODEL}name"
ALONE: Final = f"{MODEL}name_alone"
ADDRESS: Final = f"{MODEL}address"
LISTED: Final = "lists/name"
"""A pair of which the lists leave no doubt."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a mark of a text (code points), and the share, 0 to 1, that the model gives to each answer."""

    start: int
    end: int
    given: float
    """Part of a person's given name."""
    family: float
    """Part of a person's family name."""
    street: float
    """Part of a street's name."""
    number: float
    """The number of a house or flat, or a postcode."""
    town: float
    """Part of the name of a town or state."""

    @property
    def person(self) -> float:
        """Part of a person's name."""
        return self.given + self.family

    @property
    def address(self) -> float:
        """Part of an address."""
        return self.street + self.number + self.town

    def joined(self, other: Word) -> Word:
        """This word and one behind it as one."""
        mean = [(getattr(self, share) + getattr(other, share)) / 2 for share in _SHARES]
        return Word(self.start, other.end, *mean)


_SHARES: Final = ("given", "family", "street", "number", "town")
