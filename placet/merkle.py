"""The Merkle tree of RFC 6962: hashes, proofs and their strict verification.

Rules:
- A leaf hashes as ``SHA-256(0x00 || leaf)``, a node as ``SHA-256(0x01 || left || right)``; the empty tree as
  ``SHA-256("")`` (RFC 6962 §2.1). The prefixes keep a node from being passed off as a leaf.
- Only complete subtrees are stored: node (level, index) covers leaves ``index·2^level`` to ``(index+1)·2^level - 1``.
  They never change once written, so the store can refuse every update. The ragged right edge is folded when asked for.
- Verification raises `ProofError` or returns None. It follows RFC 9162 §2.1.3.2 and §2.1.4.2: sizes and index come
  from the verifier, every element of a proof is consumed, and none may be missing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from placet.errors import VerificationError

HASH_SIZE = 32
MAX_SIZE = 1 << 63
"""Sizes fit PostgreSQL's bigint; nothing larger is believed."""

EMPTY_ROOT = hashlib.sha256(b"").digest()

_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"


class ProofError(VerificationError):
    """A proof, a root or a size that does not hold; code `bad_proof`."""

    def __init__(self, sentence: str) -> None:
        super().__init__("bad_proof", sentence)


class NodeReader(Protocol):
    """Where the hashes of complete subtrees are read."""

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree of ``2**level`` leaves that starts at leaf ``index * 2**level``."""
        ...


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of one leaf (RFC 6962 §2.1)."""
    return hashlib.sha256(_LEAF_PREFIX + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node over its two children (RFC 6962 §2.1)."""
    return hashlib.sha256(_NODE_PREFIX + left + right).digest()


# Building ----------------------------------------------------------------------------------------------------------


class MemoryNodes:
    """Complete subtrees in memory: for verifiers, for tests, and for collecting what a proof needs."""

    def __init__(self, nodes: dict[tuple[int, int], bytes] | None = None) -> None:
        self._nodes = {} if nodes is None else nodes

    def node(self, level: int, index: int) -> bytes:
        """As `NodeReader.node`; raises ProofError where the node is missing."""
        try:
            return self._nodes[level, index]
        except KeyError:
            raise ProofError(f"no node at level {level}, index {index}") from None

    def add(self, level: int, index: int, digest: bytes) -> None:
        """Keep one node."""
        self._nodes[level, index] = digest


class Frontier:
    """The right edge of a growing tree: roots of its complete subtrees, largest first. Memory is log2 of the size."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """`peaks` are the complete subtrees of a tree of `size` leaves, largest first (see `peaks_of`)."""
        if len(peaks) != size.bit_count():
            raise ProofError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(peaks)}")
        self.size = size
        self._peaks = list(peaks)

    def copy(self) -> Frontier:
        """Return one that grows on its own."""
        return Frontier(self.size, self._peaks)

    def append(self, digest: bytes) -> list[tuple[int, int, bytes]]:
        """Append one leaf hash; the complete subtrees it finished, as (level, index, hash), leaf first."""
        finished = [(0, self.size, digest)]
        level, index = 0, self.size
        while index & 1:
            digest = node_hash(self._peaks.pop(), digest)
            level, index = level + 1, index >> 1
            finished.append((level, index, digest))
        self._peaks.append(digest)
        self.size += 1
        return finished

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        if not self._peaks:
            return EMPTY_ROOT
        digest = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            digest = node_hash(peak, digest)
        return digest


def peaks_of(size: int) -> list[tuple[int, int]]:
    """Coordinates (level, index) of the complete subtrees of a tree of `size` leaves, largest first."""
    peaks, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            peaks.append((level, start >> level))
            start += 1 << level
    return peaks


# Proving -----------------------------------------------------------------------------------------------------------


def root(reader: NodeReader, size: int) -> bytes:
    """Root of the first `size` leaves (MTH of RFC 6962 §2.1)."""
    _check_size(size)
    return EMPTY_ROOT if size == 0 else _range(reader, 0, size)


def inclusion_proof(reader: NodeReader, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1."""
    _check_size(size)
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(reader, middle, end))
            end = middle
        else:
            path.append(_range(reader, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(reader: NodeReader, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 §2.1.2; empty where the sizes are equal or the old tree is empty."""
    _check_size(new)
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} is not later than one of {old}")
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range(reader, middle, end))
            end = middle
        else:
            path.append(_range(reader, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_range(reader, start, end))
    return path[::-1]


def nodes_needed(prove: Callable[[NodeReader], object]) -> set[tuple[int, int]]:
    """Coordinates that `prove` will read, found by running it over blanks: one query can then fetch them together."""
    seen: set[tuple[int, int]] = set()

    class _Blank:
        def node(self, level: int, index: int) -> bytes:
            seen.add((level, index))
            return bytes(HASH_SIZE)

    prove(_Blank())
    return seen


# Verifying ---------------------------------------------------------------------------------------------------------


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 §2.1.3.2. `leaf` is the leaf's hash; `size` and `root` come from a checkpoint the verifier trusts."""
    _check_size(size)
    _check_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    fn, sn, digest = index, size - 1, leaf
    for element in proof:
        if sn == 0:
            raise ProofError("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            digest = node_hash(element, digest)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            digest = node_hash(digest, element)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the inclusion proof is too short")
    _same(digest, root, "the inclusion proof leads to another root")


def verify_consistency(*, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 §2.1.4.2, with the two cases it leaves out: equal sizes, and an empty old tree."""
    _check_size(new)
    _check_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} is not later than one of {old}")
    if old in {0, new}:
        if proof:
            raise ProofError("the consistency proof is too long")
        _same(old_root, new_root if old else EMPTY_ROOT, "the two roots cannot both be right")
        _same(new_root, new_root if new else EMPTY_ROOT, "the root of an empty tree is not the empty root")
        return
    first, second = _fold_consistency(old, new, [old_root, *proof] if old & (old - 1) == 0 else proof)
    _same(first, old_root, "the consistency proof leads to another old root")
    _same(second, new_root, "the consistency proof leads to another new root")


def _fold_consistency(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Old and new root that the path leads to; steps 3 to 6 of the algorithm."""
    if not path:
        raise ProofError("the consistency proof is too short")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for element in path[1:]:
        if sn == 0:
            raise ProofError("the consistency proof is too long")
        if fn & 1 or fn == sn:
            first, second = node_hash(element, first), node_hash(element, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, element)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the consistency proof is too short")
    return first, second


def _split(size: int) -> int:
    """Largest power of two smaller than `size` (RFC 6962's k); `size` is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _range(reader: NodeReader, start: int, end: int) -> bytes:
    """Hash of leaves start to end; a complete aligned subtree is read, anything else folded from the right."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return reader.node(level, start >> level)
    middle = start + _split(size)
    return node_hash(_range(reader, start, middle), _range(reader, middle, end))


def _check_size(size: int) -> None:
    if not 0 <= size < MAX_SIZE:
        raise ProofError(f"{size} is no size of a tree")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(digest) != HASH_SIZE for digest in hashes):
        raise ProofError(f"a hash is not {HASH_SIZE} bytes long")


def _same(ours: bytes, theirs: bytes, sentence: str) -> None:
    if not hmac.compare_digest(ours, theirs):
        raise ProofError(sentence)
