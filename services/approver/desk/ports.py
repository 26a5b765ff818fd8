"""What the desk needs from outside, in its own words."""

from __future__ import annotations

from typing import Protocol

from services.approver.desk.model import Ballot, Page, Review, Reviewer, View, Vote
from services.approver.model import Directory


class People(Protocol):
    """The directory."""

    def current(self) -> Directory:
        """The people as they are now."""


class Reviews(Protocol):
    """The approver's tables, through a role that reads them and adds votes. Blocking; raise `TransientError`."""

    def page(self, view: View, person: Reviewer, *, after: str | None, limit: int) -> Page:
        """One part of a list; raise `ValueError` where the cursor is not one of ours."""

    def review(self, action_id: str) -> Review | None:
        """Everything about one review, as of one moment."""

    def trace(self, action_id: str) -> str:
        """The trace context of the decision that opened a review, or nothing."""

    def vote(self, request_id: str) -> Vote | None:
        """A vote by its request."""

    def cast(self, ballot: Ballot) -> Vote:
        """Insert a vote; where this request is there already, return that vote unchanged."""

    def answers(self) -> None:
        """Return when the database answers."""
