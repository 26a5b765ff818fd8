"""One proposal in, one classification out.

Gather (is the proposal what its agent committed to?), classify in a worker, write down.

Rules:
- The commitment travels on word for word; a proposal that differs from it, or from its digest, is ActionFailed.
- What could not be looked into is published as such, masked whole: policy never allows it, settle always answers.
- The event's time is the proposal's, so that a proposal that comes again gives the same bytes.
- Logs and metrics hold ids, codes and counts; never a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic import TypeAdapter, ValidationError

from placet.base import ActionId
from placet.canonical import payload_bytes, sha256_hex
from placet.catalogue import Topic
from placet.errors import ContractError, DecodeError
from placet.events import (
    Action,
    ActionClassified,
    ActionFailed,
    ActionProposed,
    ClassifierVersions,
    Sensitivity,
    Stage,
)
from placet.grants import check_commitment, verify_commitment
from placet.keys import Signer
from placet.messages import Outgoing, seal
from placet.trust import Trust
from placet.verify import Authenticated, Verified
from services.chassis import logs
from services.chassis.errors import TransientError
from services.chassis.telemetry import Attribute, Attributes, Metric, SpanName, count, spans
from services.classifier import decide
from services.classifier.errors import PoolError
from services.classifier.model import Classification, Subject
from services.classifier.ports import Analyst, GaveUp, Unmaskable

VERSION: Final = "0.1.0"
UNMASKABLE: Final = "unmaskable_secret"
"""ActionFailed: a credential stands in the action's name, resource or session."""

_ACTION_ID: Final = TypeAdapter(ActionId)


def _traced(received: Verified[ActionProposed]) -> tuple[str, Attributes]:
    return received.message.trace, {Attribute.ACTION_ID: received.data.action_id}


class Trusts(Protocol):
    """Gives the trust in force."""

    def current(self) -> Trust:
        """The trust in force."""


