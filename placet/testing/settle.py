"""A stand-in for the services, with keys of its own: it answers a proposal with a truly signed outcome.

For tests only. Rules:
- The keys are made when it is made and known to its own trust file alone; nothing elsewhere believes them.
- What it signs is made exactly as the services make it, so that gate and executor check it for real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from placet.canonical import sha256_hex
from placet.catalogue import SERVICE_ROLES, Role
from placet.events import ActionProposed, ActionResolved, Outcome, OutcomeReason, Position, Retry, Verdict
from placet.grants import GrantClaims, VerdictClaims, commitment_digest, grant_id, grant_window, sign_claims
from placet.keys import Signer
from placet.messages import Outgoing, seal
from placet.trust import Agent, Executor, Service, TrustDocument, TrustedKey, sign_trust
from placet.trust_store import TrustStore

GRANTED: Final = frozenset({Outcome.ALLOWED, Outcome.APPROVED})


@dataclass(frozen=True, slots=True)
class Answer:
    """How an action shall end."""

    outcome: Outcome
    code: str = "as_the_test_says"
    sentence: str = "As the test says."
    retry: Retry = Retry.NEVER
    rules: tuple[str, ...] = ("test/rule",)
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ("alice",)
    """Who assented, where the outcome is `approved`."""


class StandIn:
    """Root, services, agents and executors of one test, written to a folder as `placet keys init` lays them out."""

    def __init__(
        self,
        folder: Path,
        *,
        at: datetime,
        agents: Sequence[str] = ("nightly-export",),
        executors: Sequence[str] = ("warehouse",),
    ) -> None:
        self.folder = folder
        self._at = at
        self._version = 0
        root = self._root = Signer.generate("/root")
        self._services = {role: Signer.generate(f"/services/{role}") for role in SERVICE_ROLES}
        self._agents = {name: Signer.generate(f"/agents/{name}") for name in agents}
        self._executors = {name: Signer.generate(f"/executors/{name}") for name in executors}
        for name, key in self._agents.items():
            key.save(self.agent_key(name))
        for name, key in self._executors.items():
            key.save(self.executor_key(name))
        self.trust_file, self.root_file = folder / "trust.json", folder / "root.pub.json"
        self.root_file.write_text(root.public.jwk.model_dump_json())
        self.write_trust()
        self.trust = TrustStore(self.trust_file, root.public)

    def agent_key(self, name: str) -> Path:
        """An agent's key file."""
        return self.folder / "agents" / f"{name}.key.json"

    def executor_key(self, name: str) -> Path:
        """An executor's key file."""
        return self.folder / "executors" / f"{name}.key.json"

    def write_trust(self, *, disabled: Sequence[str] = ()) -> None:
        """Write the next version of the trust file."""
        self._version += 1
        document = TrustDocument(
            version=self._version,
            issued_at=self._at,
            services={role: Service(keys=(self._trusted(key),)) for role, key in self._services.items()},
            agents={
                name: Agent(owner="dave", disabled=name in disabled, keys=(self._trusted(key),))
                for name, key in self._agents.items()
            },
            executors={
                name: Executor(serves=("" if number == 0 else f"test://{name}",), keys=(self._trusted(key),))
                for number, (name, key) in enumerate(self._executors.items())
            },
        )
        fresh = self.trust_file.with_name("trust.json.new")
        fresh.write_bytes(sign_trust(document, self._root))
        fresh.replace(self.trust_file)

    def resolve(
        self, proposed: ActionProposed, answer: Answer, *, position: Position | None = None, now: datetime
    ) -> Outgoing:
        """The signed outcome of a proposal."""
        granted = answer.outcome in GRANTED
        trust = self.trust.current()
        resolved = ActionResolved(
            action_id=proposed.action_id,
            agent=proposed.agent,
            digest=proposed.digest,
            outcome=answer.outcome,
            reason=OutcomeReason(code=answer.code, sentence=answer.sentence),
            retry=answer.retry,
            rules=answer.rules,
            labels=answer.labels,
            superseded_by=None,
            proposal=position,
            grant=self.grant(proposed, answer, now=now) if granted else None,
        )
        return seal(resolved, self._services[Role.SETTLE], time=now, trust_digest=trust.digest)

    def grant(self, proposed: ActionProposed, answer: Answer, *, now: datetime) -> str:
        """A grant with the policy's verdict inside."""
        trust = self.trust.current()
        approved = answer.outcome is Outcome.APPROVED
        verdict = VerdictClaims(
            action_id=proposed.action_id,
            commitment=commitment_digest(proposed.commitment),
            decision=Verdict.REVIEW if approved else Verdict.ALLOW,
            rules=answer.rules,
            requirement=None,
            policy=sha256_hex(b"policy"),
            input=sha256_hex(b"input"),
            trust=trust.digest,
            decided_at=now,
        )
        begins, ends = grant_window(now, proposed.deadline)
        claims = GrantClaims(
            sub=f"/agents/{proposed.agent}",
            aud=trust.executor_for(proposed.action.resource) or "/executors/nobody",
            jti=grant_id(proposed.action_id),
            action_id=proposed.action_id,
            digest=proposed.digest,
            commitment=proposed.commitment,
            verdict=sign_claims(verdict, self._services[Role.POLICY]),
            reviewers=answer.reviewers if approved else (),
            trust=trust.digest,
            nbf=begins,
            exp=ends,
        )
        return sign_claims(claims, self._services[Role.SETTLE])

    def _trusted(self, key: Signer) -> TrustedKey:
        day = timedelta(days=1)
        return TrustedKey(jwk=key.public.jwk, not_before=self._at - day, not_after=self._at + 365 * day)
