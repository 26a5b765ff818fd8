"""`placet ledger fsck`: what the operator's own check of the database names, and what it needs a kept head for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from placet.catalogue import Role
from placet.checkpoint import Checkpoint, sign_checkpoint
from placet.keys import Signer
from placet.trust import Service
from services.ledger import decide
from services.ledger.fsck import fsck
from services.ledger.handle import InForce
from services.ledger.ports import Projection, StoredEntry
from tests.factories import NOW, World, trusted
from tests.fakes_ledger import MemoryStore, appender, story
from tests.ledgers import ORIGIN

WORLD = World()
STORY = story(WORLD)
STRANGER = Signer.generate("/services/ledger")


def bent_entry(store: MemoryStore, seq: int, **changes: Any) -> None:
    store.stored[seq] = replace(store.stored[seq], **changes)


def bent_head(store: MemoryStore, **changes: Any) -> None:
    store.heads[-1] = replace(store.heads[-1], **changes)


def note(store: MemoryStore, *, signer: Signer | None = None, **changes: Any) -> bytes:
    """The newest head, signed anew and changed."""
    head = Checkpoint(**{"origin": ORIGIN, "size": store.heads[-1].size, "root": store.heads[-1].root, **changes})
    return sign_checkpoint(head, signer or WORLD.services[Role.LEDGER])


def noted(store: MemoryStore, **changes: Any) -> None:
    bent_head(store, note=note(store, **changes).decode())


FSCK: dict[str, tuple[Callable[[MemoryStore], None], str]] = {
    "outcome column": (
        lambda s: bent_entry(s, 3, projection=replace(s.stored[3].projection, outcome="denied")),
        "entry 3: the query columns differ",
    ),
    "columns of a refused message": (
        lambda s: bent_entry(s, 3, value=None),
        "entry 3: columns say something of a value that is not there",
    ),
    "flag": (lambda s: bent_entry(s, 2, divergent=True), "entry 2: the divergent flag"),
    "value": (lambda s: bent_entry(s, 2, value=b"x"), "entry 2: the value is not"),
    "leaf hash": (lambda s: bent_entry(s, 2, leaf_hash=bytes(32)), "entry 2: the stored leaf hash"),
    "trust gone": (lambda s: bent_entry(s, 0, value=None, projection=Projection()), "entry 1: an event before"),
    "signature": (
        lambda s: bent_entry(s, 2, leaf=replace(s.stored[2].leaf, signature="A" * 86)),
        "entry 2: bad_signature",
    ),
    "node changed": (lambda s: s.tree.update({(1, 0): bytes(32)}), "level 1, index 0"),
    "node gone": (lambda s: s.tree.__delitem__((2, 0)), "level 2, index 0"),
    "node too many": (lambda s: s.tree.update({(3, -1): bytes(32)}), "missing or differs"),
    "head": (lambda s: s.heads.__setitem__(0, replace(s.heads[0], root=bytes(32))), "another root"),
    "note of none": (lambda s: bent_head(s, note="hello"), "the note of the checkpoint of"),
    "note by another key": (lambda s: noted(s, signer=STRANGER), "trusted here"),
    "note by another role's key": (lambda s: noted(s, signer=WORLD.services[Role.POLICY]), "trusted here"),
    "note of another size": (lambda s: noted(s, size=1), "is for another tree"),
    "note of another root": (lambda s: noted(s, root=bytes(32)), "is for another tree"),
    "note of another log": (lambda s: noted(s, origin="elsewhere"), "is for another tree"),
    "heads gone": (lambda s: s.heads.clear(), "no checkpoint covers the entries from 0 on"),
    "newest head gone": (lambda s: s.heads.__delitem__(-1), "no checkpoint covers the entries from 6 on"),
    "entry gone": (lambda s: s.stored.__delitem__(2), "entry 2 is missing"),
    "tail gone": (lambda s: s.stored.__delitem__(-1), "a checkpoint covers"),
}


def filled() -> MemoryStore:
    """Two batches, two heads."""
    store = MemoryStore()
    writer = appender(store, WORLD)
    writer.append(STORY[:5])
    writer.append(STORY[5:])
    return store


@pytest.mark.parametrize("name", FSCK)
def test_fsck_names_what_differs(name: str) -> None:
    store = filled()
    assert fsck(store, WORLD.root.public).problems == []
    bend, sentence = FSCK[name]
    bend(store)
    found = fsck(store, WORLD.root.public)
    assert any(sentence in problem for problem in found.problems), found.problems


def test_what_is_appended_meanwhile_is_not_suspected() -> None:
    class Growing(MemoryStore):
        def entries(self, first: int, size: int) -> Iterator[StoredEntry]:
            found = super().entries(first, size)
            if first == 0 and size == before:
                writer.append(STORY[5:])
            return found

    store = Growing()
    writer = appender(store, WORLD)
    writer.append(STORY[:5])
    before = len(store.stored)
    found = fsck(store, WORLD.root.public)
    assert (found.entries, found.problems, len(store.heads)) == (before, [], 2)


def test_a_ledger_key_counts_while_the_trust_file_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated: the old head stays good. Revoked before the last entry came: a head by it is not."""
    world = World()
    old, new = world.services[Role.LEDGER], Signer.generate("/services/ledger")
    store, messages = MemoryStore(), story(world)
    appender(store, world).append(messages[:5])
    world.version, world.services = 2, {**world.services, Role.LEDGER: new}
    appender(store, world).append(messages[5:])
    assert fsck(store, world.root.public, held=store.heads[0].note.encode()).problems == []
    noted(store, signer=old)
    assert "trusted here" in fsck(store, world.root.public).problems[0]

    world.version = 3
    key = trusted(new, world.at).model_copy(update={"revoked_at": NOW})
    changes: dict[str, Any] = {"services": {**world.document().services, Role.LEDGER: Service(keys=(key,))}}
    changes["issued_at"] = NOW - timedelta(seconds=1)  # before the revocation takes effect
    in_force = InForce(world.trust(**changes), world.trust_file(**changes))
    writer = replace(appender(store, world), in_force=lambda: in_force)
    noted(store, signer=new)
    assert fsck(store, world.root.public).problems == []
    monkeypatch.setattr(decide, "check_key", lambda *_, **__: None)  # a writer that does not look
    writer.append([])
    assert "trusted here" in fsck(store, world.root.public).problems[0]


