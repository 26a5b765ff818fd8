"""The tree side of an audit: every leaf, every root, every checkpoint, and the checkpoint the verifier kept.

Rules:
- Sequence numbers run without a gap; each value is the one its leaf was made of; no message has two entries.
- Offsets of one partition run without a gap: what the broker numbered and the ledger lacks is named.
- A checkpoint counts when a ledger key signed it that may sign there (`placet.audit.heads`) and both its size and its
  root are ours. Where the export names none for its last entry, the tail is not vouched for, and that is a problem.
- The checkpoint the verifier holds must lie inside this very tree: shorter is truncation, another root is a fork. Any
  ledger key so far may have signed it: keys change, and it was good when it was taken.
  Its root is recomputed from the entries themselves, which is stronger than any consistency proof handed over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Protocol

from placet.audit.entry import TRUST_TOPIC, Leaf
from placet.audit.export import CheckpointLine, EntryLine, Header
from placet.audit.report import ProblemCode, Report
from placet.checkpoint import Checkpoint, CheckpointError, VerifierKey, verify_checkpoint, verify_note
from placet.merkle import Frontier, leaf_hash


class LedgerKeys(Protocol):
    """The ledger's keys, by the trust files so far."""

    def ever(self, origin: str) -> Sequence[VerifierKey]:
        """Those of any of them, under a log's name."""

    def why_not(self, key: VerifierKey, last: Leaf) -> str:
        """Why a key may not sign the head right above an entry; empty where it may."""


class TreeAuditor:
    """Walks the export's lines in order; memory is the frontier and one number per partition."""

    def __init__(self, report: Report, keys: LedgerKeys, held: bytes | None = None) -> None:
        """`held` is the note the verifier kept."""
        self._report = report
        self._keys = keys
        self._held = held
        self._held_head: Checkpoint | None = None
        self._header: Header | None = None
        self._frontier = Frontier()
        self._last: Leaf | None = None
        self._vouched = 0
        self._next_offset: dict[tuple[str, int], int] = {}

    def header(self, header: Header) -> None:
        """Take the first line."""
        if self._header is not None:
            self._report.add(ProblemCode.EXPORT_MALFORMED, "a second header")
            return
        self._header = header
        self._report.origin = header.origin

    def entry(self, line: EntryLine, leaf: Leaf) -> None:
        """Add one leaf."""
        if self._header is None:
            self._report.add(ProblemCode.EXPORT_MALFORMED, "an entry before the header", seq=line.seq)
        if line.seq != self._frontier.size:
            self._report.add(
                ProblemCode.SEQUENCE_BROKEN, f"expected entry {self._frontier.size}, found {line.seq}", seq=line.seq
            )
        self._frontier.append(leaf_hash(leaf.encode()))
        self._last = leaf
        self._report.entries += 1
        self._offsets(line.seq, leaf)
        self._compare_held()

    def checkpoint(self, line: CheckpointLine) -> None:
        """Check a checkpoint that stands here."""
        note, ever = line.note.encode(), self._keys.ever(self._report.origin)
        try:
            head = verify_checkpoint(note, [key for key in ever if not self._why_not(key)])
        except CheckpointError as error:
            self._refuse(note, ever, error)
            return
        if head.origin != self._report.origin:
            self._report.add(ProblemCode.CHECKPOINT_BAD, f"a checkpoint of {head.origin} in this log")
        elif head.size != self._frontier.size:
            self._report.add(
                ProblemCode.SEQUENCE_BROKEN, f"a checkpoint for {head.size} entries after {self._frontier.size}"
            )
        elif head.root != self._frontier.root():
            self._report.add(ProblemCode.ROOT_DIFFERS, f"the checkpoint for {head.size} entries has another root")
        else:
            self._report.checkpoints += 1
            self._report.checkpoint = line.note
            self._vouched = head.size

    def _why_not(self, key: VerifierKey) -> str:
        return "" if self._last is None else self._keys.why_not(key, self._last)

    def _refuse(self, note: bytes, ever: Sequence[VerifierKey], error: CheckpointError) -> None:
        code, why = ProblemCode.CHECKPOINT_BAD, error.sentence
        with contextlib.suppress(CheckpointError):
            if barred := self._why_not(verify_note(note, ever)[1]):
                code, why = ProblemCode.CHECKPOINT_KEY_BAD, barred
        self._report.add(code, f"after entry {self._frontier.size - 1}: {why}")

    def finish(self) -> None:
        """Say what only the end can tell."""
        size = self._frontier.size
        self._report.root = self._frontier.root().hex()
        if self._header is None:
            self._report.add(ProblemCode.EXPORT_MALFORMED, "no header")
        elif self._header.size != size:
            self._report.add(ProblemCode.TRUNCATED, f"the header promises {self._header.size} entries, {size} came")
        if self._vouched != size:
            self._report.add(
                ProblemCode.CHECKPOINT_MISSING, f"no checkpoint vouches for entries {self._vouched} to {size - 1}"
            )
        self._finish_held(size)

    def hold(self) -> None:
        """Open the held checkpoint once a trust file is known (or at the end)."""
        if self._held is None or self._held_head is not None:
            return
        try:
            self._held_head = verify_checkpoint(self._held, self._keys.ever(self._report.origin))
        except CheckpointError:
            return  # a later trust version may know its key; `finish` has the last word
        self._compare_held()

    def _compare_held(self) -> None:
        head = self._held_head
        if head is None or head.size != self._frontier.size or self._report.held:
            return
        if head.root == self._frontier.root():
            self._report.held = f"extends the one you hold ({head.size} entries)"
        else:
            self._report.held = "CONTRADICTS the one you hold"
            self._report.add(
                ProblemCode.FORK, f"the first {head.size} entries are not those of the checkpoint you hold"
            )

    def _finish_held(self, size: int) -> None:
        if self._held is None:
            self._report.held = "you hold none, so a rewritten history would not show"
            return
        if self._held_head is None:
            try:
                self._held_head = verify_checkpoint(self._held, self._keys.ever(self._report.origin))
            except CheckpointError as error:
                self._report.held = "the one you hold does not verify"
                self._report.add(ProblemCode.HELD_CHECKPOINT_BAD, error.sentence)
                return
        if self._held_head.size > size:
            self._report.held = "SHORTER than the one you hold"
            self._report.add(
                ProblemCode.TRUNCATED, f"{size} entries, but the checkpoint you hold covers {self._held_head.size}"
            )

    def _offsets(self, seq: int, leaf: Leaf) -> None:
        if leaf.topic == TRUST_TOPIC:
            return  # its offsets are versions: they rise, which the trust file's own rule checks, and may skip
        place = leaf.topic, leaf.partition
        expected = self._next_offset.get(place, 0)
        if leaf.offset < expected:
            self._report.add(
                ProblemCode.POSITION_REPEATED, f"{leaf.topic}/{leaf.partition} offset {leaf.offset} again", seq=seq
            )
            return
        if leaf.offset > expected:
            self._report.add(
                ProblemCode.OFFSETS_MISSING,
                f"{leaf.topic}/{leaf.partition} offsets {expected} to {leaf.offset - 1} have no entry",
                seq=seq,
            )
        self._next_offset[place] = leaf.offset + 1
