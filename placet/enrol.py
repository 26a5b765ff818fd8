"""Edits of the trust document: enrol, rotate, revoke, disable. Each returns the next version; nothing is forgotten.

Rules:
- Every edit raises the version by one; the file is signed anew by the root key.
- A key that was replaced stays listed until it expires or is revoked, so that what it signed before is still judged.
- An agent is disabled, never deleted: its history needs its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from placet.base import Strict
from placet.catalogue import SERVICE_ROLES, Role
from placet.errors import ContractError
from placet.keys import PublicJwk
from placet.trust import Agent, Executor, Service, TrustDocument, TrustedKey

Model = TypeVar("Model", bound=Strict)

DEFAULT_LIFE: Final = timedelta(days=365)


def new_document(services: dict[Role, PublicJwk], *, now: datetime, life: timedelta = DEFAULT_LIFE) -> TrustDocument:
    """Version 1, with a key for each service and nobody else."""
    if set(services) != SERVICE_ROLES:
        raise ContractError("missing_role", f"needs a key for each of {sorted(SERVICE_ROLES)}")
    return TrustDocument(
        version=1,
        issued_at=now,
        services={role: Service(keys=(trusted(jwk, now=now, life=life),)) for role, jwk in sorted(services.items())},
        agents={},
        executors={},
    )


def add_agent(
    document: TrustDocument,
    name: str,
    jwk: PublicJwk,
    *,
    owner: str,
    on_behalf_of: Sequence[str] = (),
    now: datetime,
    life: timedelta = DEFAULT_LIFE,
) -> TrustDocument:
    """Enrol an agent; raise `ContractError` (`known_agent`) where the name is taken."""
    if name in document.agents:
        raise ContractError("known_agent", f"an agent {name} is enrolled already; rotate its key or disable it")
    agent = Agent(owner=owner, on_behalf_of=tuple(on_behalf_of), keys=(trusted(jwk, now=now, life=life),))
    return _next(document, now, agents={**document.agents, name: agent})


def disable_agent(document: TrustDocument, name: str, *, now: datetime) -> TrustDocument:
    """Deny the agent's proposals, close its pending ones, refuse its unredeemed grants."""
    agent = _known_agent(document, name)
    return _next(document, now, agents={**document.agents, name: _with(agent, disabled=True)})


def rotate_agent(
    document: TrustDocument, name: str, jwk: PublicJwk, *, now: datetime, life: timedelta = DEFAULT_LIFE
) -> TrustDocument:
    """Add a new key; the old ones stay good until they expire."""
    agent = _known_agent(document, name)
    keys = (*agent.keys, trusted(jwk, now=now, life=life))
    return _next(document, now, agents={**document.agents, name: _with(agent, keys=keys)})


def add_executor(
    document: TrustDocument,
    name: str,
    jwk: PublicJwk,
    *,
    serves: Sequence[str] = ("",),
    now: datetime,
    life: timedelta = DEFAULT_LIFE,
) -> TrustDocument:
    """Enrol an executor for the resources under the given prefixes."""
    if name in document.executors:
        raise ContractError("known_executor", f"an executor {name} is enrolled already")
    executor = Executor(serves=tuple(serves), keys=(trusted(jwk, now=now, life=life),))
    return _next(document, now, executors={**document.executors, name: executor})


def revoke_key(document: TrustDocument, key_id: str, *, now: datetime) -> TrustDocument:
    """Mark one key revoked from now on, whoever holds it; raise `ContractError` (`unknown_key`)."""
    found = False

    def revoked(keys: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        nonlocal found
        changed = []
        for key in keys:
            mine = key.jwk.key_id == key_id and key.revoked_at is None
            found = found or mine
            changed.append(_with(key, revoked_at=now) if mine else key)
        return tuple(changed)

    services = {role: _with(service, keys=revoked(service.keys)) for role, service in document.services.items()}
    agents = {name: _with(agent, keys=revoked(agent.keys)) for name, agent in document.agents.items()}
    executors = {name: _with(one, keys=revoked(one.keys)) for name, one in document.executors.items()}
    if not found:
        raise ContractError("unknown_key", "no key in force has this id; `placet agents list --json` shows them")
    return _next(document, now, services=services, agents=agents, executors=executors)


def trusted(jwk: PublicJwk, *, now: datetime, life: timedelta = DEFAULT_LIFE) -> TrustedKey:
    """A key good from now (less a minute, for clocks) for its life."""
    return TrustedKey(jwk=jwk, not_before=now - timedelta(minutes=1), not_after=now + life)


def _known_agent(document: TrustDocument, name: str) -> Agent:
    try:
        return document.agents[name]
    except KeyError:
        raise ContractError("unknown_agent", f"no agent {name} is enrolled; `placet agents list` shows them") from None


def _next(document: TrustDocument, now: datetime, **changes: object) -> TrustDocument:
    return _with(document, version=document.version + 1, issued_at=now, **changes)


def _with(model: Model, **changes: object) -> Model:
    """A validated copy; `model_copy` alone would not look at what it is given."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return type(model)(**{**fields, **changes})