HELD: dict[str, tuple[Callable[[MemoryStore], bytes], str]] = {
    "malformed": (lambda _: b"hello", "the checkpoint you hold: a note is text"),
    "by a stranger": (lambda s: note(s, signer=STRANGER), "the checkpoint you hold: no signature"),
    "of another log": (lambda s: note(s, origin="elsewhere"), "is of elsewhere, this is placet.test/ledger"),
    "longer": (lambda s: note(s, size=99), "covers 99 entries, 13 are there"),
    "another tree": (lambda s: note(s, root=bytes(32)), "the first 13 entries are not those"),
    "another tree, before any head": (lambda s: note(s, size=3, root=bytes(32)), "the first 3 entries are not those"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_head_kept_elsewhere_is_held_against_it(name: str) -> None:
    store = filled()
    make, sentence = HELD[name]
    [problem] = fsck(store, WORLD.root.public, held=make(store)).problems
    assert sentence in problem


@pytest.mark.parametrize("number", [0, 1])
def test_a_head_kept_elsewhere_is_found_again(number: int) -> None:
    store = filled()
    assert fsck(store, WORLD.root.public, held=store.heads[number].note.encode()).problems == []


def test_an_emptied_ledger_is_sound_but_for_the_head_kept_elsewhere() -> None:
    held = filled().heads[-1].note.encode()
    assert fsck(MemoryStore(), WORLD.root.public).problems == []
    assert fsck(MemoryStore(), WORLD.root.public, held=held).problems == [
        "the checkpoint you hold covers 13 entries, 0 are there"
    ]
