"""The offline verifier: an export, a pinned root key and a checkpoint in; a report out. No network, no clock.

Rules:
- The lines are read once, in order; one line is in memory at a time, and a small record per action.
- Trusted are the root key (by it the trust files, by them every other key) and the checkpoint handed in. The ledger's
  keys may be pinned as well; then no other signs checkpoints.
- Whatever an export contains, the answer is a report: a malformed line ends the walk and is itself a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from placet.audit.entry import TRUST_TOPIC, Leaf, parse_time
from placet.audit.export import CheckpointLine, EntryLine, Header, from_base64, read_lines
from placet.audit.heads import check_head_key, ledger_keys
from placet.audit.meaning import MeaningAuditor
from placet.audit.report import ProblemCode, Report
from placet.audit.signatures import SignatureAuditor
from placet.audit.tree import TreeAuditor
from placet.checkpoint import VerifierKey
from placet.errors import ContractError, VerificationError
from placet.keys import PublicKey


def verify_export(
    lines: Iterable[bytes],
    root: PublicKey,
    *,
    held: bytes | None = None,
    ledger_keys: Sequence[VerifierKey] = (),
    grace: timedelta = timedelta(0),
) -> Report:
    """Audit an export.

    `held` is a checkpoint note kept outside the system. `grace` forgives missing evidence of actions younger than
    this against the newest entry: an export of a running system may catch an action between two topics.
    """
    return _Verifier(root, held, ledger_keys, grace).run(lines)


class _Verifier:
    def __init__(
        self, root: PublicKey, held: bytes | None, ledger_keys: Sequence[VerifierKey], grace: timedelta
    ) -> None:
        self._report = Report()
        self._pinned = list(ledger_keys)
        self._signatures = SignatureAuditor(self._report, root)
        self._ledger: dict[bytes, str] = {}
        """The ledger's keys of every trust file so far: raw → key id."""
        self._tree = TreeAuditor(self._report, self, held)
        self._meaning = MeaningAuditor(self._report, grace=grace)

    def run(self, lines: Iterable[bytes]) -> Report:
        try:
            for line in read_lines(lines):
                match line:
                    case Header():
                        self._tree.header(line)
                    case CheckpointLine():
                        self._tree.checkpoint(line)
                    case EntryLine():
                        self._entry(line)
        except ContractError as error:
            self._report.add(ProblemCode.EXPORT_MALFORMED, str(error))
        self._tree.finish()
        self._signatures.finish()
        self._meaning.finish()
        return self._report

    def _entry(self, line: EntryLine) -> None:
        leaf = line.to_leaf()
        self._tree.entry(line, leaf)
        value = None if line.value is None else from_base64(line.value)
        verified = self._signatures.entry(line.seq, leaf, from_base64(line.salt), value)
        trust = self._signatures.trust
        if leaf.topic == TRUST_TOPIC:
            self._ledger |= {} if trust is None else {key.raw: key.key_id for key in ledger_keys(trust)}
            self._tree.hold()
        if verified is not None and trust is not None:
            received: datetime = parse_time(leaf.received_at)
            self._meaning.event(line.seq, verified, trust, received)

    def ever(self, origin: str) -> list[VerifierKey]:
        """Keys that may have signed this log's heads: those pinned, or the ledger's of every trust file so far."""
        if self._pinned:
            return self._pinned
        return [VerifierKey(name=origin, public=public) for public in sorted(self._ledger)]

    def why_not(self, key: VerifierKey, last: Leaf) -> str:
        """Why a key may not sign the head right above an entry; empty where it may."""
        trust = self._signatures.trust
        if trust is None:
            return "no trust file says who signs"
        try:
            check_head_key(trust, self._ledger.get(key.public, ""), at=parse_time(last.received_at))
        except VerificationError as error:
            return error.sentence
        return ""
