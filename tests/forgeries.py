"""Every message an attacker may write about somebody else's action, each with how it must be refused.

Whatever key the attacker holds, the content is the most dangerous there is: allowed, approved with a grant, withdrawn,
run. Only who signed it, or what was done to the bytes afterwards, is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from placet.base import Strict
from placet.catalogue import CATALOGUE, Role, Topic, TopicSpec, derived_id, spec_for_data
from placet.events import (
    ActionFailed,
    ActionFollowed,
    ActionProposed,
    Authentication,
    ExecutionStatus,
    LedgerCheckpointed,
    Outcome,
    ReviewStep,
    Stage,
    VoteKind,
)
from placet.keys import Signer, encode_base64url
from placet.messages import SIGNATURE_HEADER, Message, Outgoing, seal
from tests.factories import World, new_action_id, now
from tests.ledgers import report, resolution, step_of

OVERSIZE_BYTES: Final = 930_000
"""Above the contract's limit, below the broker's."""


@dataclass(frozen=True)
class Forgery:
    """A message as it is written, and what becomes of it. No `code`: it is authentic, and must change nothing."""

    name: str
    topic: Topic
    key: bytes
    value: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)
    code: str | None
    producer: str = "unknown"
    """Whose key signed, as it is counted; only for what becomes a dead letter."""
    readable: bool = True
    """Authentic, but not to be read: no dead letter."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return [] if self.signature is None else [(SIGNATURE_HEADER, self.signature)]


@dataclass(frozen=True)
class Keys:
    """What the attacker signs with: every valid key, and for each role one that was revoked and one that expired."""

    valid: Mapping[str, Signer]
    """By principal; those of role agent and executor besides the victim's own."""
    revoked: Mapping[Role, Signer]
    expired: Mapping[Role, Signer]
    roles: Mapping[str, Role]
    """By principal, all of the valid ones."""


def dangerous(world: World, proposed: ActionProposed, agent: str) -> dict[Topic, Strict]:
    """What would do harm, on each topic, about the given action."""
    classified = world.classified(proposed)
    decided = world.decided(classified)
    resolved = resolution(world, decided, Outcome.APPROVED, reviewers=("alice",))
    about = {"action_id": proposed.action_id, "agent": agent, "digest": proposed.digest}
    return {
        Topic.PROPOSED: proposed,
        Topic.CLASSIFIED: classified,
        Topic.DECIDED: decided,
        Topic.FAILED: ActionFailed(**about, stage=Stage.DECIDE, code="forged", failed_sha256="0" * 64),
        Topic.REVIEWS: step_of(
            decided,
            1,
            ReviewStep.VOTED,
            actor="alice",
            vote=VoteKind.APPROVE,
            counted=True,
            authentication=Authentication.SESSION,
        ),
        Topic.RESOLVED: resolved,
        Topic.FOLLOWED: ActionFollowed(**about, step="withdrawn", sequence=0),
        Topic.EXECUTED: report(world, resolved, ExecutionStatus.SUCCEEDED),
        Topic.CHECKPOINTED: LedgerCheckpointed(origin="placet/ledger", size=1, root="A" * 43 + "=", note="forged"),
    }


