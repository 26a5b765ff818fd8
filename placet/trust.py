"""The trust file: who may sign what, and who answers for whom.

Rules:
- `trust.json` is a DSSE envelope; its payload is signed by the offline root key, whose public half every process
  pins. An unsigned, wrongly signed or older file is refused; the one in force stays.
- A key speaks for one principal. It is valid from `not_before` to `not_after` and not after `revoked_at`; offline,
  what was signed is judged by the trust file then in force.
- Every agent has an owner. Whom it may name in `on_behalf_of` is listed. Disabled agents still authenticate, so that
  their attempts can be denied and recorded.
- The digest of the file's payload is named by events and grants.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, ValidationError

from placet.base import AgentId, ExecutorId, PersonId, Strict, Timestamp
from placet.canonical import canonical_bytes, sha256_hex, strict_loads
from placet.catalogue import SERVICE_ROLES, Role
from placet.errors import DecodeError, VerificationError
from placet.keys import PublicJwk, PublicKey, Signer, decode_base64url, encode_base64url

TRUST_TYPE: Final = "application/vnd.placet.trust+json"
ROOT: Final = "/root"
MAX_TRUST_BYTES: Final = 4_000_000
MAX_KEYS: Final = 16
"""Keys of one principal, those that expired or were revoked included."""


class TrustedKey(Strict):
    """One signing key and the time it is good for."""

    jwk: PublicJwk
    not_before: Timestamp
    not_after: Timestamp
    revoked_at: Timestamp | None = None


Keys = Annotated[tuple[TrustedKey, ...], Field(max_length=MAX_KEYS)]
ResourcePrefix = Annotated[str, StringConstraints(max_length=512)]


class Agent(Strict):
    """A workload identity that proposes."""

    owner: PersonId
    on_behalf_of: tuple[PersonId, ...] = ()
    disabled: bool = False
    keys: Keys


class Executor(Strict):
    """A process that holds a privileged credential. `serves` are prefixes of the resources it runs actions on."""

    serves: tuple[ResourcePrefix, ...] = ("",)
    keys: Keys


class Service(Strict):
    """A service role."""

    keys: Keys


class TrustDocument(Strict):
    """The payload of the trust file."""

    format: Literal["placet-trust-v1"] = "placet-trust-v1"
    version: Annotated[int, Field(ge=1)]
    issued_at: Timestamp
    services: dict[Role, Service]
    agents: dict[AgentId, Agent]
    executors: dict[ExecutorId, Executor]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a key speaks for."""

    role: Role
    id: str

    @property
    def source(self) -> str:
        """As in an event's `source`: /agents/<id>, /executors/<id>, /services/<role>."""
        folder = {Role.AGENT: "agents", Role.EXECUTOR: "executors"}.get(self.role, "services")
        return f"/{folder}/{self.id}"


