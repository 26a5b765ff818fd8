"""Every key of a trust file and what it is at a moment: for people and for the doctor, never for believing.

Rules:
- A key is in force, not valid yet, expired or revoked; revoked counts before the others.
- A key that expires within `SOON` is marked.
- A principal is as well off as the best of its keys: who was given a new one in time is not waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from placet.catalogue import SERVICE_ROLES, Role
from placet.trust import Principal, TrustDocument, TrustedKey, principals

SOON: Final = timedelta(days=30)


class KeyState(StrEnum):
    """What a key is at a moment."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key as it stands at a moment."""

    principal: Principal
    key_id: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    state: KeyState
    expires_soon: bool
    """In force, and ends within `SOON`."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Who cannot sign any more, and whose last key ends soon, and when."""

    ended: tuple[str, ...]
    soon: tuple[tuple[str, datetime], ...]


def listed(document: TrustDocument, *, now: datetime) -> list[ListedKey]:
    """Every key: services, agents and executors, each in the order of the file."""
    return [_listed(principal, key, now) for principal, keys in principals(document) for key in keys]


def ending(document: TrustDocument, *, now: datetime) -> Ending:
    """Whose keys need doing something about.

    A service without any key in force is always named. Agents and executors end on purpose too: a disabled agent is
    not named, nor is who has only revoked keys.
    """
    ended: list[str] = []
    soon: list[tuple[str, datetime]] = []
    for principal, trusted in principals(document):
        keys = [_listed(principal, key, now) for key in trusted]
        good = [key.not_after for key in keys if key.state in {KeyState.IN_FORCE, KeyState.NOT_YET}]
        if principal.role is Role.AGENT and document.agents[principal.id].disabled:
            continue
        if good and max(good) - now <= SOON:
            soon.append((principal.source, max(good)))
        if not good and (principal.role in SERVICE_ROLES or any(key.state is KeyState.EXPIRED for key in keys)):
            ended.append(principal.source)
    return Ending(tuple(ended), tuple(soon))


def _listed(principal: Principal, key: TrustedKey, now: datetime) -> ListedKey:
    state = _state(key, now)
    soon = state is KeyState.IN_FORCE and key.not_after - now <= SOON
    return ListedKey(principal, key.jwk.key_id, key.not_before, key.not_after, key.revoked_at, state, soon)


def _state(key: TrustedKey, now: datetime) -> KeyState:
    if key.revoked_at is not None and now >= key.revoked_at:
        return KeyState.REVOKED
    if now >= key.not_after:
        return KeyState.EXPIRED
    return KeyState.NOT_YET if now < key.not_before else KeyState.IN_FORCE
