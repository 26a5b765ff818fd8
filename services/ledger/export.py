"""The export of a ledger as lines, and its proofs: from a reader, for the API and the commands."""

from __future__ import annotations

from collections.abc import Iterator

from placet.audit.export import write_checkpoint, write_entry, write_header
from placet.checkpoint import parse_checkpoint, parse_note
from placet.merkle import MemoryNodes, consistency_proof, inclusion_proof, nodes_needed
from services.ledger.errors import NotInLedgerError
from services.ledger.ports import Reader


def export_lines(reader: Reader) -> Iterator[bytes]:
    """Everything under the newest checkpoint, streamed; raise NotInLedgerError where there is nothing yet."""
    head = reader.head()
    if head is None:
        raise NotInLedgerError("the ledger is empty")
    yield write_header(parse_checkpoint(parse_note(head.note.encode()).body).origin, head.size)
    checkpoints = reader.checkpoints(head.size)
    following = next(checkpoints)
    for entry in reader.entries(0, head.size):
        yield write_entry(entry.seq, entry.leaf, entry.salt, entry.value)
        if following.size == entry.seq + 1:
            yield write_checkpoint(following.note)
            following = next(checkpoints, following)


def prove_inclusion(reader: Reader, seq: int, size: int) -> list[bytes]:
    """The path of entry `seq` in the tree of `size`; raise ProofError, or NotInLedgerError beyond the newest head."""
    _within(reader, size)
    needed = nodes_needed(lambda blank: inclusion_proof(blank, seq, size))
    return inclusion_proof(MemoryNodes(reader.nodes(needed)), seq, size)


def prove_consistency(reader: Reader, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `new` extends that of `old`; raise ProofError, or NotInLedgerError as above."""
    _within(reader, new)
    needed = nodes_needed(lambda blank: consistency_proof(blank, old, new))
    return consistency_proof(MemoryNodes(reader.nodes(needed)), old, new)


def _within(reader: Reader, size: int) -> None:
    head = reader.head()
    if head is None or size > head.size:
        raise NotInLedgerError(f"no checkpoint covers {size} entries yet")
