"""The errors of the policy service.

PlacetError
├── PolicyError             a set of policies that must not be loaded; carries every problem found
└── QuestionTooLargeError   an action that the engine is not asked about: deciding would take too long

Rules: a problem names a file, a rule and a closed code; its sentence may quote the policy, never an action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from placet.errors import PlacetError


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a set does not load."""

    code: str
    """Closed, for machines: `no_rules`, `bad_cedar`, `invalid`, `missing_annotation`, …"""
    file: str
    """The file's name inside the policy folder."""
    sentence: str
    rule: str = ""
    """The rule's id, where it has one."""

    def __str__(self) -> str:
        place = f"{self.file}: {self.rule}" if self.rule else self.file
        return f"{place}: {self.sentence} ({self.code})"


class QuestionTooLargeError(PlacetError):
    """More than the engine is ever asked at once."""


class PolicyError(PlacetError):
    """A set of policies that does not hold together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