def forgeries(data: Strict, rightful: Signer, keys: Keys, genuine: Sequence[Message], digest: str) -> Iterator[Forgery]:
    """Every forgery on the topic of an event. `genuine` are messages that were really written, on any topic."""
    spec = spec_for_data(data)
    topic = spec.topic

    def sealed(signer: Signer) -> Outgoing:
        return seal(data, signer, time=now(), trust_digest=digest)

    honest = sealed(rightful)

    def bent(name: str, code: str, *, value: bytes = honest.value, signature: bytes | None = honest.signature,
             producer: str = rightful.principal) -> Forgery:  # fmt: skip
        return Forgery(name, topic, honest.key, value, signature, code, producer)

    yield bent("unsigned", "unsigned", signature=None, producer="unknown")
    yield bent("wrongly signed", "bad_signature", value=honest.value + b" ")
    yield bent("truncated", "bad_signature", value=honest.value[:-7])
    yield bent("duplicated key", "bad_signature", value=_doubled(honest.value))
    yield bent("oversize", "oversize", value=honest.value.ljust(OVERSIZE_BYTES))
    unknown = Signer.generate(rightful.principal)
    yield bent("unknown key", "unknown_key", signature=sealed(unknown).signature, producer="unknown")
    for principal, signer in keys.valid.items():
        if keys.roles[principal] not in spec.producers:
            out = sealed(signer)
            yield bent(
                f"signed by {principal}",
                "role_not_allowed",
                value=out.value,
                signature=out.signature,
                producer=principal,
            )
    role = next(iter(spec.producers & {keys.roles[rightful.principal]}))
    for code, signer in (("revoked_key", keys.revoked[role]), ("expired_key", keys.expired[role])):
        out = sealed(signer)
        yield bent(code, code, value=out.value, signature=out.signature, producer=signer.principal)
    yield from _lies(spec, honest, rightful)
    for message in genuine:
        if message.topic == topic:
            yield Forgery("replayed", topic, message.key or b"", message.value, message.signature, None)
        else:
            yield _elsewhere(message, spec, keys)


def of_another_agent(world: World, topic: Topic, victim: ActionProposed, signer: Signer, digest: str) -> list[Forgery]:
    """What another agent says, with its own valid key, about the victim's action."""
    agent = signer.principal.removeprefix("/agents/")
    key = victim.action_id.encode()
    data: Any = ActionFollowed(
        action_id=victim.action_id, agent=agent, digest=victim.digest, step="withdrawn", sequence=0
    )
    stolen: Any = ActionFollowed(**{**dict(data), "agent": victim.agent})
    if topic is Topic.PROPOSED:
        data = world.proposed(agent=agent, action_id=victim.action_id)
        stolen = victim
    own = seal(data, signer, time=now(), trust_digest=digest)
    theirs = seal(stolen, signer, time=now(), trust_digest=digest)
    doubled = _doubled(own.value)
    signature = _signature(CATALOGUE[topic], doubled, signer)
    return [
        Forgery("foreign action id", topic, key, own.value, own.signature, None),
        Forgery("in another's name", topic, key, theirs.value, theirs.signature, "agent_mismatch", signer.principal),
        Forgery("duplicated key, signed", topic, key, doubled, signature, "duplicate_key", readable=False),
    ]


def _lies(spec: TopicSpec, honest: Outgoing, signer: Signer) -> Iterator[Forgery]:
    """Envelopes that say something else than their data, or their place; rightly signed."""
    other = new_action_id()
    lies: dict[str, tuple[str, dict[str, str], bytes]] = {
        "key of another": ("key_mismatch", {"subject": other}, honest.key),
        "other subject": ("subject_mismatch", {"subject": other}, other.encode()),
        "other type": ("type_mismatch", {"type": "placet.actions.other.v1"}, honest.key),
        "other source": ("source_mismatch", {"source": "/services/nobody"}, honest.key),
        "other id": ("event_id_mismatch", {"id": derived_id(other, "x", "y")}, honest.key),
        "from the future": ("future_time", {"time": "2199-01-01T00:00:00Z"}, honest.key),
    }
    for name, (code, change, key) in lies.items():
        value = json.dumps({**json.loads(honest.value), **change}).encode()
        yield Forgery(name, spec.topic, key, value, _signature(spec, value, signer), code, signer.principal)


def _elsewhere(message: Message, spec: TopicSpec, keys: Keys) -> Forgery:
    """A genuine message where it does not belong."""
    source = str(json.loads(message.value)["source"])
    code = "bad_signature" if keys.roles[source] in spec.producers else "role_not_allowed"
    return Forgery(
        f"of {message.topic}", spec.topic, message.key or b"", message.value, message.signature, code, source
    )


def _doubled(value: bytes) -> bytes:
    return b'{"specversion":"1.0",' + value[1:]


def _signature(spec: TopicSpec, value: bytes, signer: Signer) -> bytes:
    return f"{signer.key_id}:{encode_base64url(signer.sign(spec.type, value))}".encode()
