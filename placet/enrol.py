"""Edits of the trust document: enrol, rotate, revoke, disable. Each returns the next version; nothing is forgotten.

Rules:
- Every edit raises the version by one; the file is signed anew by the root key.
- A key that was replaced stays listed until it expires or is revoked, so that what it signed before is still judged.
- An agent is disabled, never deleted: its history needs its key.
- A key is enrolled once, for one: not again, not for another, not after it was revoked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from placet.base import Strict
from placet.catalogue import SERVICE_ROLES, Role
from placet.errors import ContractError
from placet.keys import PublicJwk
from placet.trust import MAX_KEYS, Agent, Executor, Principal, Service, TrustDocument, TrustedKey, principals

Model = TypeVar("Model", bound=Strict)

DEFAULT_LIFE: Final = timedelta(days=365)
_FIELDS: Final = {Role.AGENT: "agents", Role.EXECUTOR: "executors"}


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
    _check_new(document, jwk)
    agent = Agent(owner=owner, on_behalf_of=tuple(on_behalf_of), keys=(trusted(jwk, now=now, life=life),))
    return _next(document, now, agents={**document.agents, name: agent})


def disable_agent(document: TrustDocument, name: str, *, now: datetime) -> TrustDocument:
    """Deny the agent's proposals, close its pending ones, refuse its unredeemed grants."""
    agent = _known_agent(document, name)
    return _next(document, now, agents={**document.agents, name: _with(agent, disabled=True)})


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
    _check_new(document, jwk)
    executor = Executor(serves=tuple(serves), keys=(trusted(jwk, now=now, life=life),))
    return _next(document, now, executors={**document.executors, name: executor})


def named(document: TrustDocument, name: str) -> Principal:
    """Who is meant by `services/<role>`, `agents/<id>`, `executors/<id>`, or by the bare role or id where one alone
    has it; raise `ContractError` (`unknown_name`, `ambiguous_name`).
    """
    wanted = name.strip("/")
    found = [one for one, _ in principals(document) if wanted in {one.id, one.source.strip("/")}]
    if not found:
        raise ContractError("unknown_name", f"nobody is enrolled as {name}; `placet keys list` shows who is")
    if len(found) > 1:
        listed = " or ".join(one.source.strip("/") for one in found)
        raise ContractError("ambiguous_name", f"{name} may be {listed}; name the one you mean")
    return found[0]


def rotate(
    document: TrustDocument, principal: Principal, jwk: PublicJwk, *, now: datetime, life: timedelta = DEFAULT_LIFE
) -> TrustDocument:
    """Add a new key beside the others, which stay good until they expire or are revoked; raise `ContractError`
    (`too_many_keys`, `known_key`).
    """
    field = _FIELDS.get(principal.role, "services")
    held: dict[Any, Any] = getattr(document, field)
    holder = held[principal.id]
    if len(holder.keys) >= MAX_KEYS:
        raise ContractError(
            "too_many_keys",
            f"{principal.source} has had {MAX_KEYS} keys, the most there can be; an agent or executor moves over to a "
            "new name, a service to a new set of `placet keys init`",
        )
    _check_new(document, jwk)
    keys = (*holder.keys, trusted(jwk, now=now, life=life))
    return _next(document, now, **{field: {**held, principal.id: _with(holder, keys=keys)}})


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
        raise ContractError("unknown_key", "no key that is not revoked has this id; `placet keys list` shows them")
    return _next(document, now, services=services, agents=agents, executors=executors)


def trusted(jwk: PublicJwk, *, now: datetime, life: timedelta = DEFAULT_LIFE) -> TrustedKey:
    """A key good from now (less a minute, for clocks) for its life."""
    return TrustedKey(jwk=jwk, not_before=now - timedelta(minutes=1), not_after=now + life)


def _check_new(document: TrustDocument, jwk: PublicJwk) -> None:
    for principal, keys in principals(document):
        if any(key.jwk.key_id == jwk.key_id for key in keys):
            raise ContractError("known_key", f"this key is enrolled already, for {principal.source}; make a new one")


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
