"""The tree against the published vectors, an independent implementation and proofs bent in every way we know."""

from __future__ import annotations

import hashlib
from typing import Any

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet import merkle

# The reference leaves and roots of certificate-transparency (merkletree/merkle_tree_test.cc).
CT_LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}


def grown(leaves: list[bytes]) -> tuple[merkle.MemoryNodes, list[bytes]]:
    """Nodes of the tree, and its root at every size."""
    nodes, frontier, roots = merkle.MemoryNodes(), merkle.Frontier(), [merkle.EMPTY_ROOT]
    for leaf in leaves:
        for level, index, digest in frontier.append(merkle.leaf_hash(leaf)):
            nodes.add(level, index, digest)
        roots.append(frontier.root())
    return nodes, roots


def reference_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + reference_root(leaves[:k]) + reference_root(leaves[k:])).digest()


NODES, ROOTS = grown(CT_LEAVES)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_the_reference(size: int) -> None:
    assert ROOTS[size].hex() == CT_ROOTS[size - 1]
    assert merkle.root(NODES, size) == ROOTS[size]


def test_the_empty_tree() -> None:
    assert merkle.root(NODES, 0) == merkle.EMPTY_ROOT == hashlib.sha256(b"").digest()
    merkle.verify_consistency(old=0, new=0, old_root=merkle.EMPTY_ROOT, new_root=merkle.EMPTY_ROOT, proof=[])
    with pytest.raises(merkle.ProofError):
        merkle.verify_consistency(old=0, new=0, old_root=merkle.EMPTY_ROOT, new_root=ROOTS[1], proof=[])
    with pytest.raises(merkle.ProofError):
        merkle.verify_consistency(old=0, new=1, old_root=ROOTS[2], new_root=ROOTS[1], proof=[])


@pytest.mark.parametrize(("sizes", "proof"), CT_CONSISTENCY.items())
def test_consistency_proofs_of_the_reference(sizes: tuple[int, int], proof: list[str]) -> None:
    assert [h.hex() for h in merkle.consistency_proof(NODES, *sizes)] == proof


@pytest.mark.parametrize(("where", "proof"), CT_INCLUSION.items())
def test_inclusion_proofs_of_the_reference(where: tuple[int, int], proof: list[str]) -> None:
    assert [h.hex() for h in merkle.inclusion_proof(NODES, *where)] == proof


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_agrees_with_an_independent_tree(leaves: list[bytes], data: st.DataObject) -> None:
    nodes, roots = grown(leaves)
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    theirs.append_entries(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    assert roots[size] == theirs.get_root(size) == merkle.root(nodes, size) == reference_root(leaves[:size])

    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(nodes, index, size)
    assert proof == theirs.prove_inclusion(index + 1, size).path[1:]
    leaf = merkle.leaf_hash(leaves[index])
    merkle.verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=roots[size])

    old = data.draw(st.integers(0, size))
    proof = merkle.consistency_proof(nodes, old, size)
    merkle.verify_consistency(old=old, new=size, old_root=roots[old], new_root=roots[size], proof=proof)


def as_rfc(theirs: pymerkle.ConsistencyProof) -> list[bytes]:
    """pymerkle's proof in the spelling of RFC 6962 §2.1.2.

    It breaks what stands right of the old tree's last peak into subtrees, which come first; the RFC names their one
    root. It always names that last peak; the RFC leaves it out where it is the whole old tree, whose root is known.
    """
    peak = theirs.subset.index(1)
    if not peak:
        return []  # the same tree twice
    right = theirs.path[0]
    for from_left, node in zip(theirs.rule, theirs.path[1:peak], strict=False):
        right = merkle.node_hash(node, right) if from_left else merkle.node_hash(right, node)
    whole = theirs.prior_size & (theirs.prior_size - 1) == 0
    return [*([] if whole else [theirs.path[peak]]), right, *theirs.path[peak + 1 :]]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_consistency_agrees_with_an_independent_tree(leaves: list[bytes], data: st.DataObject) -> None:
    nodes, roots = grown(leaves)
    independent = pymerkle.InmemoryTree(algorithm="sha256")
    independent.append_entries(leaves)
    new = data.draw(st.integers(1, len(leaves)))
    old = data.draw(st.integers(1, new))
    theirs = independent.prove_consistency(old, new)
    pymerkle.verify_consistency(
        roots[old], roots[new], theirs, prior_size=old, later_size=new
    )  # they believe our roots
    assert merkle.consistency_proof(nodes, old, new) == as_rfc(theirs)
    merkle.verify_consistency(old=old, new=new, old_root=roots[old], new_root=roots[new], proof=as_rfc(theirs))
    other = data.draw(st.integers(1, new).filter(lambda size: size != old)) if new > 1 else None
    if other is not None:  # and neither believes it of another old tree
        with pytest.raises(pymerkle.InvalidProof):
            pymerkle.verify_consistency(roots[other], roots[new], theirs)
        with pytest.raises(merkle.ProofError):
            merkle.verify_consistency(
                old=other, new=new, old_root=roots[other], new_root=roots[new], proof=as_rfc(theirs)
            )


