"""How long a decision may take: bounded before the engine is asked, so that slowness is a denial.

Rules:
- Nothing measured by a clock decides: the same message must be decided in the same way again. What may be asked is
  bounded by its size, and what a set of policies may do with it by the work it comes to.
- An expression is evaluated once at most, and each step looks at no more than the whole question. `like` compares each
  character of its pattern with each of the text, the one step whose time grows with a product.
- Measured (`infra/adr/0010-a-slow-decision-is-a-denial.md`): a unit of work takes the engine at most 3 ns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cedarpy import pst

MAX_TAGS: Final = 5_000
"""Values among the arguments, where policies look at those: the engine takes in each in about 60 µs."""
MAX_QUESTION_BYTES: Final = 1_000_000
"""Pointers repeat the names above a value, so that a question may be many times as large as its action."""
MAX_WORK: Final = 120_000_000
"""A third of a second of the engine: a whole batch of such decisions is done before the process counts as stuck."""
_PATTERN: Final = 3
"""A character of a pattern costs as much as so many other steps."""


def weight(policies: Iterable[pst.Template]) -> int:
    """What evaluating these policies costs for each byte of the question, in units of work."""
    return sum(_weight(policy.clauses) for policy in policies)


def affordable(weighing: int, size: int) -> bool:
    """Whether policies of this weight may be asked a question of so many bytes."""
    return weighing * size <= MAX_WORK


def _weight(node: Any) -> int:
    match node:
        case pst.Like(base=base, pattern=pattern):
            return 1 + _PATTERN * len(pattern) + _weight(base)
        case tuple():
            return sum(map(_weight, node))
        case Mapping():
            return sum(map(_weight, node.values()))
        case _ if dataclasses.is_dataclass(node):
            return 1 + sum(_weight(getattr(node, field.name)) for field in dataclasses.fields(node))
        case _:
            return 0
