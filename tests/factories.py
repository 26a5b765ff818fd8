"""Real keys, a real trust file and real signed messages, with every field ready to be made wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uuid_utils.compat

from placet.base import Strict
from placet.canonical import payload_bytes, sha256_hex
from placet.catalogue import SERVICE_ROLES, Role, spec_for_data
from placet.events import (
    Action,
    ActionClassified,
    ActionDecided,
    ActionProposed,
    ClassifierVersions,
    Facts,
    Position,
    Sensitivity,
    Verdict,
)
from placet.grants import Commitment, VerdictClaims, commitment_digest, sign_claims
from placet.keys import Signer, encode_base64url
from placet.messages import Message, Outgoing, seal
from placet.requirement import Requirement
from placet.trust import Agent, Executor, Service, Trust, TrustDocument, TrustedKey, sign_trust

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def now() -> datetime:
    """The real clock, for tests that meet a broker or a database."""
    return datetime.now(UTC)


def new_action_id() -> str:
    return str(uuid_utils.compat.uuid7())


def trusted(signer: Signer, at: datetime, **changes: Any) -> TrustedKey:
    window = {"not_before": at - timedelta(days=1), "not_after": at + timedelta(days=365)}
    return TrustedKey(jwk=signer.public.jwk, **{**window, **changes})


@dataclass
class World:
    """A root, the services, two agents (of `dave` and `erin`) and an executor, each with a key of its own."""

    at: datetime = NOW
    version: int = 1
    root: Signer = field(default_factory=lambda: Signer.generate("/root"))
    services: dict[Role, Signer] = field(
        default_factory=lambda: {role: Signer.generate(f"/services/{role}") for role in sorted(SERVICE_ROLES)}
    )
    agents: dict[str, Signer] = field(
        default_factory=lambda: {name: Signer.generate(f"/agents/{name}") for name in ("nightly-export", "other-agent")}
    )
    executors: dict[str, Signer] = field(default_factory=lambda: {"warehouse": Signer.generate("/executors/warehouse")})

    def document(self, **changes: Any) -> TrustDocument:
        owners = {"nightly-export": "dave", "other-agent": "erin"}
        content: dict[str, Any] = {
            "version": self.version,
            "issued_at": self.at,
            "services": {role: Service(keys=(trusted(key, self.at),)) for role, key in self.services.items()},
            "agents": {
                name: Agent(owner=owners[name], on_behalf_of=("frank",), keys=(trusted(key, self.at),))
                for name, key in self.agents.items()
            },
            "executors": {name: Executor(keys=(trusted(key, self.at),)) for name, key in self.executors.items()},
        }
        return TrustDocument(**{**content, **changes})

    def trust_file(self, **changes: Any) -> bytes:
        return sign_trust(self.document(**changes), self.root)

    def trust(self, **changes: Any) -> Trust:
        return Trust.verify(self.trust_file(**changes), self.root.public)

    def save(self, folder: Path) -> Path:
        """Write trust file, public root and every key as `placet keys init` lays them out; returns the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trust.json").write_bytes(self.trust_file())
        (folder / "root.pub.json").write_text(self.root.public.jwk.model_dump_json())
        for role, key in self.services.items():
            key.save(folder / "services" / f"{role}.key.json")
        for name, key in self.agents.items():
            key.save(folder / "agents" / f"{name}.key.json")
        for name, key in self.executors.items():
            key.save(folder / "executors" / f"{name}.key.json")
        return folder

    # Events, each the truthful successor of the one before.

    def proposed(
        self,
        *,
        agent: str = "nightly-export",
        name: str = "db.query",
        resource: str = "postgres://warehouse/customers",
        arguments: dict[str, Any] | None = None,
        purpose: str = "nightly report",
        preview: Any = None,
        on_behalf_of: str | None = None,
        deadline: datetime | None = None,
        action_id: str | None = None,
        edit_of: str | None = None,
        **changes: Any,
    ) -> ActionProposed:
        arguments = {"sql": "SELECT count(*) FROM customers"} if arguments is None else arguments
        nonce = encode_base64url(secrets.token_bytes(16))
        digest = sha256_hex(payload_bytes(arguments=arguments, preview=preview, purpose=purpose, nonce=nonce))
        commitment = Commitment(
            action_id=action_id or new_action_id(),
            agent=agent,
            on_behalf_of=on_behalf_of,
            name=name,
            resource=resource,
            deadline=deadline or self.at + timedelta(hours=1),
            edit_of=edit_of,
            digest=digest,
        )
        content: dict[str, Any] = {
            "action_id": commitment.action_id,
            "agent": agent,
            "digest": digest,
            "on_behalf_of": on_behalf_of,
            "commitment": sign_claims(commitment, self.agents[agent]),
            "action": Action(name=name, resource=resource, arguments=arguments),
            "purpose": purpose,
            "preview": preview,
            "session": None,
            "nonce": nonce,
            "deadline": commitment.deadline,
            "edit_of": edit_of,
        }
        return ActionProposed(**{**content, **changes})

    def classified(self, proposed: ActionProposed | None = None, **changes: Any) -> ActionClassified:
        proposed = proposed or self.proposed()
        content: dict[str, Any] = {
            **{name: getattr(proposed, name) for name in ActionProposed.model_fields if name != "nonce"},
            "findings": (),
            "labels": (),
            "sensitivity": Sensitivity.INTERNAL,
            "facts": Facts(),
            "incomplete": (),
            "likeness": proposed.digest,
            "proposal": position("actions.proposed.v1"),
            "versions": ClassifierVersions(classifier="0.1.0", models={}, configuration="2" * 64),
        }
        return ActionClassified(**{**content, **changes})

    def decided(
        self,
        classified: ActionClassified | None = None,
        *,
        decision: Verdict = Verdict.ALLOW,
        requirement: Requirement | None = None,
        rules: tuple[str, ...] = ("test/rule",),
        **changes: Any,
    ) -> ActionDecided:
        classified = classified or self.classified()
        claims = VerdictClaims(
            action_id=classified.action_id,
            commitment=commitment_digest(classified.commitment),
            decision=decision,
            rules=rules,
            requirement=requirement,
            policy="3" * 64,
            input="4" * 64,
            trust=self.trust().digest,
            decided_at=self.at,
        )
        content: dict[str, Any] = {
            "action_id": classified.action_id,
            "agent": classified.agent,
            "digest": classified.digest,
            "commitment": classified.commitment,
            "decision": decision,
            "rules": rules,
            "reasons": ("because the test says so",),
            "requirement": requirement,
            "labels": classified.labels,
            "likeness": classified.likeness,
            "policy_digest": claims.policy,
            "input_digest": claims.input,
            "proposal": classified.proposal,
            "classification": position("actions.classified.v1"),
            "verdict": sign_claims(claims, self.services[Role.POLICY]),
        }
        return ActionDecided(**{**content, **changes})

    def seal(self, data: Strict, *, signer: Signer | None = None, time: datetime | None = None) -> Outgoing:
        """Sign an event as the one who should: its agent, its executor, or the topic's only service."""
        role = next(iter(spec_for_data(data).producers))
        content: Any = data
        by_role = signer or (
            self.agents[content.agent]
            if role is Role.AGENT
            else self.executors[content.executor]
            if role is Role.EXECUTOR
            else self.services[role]
        )
        return seal(data, by_role, time=time or self.at, trust_digest=self.trust().digest)


def position(topic: str, offset: int = 0, sha256: str = "5" * 64) -> Position:
    return Position(topic=topic, partition=0, offset=offset, sha256=sha256)


def received(outgoing: Outgoing, **changes: Any) -> Message:
    """A sealed message as a consumer gets it."""
    content: dict[str, Any] = {
        "topic": outgoing.topic,
        "partition": 0,
        "offset": 0,
        "key": outgoing.key,
        "value": outgoing.value,
        "signature": outgoing.signature,
    }
    return Message(**{**content, **changes})