def test_a_proof_with_one_hash_too_many_is_called_too_long() -> None:
    nodes, roots = grown([b"a", b"b"])
    proof = [*merkle.inclusion_proof(nodes, 0, 2), bytes(32)]
    with pytest.raises(merkle.ProofError, match="too long"):
        merkle.verify_inclusion(leaf=merkle.leaf_hash(b"a"), index=0, size=2, proof=proof, root=roots[2])


@given(st.integers(1, 40), st.data())
def test_a_bent_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    leaves = [bytes([n]) for n in range(size)]
    nodes, roots = grown(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(nodes, index, size)
    good: dict[str, Any] = {
        "leaf": merkle.leaf_hash(leaves[index]),
        "index": index,
        "size": size,
        "proof": proof,
        "root": roots[size],
    }
    merkle.verify_inclusion(**good)
    bent: list[dict[str, Any]] = [
        good | {"proof": [*proof, bytes(32)]},
        good | {"proof": [bytes(32), *proof]},
        good | {"leaf": merkle.leaf_hash(b"other")},
        good | {"root": bytes(32)},
        good | {"index": size},
        good | {"index": -1},
        good | {"size": 0},
        good | {"size": merkle.MAX_SIZE},
        good | {"leaf": b"short"},
    ]
    for place in range(len(proof)):
        bent.append(good | {"proof": proof[:place] + proof[place + 1 :]})
        bent.append(good | {"proof": [*proof[:place], bytes(32), *proof[place + 1 :]]})
        bent.append(good | {"proof": [*proof[:place], proof[place][:31], *proof[place + 1 :]]})
    bent += [good | {"index": other} for other in range(size) if other != index]
    for case in bent:
        with pytest.raises(merkle.ProofError):
            merkle.verify_inclusion(**case)


@given(st.integers(1, 40), st.data())
def test_a_bent_consistency_proof_is_refused(new: int, data: st.DataObject) -> None:
    nodes, roots = grown([bytes([n]) for n in range(new)])
    old = data.draw(st.integers(0, new))
    proof = merkle.consistency_proof(nodes, old, new)
    good: dict[str, Any] = {"old": old, "new": new, "old_root": roots[old], "new_root": roots[new], "proof": proof}
    merkle.verify_consistency(**good)
    bent: list[dict[str, Any]] = [
        good | {"proof": [*proof, bytes(32)]},
        good | {"proof": [bytes(32), *proof]},
        good | {"old_root": bytes(32)},
        good | {"old": new + 1},
        good | {"old": -1},
        good | {"new_root": b""},
    ]
    if old:  # anything extends the empty tree
        bent.append(good | {"new_root": bytes(32)})
    for place in range(len(proof)):
        bent.append(good | {"proof": proof[:place] + proof[place + 1 :]})
        bent.append(good | {"proof": [*proof[:place], bytes(32), *proof[place + 1 :]]})
    for case in bent:
        with pytest.raises(merkle.ProofError):
            merkle.verify_consistency(**case)


@given(st.integers(0, 64), st.integers(0, 40))
def test_a_frontier_resumes_from_its_peaks(size: int, more: int) -> None:
    leaves = [bytes([n]) for n in range(size + more)]
    nodes, roots = grown(leaves)
    resumed = merkle.Frontier(size, [nodes.node(*at) for at in merkle.peaks_of(size)])
    assert resumed.root() == roots[size]
    for leaf in leaves[size:]:
        resumed.append(merkle.leaf_hash(leaf))
    assert resumed.root() == roots[size + more]


def test_a_frontier_refuses_the_wrong_number_of_peaks() -> None:
    with pytest.raises(merkle.ProofError):
        merkle.Frontier(3, [bytes(32)])


def test_a_missing_node_is_named() -> None:
    with pytest.raises(merkle.ProofError, match="level 5, index 1"):
        merkle.MemoryNodes().node(5, 1)


@given(st.integers(1, 64), st.data())
def test_what_a_proof_needs_is_known_beforehand(size: int, data: st.DataObject) -> None:
    nodes, _ = grown([bytes([n]) for n in range(size)])
    index = data.draw(st.integers(0, size - 1))
    needed = merkle.nodes_needed(lambda reader: merkle.inclusion_proof(reader, index, size))
    only = merkle.MemoryNodes({at: nodes.node(*at) for at in needed})
    assert merkle.inclusion_proof(only, index, size) == merkle.inclusion_proof(nodes, index, size)


@pytest.mark.parametrize(("index", "size"), [(1, 1), (-1, 4), (0, 0), (0, -1), (0, merkle.MAX_SIZE)])
def test_no_inclusion_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.inclusion_proof(NODES, index, size)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (0, merkle.MAX_SIZE)])
def test_no_consistency_proof_backwards(old: int, new: int) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.consistency_proof(NODES, old, new)
