"""What stands in place of a masked value: `‹EMAIL_ADDRESS_1›`.

Rule: one that stands in a text already, with a type that there is and a number no longer than an action needs, holds no
value of somebody's.
"""

from __future__ import annotations

import re
from typing import Final

NOT_INSPECTED: Final = "NOT_INSPECTED"
KEY: Final = "KEY"
ANY: Final = re.compile(r"‹[A-Z][A-Z0-9_]{0,63}_[0-9]{1,9}›")
"""Whatever looks like one: so that none of them is issued again."""
HARMLESS: Final = re.compile(r"‹([A-Z][A-Z0-9_]{0,63})_[0-9]{1,4}›")
"""The first group is its type, which may be none."""


def of(kind: str, number: int) -> str:
    """The placeholder of a type with a number."""
    return f"‹{kind}_{number}›"
