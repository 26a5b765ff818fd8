"""The actions that flow while processes die: five kinds, each with the one outcome it must have. Pure.

An action carries a number of its own, in its arguments and so in what the executor notes: by it a second run is seen.
What a reviewer, or the agent itself, shall do about an action is its purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from placet.events import Outcome

RESOURCE: Final = "postgres://warehouse/customers"


class Kind(StrEnum):
    """What shall become of an action."""

    ALLOW = "allow"
    DENY = "deny"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


EXPECTED: Final = {
    Kind.ALLOW: Outcome.ALLOWED,
    Kind.DENY: Outcome.DENIED,
    Kind.APPROVE: Outcome.APPROVED,
    Kind.REJECT: Outcome.REJECTED,
    Kind.WITHDRAW: Outcome.WITHDRAWN,
}
GRANTED: Final = frozenset({Outcome.ALLOWED, Outcome.APPROVED})
"""Outcomes after which the executor has something to run."""
MIXED: Final = (Kind.ALLOW, Kind.APPROVE, Kind.DENY, Kind.ALLOW, Kind.REJECT, Kind.WITHDRAW)
"""One round of the flow."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is proposed."""

    name: str
    arguments: dict[str, Any]
    purpose: str


def wanted(kind: Kind, number: int) -> Wanted:
    """The action of a kind under a number."""
    match kind:
        case Kind.ALLOW:
            return Wanted("db.query", {"sql": f"SELECT count(*) FROM customers WHERE id > {number}"}, kind)
        case Kind.DENY:
            return Wanted("db.query", {"sql": f"DROP TABLE customers_{number}"}, kind)
        case Kind.APPROVE | Kind.REJECT | Kind.WITHDRAW:
            file = f"s3://partner-bucket/{kind}-{number}.csv"
            export = {"table": "customers", "columns": ["id"], "destination": file}
            return Wanted("export.customers", export, kind)


def number_in(text: str) -> int:
    """The number of an action, from the statement or the name of the file."""
    return int(re.findall(r"\d+", text)[-1])
