"""Who the people are to the desk: the directory, asked one person at a time.

Rules:
- Groups and activity come from the directory, never from a token's claim and never from the caller.
- Somebody who is not in it, or not active, is nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.approver.desk.model import Reviewer
from services.approver.desk.ports import People


@dataclass(frozen=True, slots=True)
class Directory:
    """The people in force, as settle reads them too."""

    people: People

    def person(self, identifier: str) -> Reviewer | None:
        """The active person with this id, or None."""
        found = self.people.current().get(identifier)
        if found is None or not found.active:
            return None
        return Reviewer(identifier, found.name or identifier, found.groups)

    def name(self, identifier: str) -> str:
        """How to call somebody on a page, active or not."""
        found = self.people.current().get(identifier)
        return identifier if found is None else found.name or identifier

    def groups(self, identifier: str) -> frozenset[str]:
        """The groups of an active person; of nobody: none."""
        found = self.person(identifier)
        return frozenset() if found is None else found.groups
