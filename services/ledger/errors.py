"""The ledger's errors: one base, named for what the caller does."""

from __future__ import annotations

from services.chassis.errors import ServiceError


class LedgerError(ServiceError):
    """Base of what the ledger raises on purpose."""


class SequencerLostError(LedgerError):
    """Another process holds, or took, the lock: stop writing and wait for it again."""


class PositionConflictError(LedgerError):
    """A topic holds other bytes where an entry was already made: it was recreated or rewritten. An operator decides."""


class TreeDamagedError(LedgerError):
    """The database does not hold the tree of its newest checkpoint: nothing may be signed on top of it."""


class SigningKeyError(LedgerError):
    """The ledger's own key may not sign the next head: it was revoked, has expired, or nobody enrolled it."""


class NotInLedgerError(LedgerError):
    """Nothing is recorded there; the API's 404."""