class Classifier:
    """The stream service."""

    consumes = (Topic.PROPOSED,)

    def __init__(
        self,
        *,
        analyst: Analyst,
        signer: Signer,
        trusts: Trusts,
        clock: Callable[[], datetime],
    ) -> None:
        self._analyst, self._signer, self._trusts, self._clock = analyst, signer, trusts, clock

    def handle(self, batch: Sequence[Verified[ActionProposed]]) -> list[list[Outgoing]]:
        """One ActionClassified or ActionFailed for each message."""
        trust, now = self._trusts.current(), self._clock()
        codes = [_fault(received.data, trust, now) for received in batch]
        sound = [_subject(one.data) for one, code in zip(batch, codes, strict=True) if code is None]
        try:
            with spans(SpanName.CLASSIFY, [_traced(one) for one in batch]):
                results = iter(self._analyst.analyse(sound) if sound else ())
        except PoolError:
            raise TransientError("workers") from None
        return [
            [self._classified(one, next(results), trust) if code is None else self._failed(one, code, trust)]
            for one, code in zip(batch, codes, strict=True)
        ]

    def unprocessable(self, authentic: Authenticated, code: str) -> list[Outgoing]:
        """ActionFailed under the action id that is the message's key; nothing where the key is none."""
        try:
            action_id = _ACTION_ID.validate_python((authentic.message.key or b"").decode("ascii", "replace"))
        except ValidationError:
            logs.get_logger().error("unaddressable", agent=authentic.signer.id, code=code)
            return []
        return [
            self._publish_failed(
                ActionFailed(
                    action_id=action_id,
                    agent=authentic.signer.id,
                    digest=None,
                    stage=Stage.CLASSIFY,
                    code=code,
                    failed_sha256=sha256_hex(authentic.message.value),
                ),
                self._clock(),
                self._trusts.current(),
            )
        ]

    def _classified(
        self, received: Verified[ActionProposed], result: Classification | GaveUp | Unmaskable, trust: Trust
    ) -> Outgoing:
        if isinstance(result, Unmaskable):
            return self._failed(received, UNMASKABLE, trust)
        if isinstance(result, GaveUp):
            logs.get_logger().warning(
                "not_inspected", action_id=received.data.action_id, reason=result.reason, detail=result.detail
            )
            found = self._unseen(received.data, result.reason)
        else:
            found = result
        try:
            sealed = self._seal(received, found, trust)
        except (DecodeError, ValidationError):  # masked it is larger than an event may be, or not what an event is
            found = self._unseen(received.data, "too_large")
            sealed = self._seal(received, found, trust)
        count(Metric.CLASSIFIED, sensitivity=found.sensitivity.value, incomplete=bool(found.incomplete))
        for kind, times in Counter(one.entity_type for one in found.findings).items():
            count(Metric.FINDINGS, times, type=kind)
        for reason, times in Counter(one.reason for one in found.incomplete).items():
            count(Metric.UNINSPECTED, times, reason=reason)
        logs.get_logger().info(
            "classified",
            action_id=received.data.action_id,
            agent=received.data.agent,
            labels=found.labels,
            sensitivity=found.sensitivity,
            findings=len(found.findings),
            incomplete=len(found.incomplete),
        )
        return sealed

    def _unseen(self, proposal: ActionProposed, reason: str) -> Classification:
        subject = _subject(proposal)
        likeness = decide.likeness(subject, self._analyst.keys.mark)
        return decide.unseen(subject, reason, likeness=likeness, default=Sensitivity.RESTRICTED)

    def _seal(self, received: Verified[ActionProposed], found: Classification, trust: Trust) -> Outgoing:
        proposal = received.data
        event = ActionClassified(
            action_id=proposal.action_id,
            agent=proposal.agent,
            digest=proposal.digest,
            on_behalf_of=proposal.on_behalf_of,
            commitment=proposal.commitment,
            action=Action(
                name=proposal.action.name, resource=proposal.action.resource, arguments=dict(found.arguments)
            ),
            purpose=found.purpose,
            preview=found.preview,
            session=proposal.session,
            deadline=proposal.deadline,
            edit_of=proposal.edit_of,
            findings=found.findings,
            forms=dict(found.forms),
            labels=found.labels,
            sensitivity=found.sensitivity,
            facts=found.facts,
            incomplete=found.incomplete,
            likeness=found.likeness,
            proposal=received.message.position,
            versions=ClassifierVersions(
                classifier=VERSION,
                models=dict(self._analyst.models),
                configuration=self._analyst.configuration,
                fingerprint_key=self._analyst.keys.id,
            ),
        )
        return seal(event, self._signer, time=received.envelope.time, trust_digest=trust.digest)

    def _failed(self, received: Verified[ActionProposed], code: str, trust: Trust) -> Outgoing:
        failed = ActionFailed(
            action_id=received.data.action_id,
            agent=received.data.agent,
            digest=received.data.digest,
            stage=Stage.CLASSIFY,
            code=code,
            failed_sha256=sha256_hex(received.message.value),
        )
        return self._publish_failed(failed, received.envelope.time, trust)

    def _publish_failed(self, failed: ActionFailed, time: datetime, trust: Trust) -> Outgoing:
        logs.get_logger().warning("unclassifiable", action_id=failed.action_id, agent=failed.agent, code=failed.code)
        return seal(failed, self._signer, time=time, trust_digest=trust.digest)


def _fault(proposal: ActionProposed, trust: Trust, now: datetime) -> str | None:
    """Why a proposal is not what its agent committed to; None where it is."""
    try:
        check_commitment(proposal, verify_commitment(proposal.commitment, trust, at=now))
        payload = payload_bytes(
            arguments=proposal.action.arguments,
            preview=proposal.preview,
            purpose=proposal.purpose,
            nonce=proposal.nonce,
        )
    except ContractError as error:
        return error.code
    return None if sha256_hex(payload) == proposal.digest else "digest_mismatch"


def _subject(proposal: ActionProposed) -> Subject:
    arguments: dict[str, Any] = proposal.action.arguments
    return Subject(
        agent=proposal.agent,
        name=proposal.action.name,
        resource=proposal.action.resource,
        arguments=arguments,
        purpose=proposal.purpose,
        preview=proposal.preview,
        session=proposal.session,
    )
