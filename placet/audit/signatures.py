"""The signature side of an audit: every event again, as the ledger must have judged it when it came.

Rules:
- Nothing counts before a trust file signed by the pinned root key; its versions only rise.
- Each accepted entry passes `placet.verify` with the trust file then in force, at the moment it was received, and
  its leaf is exactly the one such a message gives.
- A refused entry carries no value. An accepted one without its value cannot be judged, and that is said.
- Every trust file that an event names was recorded, at the latest by the end of the export.
"""

from __future__ import annotations

import hashlib
from typing import Any

from placet.audit.entry import TRUST_TOPIC, Leaf, accepted_leaf, parse_time, trust_leaf
from placet.audit.report import ProblemCode, Report
from placet.errors import ContractError, VerificationError
from placet.keys import PublicKey
from placet.trust import Trust
from placet.verify import Verified, verify

_SHORT = 16


class SignatureAuditor:
    """Judges entries one by one; remembers the trust in force and a short hash per event id."""

    def __init__(self, report: Report, root: PublicKey) -> None:
        self._report = report
        self._root = root
        self.trust: Trust | None = None
        self.trusts: list[Trust] = []
        self._named: dict[str, int] = {}
        self._seen: dict[str, bytes] = {}

    def entry(self, seq: int, leaf: Leaf, salt: bytes, value: bytes | None) -> Verified[Any] | None:
        """The event, if this entry is an accepted one that holds; None otherwise."""
        if value is not None and not leaf.matches(salt, value):
            self._report.add(ProblemCode.VALUE_CHANGED, "the value is not the one that was recorded", seq=seq)
            return None
        if leaf.refused is not None:
            self._report.refused += 1
            if value is not None:
                self._report.add(ProblemCode.VALUE_UNEXPECTED, "a refused message carries a value", seq=seq)
            return None
        if value is None:
            self._report.add(ProblemCode.VALUE_MISSING, "the value is gone; its meaning cannot be checked", seq=seq)
            return None
        try:
            if leaf.topic == TRUST_TOPIC:
                self._take_trust(leaf, salt, value)
                return None
            return self._event(seq, leaf, salt, value)
        except ContractError as error:
            code = ProblemCode.TRUST_BAD if leaf.topic == TRUST_TOPIC else ProblemCode.SIGNATURE_BAD
            self._report.add(code, f"{leaf.topic}: {error}", seq=seq)
            return None

    def finish(self) -> None:
        """Name the trust files that events name and nobody recorded."""
        known = {trust.digest for trust in self.trusts}
        for digest, seq in self._named.items():
            if digest not in known:
                self._report.add(
                    ProblemCode.TRUST_UNRECORDED, f"an event names trust file {digest[:_SHORT]}…, unrecorded", seq=seq
                )

    def _take_trust(self, leaf: Leaf, salt: bytes, value: bytes) -> None:
        least = 1 if self.trust is None else self.trust.version + 1
        trust = Trust.verify(value, self._root, minimum_version=least)
        expected = trust_leaf(value, trust.version, self._root, salt=salt, received_at=parse_time(leaf.received_at))
        if expected != leaf:
            raise VerificationError("leaf_differs", "its leaf is not the one this trust file gives")
        self.trust = trust
        self.trusts.append(trust)
        self._report.trust_versions += 1

    def _event(self, seq: int, leaf: Leaf, salt: bytes, value: bytes) -> Verified[Any] | None:
        if self.trust is None:
            self._report.add(ProblemCode.TRUST_MISSING, "an event before the first trust file", seq=seq)
            return None
        received_at = parse_time(leaf.received_at)
        verified: Verified[Any] = verify(leaf.message(value), self.trust, now=received_at)
        self._report.signatures += 1
        if accepted_leaf(verified, salt=salt, received_at=received_at) != leaf:
            self._report.add(ProblemCode.LEAF_DIFFERS, "the leaf does not say what its message says", seq=seq)
        self._named.setdefault(verified.envelope.trustdigest, seq)
        digest = hashlib.sha256(value).digest()[:_SHORT]
        if self._seen.setdefault(verified.envelope.id, digest) != digest:
            self._report.divergent += 1
        return verified
