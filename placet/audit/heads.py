"""Which keys may sign a head of the ledger: asked by who signs one, by who audits an export, by who checks a database.

Rules:
- A head is judged by the newest trust file below it, at the time its last entry was received.
- A head that covers the trust file which revokes a key is not signed with that key, whatever time its entries claim:
  a note has no time of its own, but it has its place.
"""

from __future__ import annotations

from datetime import datetime

from placet.catalogue import Role
from placet.errors import VerificationError
from placet.keys import PublicKey
from placet.trust import Trust


def ledger_keys(trust: Trust) -> list[PublicKey]:
    """Every key of the ledger's that a trust file knows, whether or not it is still good."""
    service = trust.document.services.get(Role.LEDGER)
    return [] if service is None else [key.jwk.key for key in service.keys]


def check_head_key(trust: Trust, key_id: str, *, at: datetime) -> None:
    """Return if the key may sign a head whose last entry was received `at`, over this trust file; raise
    `VerificationError` otherwise (the codes of `Trust.signer`, or `wrong_role`).
    """
    principal, _ = trust.signer(key_id, at=max(at, trust.document.issued_at))
    if principal.role is not Role.LEDGER:
        raise VerificationError("wrong_role", f"a key of {principal.source} signs no head")