class Trust:
    """A verified trust file. Build it with `Trust.verify`; it never changes."""

    def __init__(self, document: TrustDocument, digest: str) -> None:
        self.document = document
        self.digest = digest
        self.version = document.version
        self._keys: dict[str, tuple[Principal, TrustedKey, PublicKey]] = {}
        for principal, keys in principals(document):
            for key in keys:
                public = key.jwk.key
                if public.key_id in self._keys:
                    raise VerificationError("shared_key", f"one key stands for two: {principal.source} and another")
                self._keys[public.key_id] = principal, key, public

    @classmethod
    def verify(cls, envelope: bytes, root: PublicKey, *, minimum_version: int = 1) -> Trust:
        """Verify the bytes of a trust file; raise `VerificationError` or `DecodeError`, never anything else."""
        payload = _verified_payload(envelope, root)
        strict_loads(payload, max_bytes=MAX_TRUST_BYTES)
        try:
            document = TrustDocument.model_validate_json(payload)
        except ValidationError as error:
            raise DecodeError("bad_trust_file", str(error.errors(include_input=False)[0]["loc"])) from None
        if not set(document.services) <= SERVICE_ROLES:
            raise DecodeError("bad_trust_file", "services hold a role that is not a service")
        if document.version < minimum_version:
            raise VerificationError("old_trust", f"version {document.version}, {minimum_version} was seen before")
        return cls(document, sha256_hex(payload))

    @property
    def agents(self) -> dict[AgentId, Agent]:
        """Agents by id."""
        return self.document.agents

    @property
    def executors(self) -> dict[ExecutorId, Executor]:
        """Executors by id."""
        return self.document.executors

    def signer(self, key_id: str, *, at: datetime) -> tuple[Principal, PublicKey]:
        """Who a key speaks for at a time; raise `VerificationError` (`unknown_key`, `revoked_key`, `expired_key`,
        `key_not_yet_valid`).
        """
        found = self._keys.get(key_id)
        if found is None:
            raise VerificationError("unknown_key", "the trust file does not know this key")
        principal, key, public = found
        if key.revoked_at is not None and at >= key.revoked_at:
            raise VerificationError("revoked_key", f"a key of {principal.source} was revoked")
        if at < key.not_before:
            raise VerificationError("key_not_yet_valid", f"a key of {principal.source} is not valid yet")
        if at >= key.not_after:
            raise VerificationError("expired_key", f"a key of {principal.source} has expired")
        return principal, public

    def principal_of(self, key_id: str) -> Principal | None:
        """Whose key this is or was, whether or not it may still be used: for counting, never for believing."""
        found = self._keys.get(key_id)
        return None if found is None else found[0]

    def executor_for(self, resource: str) -> str | None:
        """The source of the one executor that a grant on a resource is for: the one that serves it most closely, the
        first by name among equals; None where none does. One, because each redeems in a store of its own.
        """
        serving = [
            (-len(prefix), name)
            for name, executor in self.document.executors.items()
            for prefix in executor.serves
            if _serves(prefix, resource)
        ]
        return f"/executors/{min(serving)[1]}" if serving else None


def principals(document: TrustDocument) -> list[tuple[Principal, tuple[TrustedKey, ...]]]:
    """Everybody enrolled, with their keys: services, agents, executors."""
    return [
        *((Principal(role, role.value), service.keys) for role, service in document.services.items()),
        *((Principal(Role.AGENT, name), agent.keys) for name, agent in document.agents.items()),
        *((Principal(Role.EXECUTOR, name), executor.keys) for name, executor in document.executors.items()),
    ]


def sign_trust(document: TrustDocument, root: Signer) -> bytes:
    """The bytes of a trust file: a DSSE envelope over the document's canonical form."""
    payload = canonical_bytes(document.model_dump(mode="json"))
    signature = {"keyid": root.key_id, "sig": encode_base64url(root.sign(TRUST_TYPE, payload))}
    envelope = {"payloadType": TRUST_TYPE, "payload": encode_base64url(payload), "signatures": [signature]}
    return json.dumps(envelope, indent=1).encode() + b"\n"


def _verified_payload(envelope: bytes, root: PublicKey) -> bytes:
    parsed: Any = strict_loads(envelope, max_bytes=MAX_TRUST_BYTES)
    match parsed:
        case {
            "payloadType": str(kind),
            "payload": str(payload),
            "signatures": [{"keyid": str(key_id), "sig": str(signature)}],
        } if len(parsed) == 3 and kind == TRUST_TYPE:  # noqa: PLR2004 - exactly these three members
            if key_id != root.key_id:
                raise VerificationError("unknown_key", "the trust file is not signed by the pinned root key")
            verified = decode_base64url(payload)
            root.verify(TRUST_TYPE, verified, decode_base64url(signature))
            return verified
        case _:
            raise DecodeError("bad_trust_file", "not a trust file: payloadType, payload and one signature")


def _serves(prefix: str, resource: str) -> bool:
    """Whole path segments only: `s3://reports` serves `s3://reports/a`, not `s3://reports-secret`."""
    return prefix in {"", resource} or resource.startswith(prefix.rstrip("/") + "/")
