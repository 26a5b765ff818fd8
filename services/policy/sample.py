"""An action described by what matters to policy: how people write one down in a test or a question.

Rules: what is not said is harmless, so that a test says what it is about; unknown fields are refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field

from placet.base import (
    ActionId,
    ActionName,
    AgentId,
    JsonObject,
    JsonValue,
    Label,
    PersonId,
    Resource,
    SessionId,
    Strict,
    Timestamp,
)
from placet.events import (
    Action,
    ActionClassified,
    ClassifierVersions,
    Facts,
    Finding,
    Position,
    Sensitivity,
    Uninspected,
)

_ACTION_ID: Final = "00000000-0000-7000-8000-000000000000"
_HASH: Final = "0" * 64
_MOMENT: Final = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class Sample(Strict):
    """One action, as the classifier might have seen it."""

    agent: AgentId = "nightly-export"
    owner: PersonId = "somebody"
    name: ActionName
    resource: Resource
    arguments: JsonObject = Field(default_factory=dict)
    purpose: str = ""
    preview: JsonValue = None
    on_behalf_of: PersonId | None = None
    edit_of: ActionId | None = None
    session: SessionId | None = None
    labels: tuple[Label, ...] = ()
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    facts: Facts = Facts()
    entity_types: tuple[str, ...] = ()
    incomplete: tuple[Uninspected, ...] = ()
    time: Timestamp = _MOMENT

    def classified(self) -> ActionClassified:
        """The event that a classifier would have sent; it bears no signature that anybody could believe."""
        return ActionClassified(
            action_id=_ACTION_ID,
            agent=self.agent,
            digest=_HASH,
            on_behalf_of=self.on_behalf_of,
            commitment="sample.sample.sample",
            action=Action(name=self.name, resource=self.resource, arguments=self.arguments),
            purpose=self.purpose,
            preview=self.preview,
            session=self.session,
            deadline=self.time + timedelta(hours=1),
            edit_of=self.edit_of,
            findings=tuple(_finding(kind) for kind in self.entity_types),
            labels=self.labels,
            sensitivity=self.sensitivity,
            facts=self.facts,
            incomplete=self.incomplete,
            likeness=_HASH,
            proposal=Position(topic="actions.proposed.v1", partition=0, offset=0, sha256=_HASH),
            versions=ClassifierVersions(classifier="sample", models={}, configuration=_HASH),
        )

    @classmethod
    def of(cls, classified: ActionClassified, *, owner: str, time: datetime) -> Sample:
        """The description of a classified action."""
        shared = set(cls.model_fields) & set(ActionClassified.model_fields)
        return cls(
            owner=owner,
            time=time,
            name=classified.action.name,
            resource=classified.action.resource,
            arguments=classified.action.arguments,
            entity_types=tuple(finding.entity_type for finding in classified.findings),
            **{name: getattr(classified, name) for name in shared},
        )


PROBES: Final = (
    Sample(name="undeclared", resource="probe://host/a"),
    Sample(
        name="undeclared",
        resource="probe://host/a",
        arguments={"text": "a", "number": 1, "list": [True, 1.5, None]},
        on_behalf_of="somebody",
        edit_of=_ACTION_ID,
        session="s",
        labels=("pii",),
        entity_types=("EMAIL_ADDRESS",),
        facts=Facts(destination_hosts=("a",), destination_domains=("a",), tables=("a",)),
        incomplete=(Uninspected(pointer="/arguments", reason="error"),),
    ),
)
"""Samples without and with everything optional: what a schema has to take."""


def _finding(kind: str) -> Finding:
    return Finding(
        entity_type=kind,
        pointer="/arguments",
        start=0,
        end=1,
        score=1.0,
        recognizer="sample",
        fingerprint="0" * 32,
    )
