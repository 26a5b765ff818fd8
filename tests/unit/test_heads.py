"""Which keys may sign a head of the ledger: the auditor, the operator's check and the writer say the same."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from placet.catalogue import Role
from placet.checkpoint import Checkpoint, Note, VerifierKey, parse_note, sign_checkpoint
from placet.keys import Signer
from placet.trust import Service, TrustedKey
from services.ledger.errors import SigningKeyError
from services.ledger.fsck import fsck
from services.ledger.handle import InForce
from services.ledger.ports import StoredCheckpoint
from tests.audits import CODE, audit, codes, denied
from tests.factories import NOW, World, trusted
from tests.fakes_ledger import MemoryStore, appender, story
from tests.ledgers import ORIGIN, MemoryLedger

SECOND = timedelta(seconds=1)
NEW = Signer.generate("/services/ledger")


def keyed(ledger: MemoryLedger, *keys: TrustedKey, issued_at: datetime = NOW) -> int:
    """Record the next version of the trust file, in which these are the ledger's keys; returns its entry's number."""
    ledger.world.version += 1
    services = {**ledger.world.document().services, Role.LEDGER: Service(keys=keys)}
    ledger.trust_version(services=services, issued_at=issued_at)
    ledger.world.version -= 1  # whose digest events go on to name: they are not what this is about
    return len(ledger.records) - 1


def rotated(issued_at: datetime = NOW) -> tuple[MemoryLedger, Signer, int]:
    """A story, the entry that revokes the ledger's key for a new one, and another story."""
    ledger = MemoryLedger(World())
    ledger.step = timedelta(0)
    old = ledger.world.services[Role.LEDGER]
    denied(ledger)
    place = keyed(ledger, trusted(old, NOW, revoked_at=issued_at), trusted(NEW, NOW), issued_at=issued_at)
    denied(ledger)
    return ledger, old, place


def signed_by(ledger: MemoryLedger, *signers: Signer) -> list[bytes]:
    """The export with a head after each entry; the last signers sign on where there are fewer of them."""
    lines = [line for line in ledger.export(every=10**6) if b'"checkpoint"' not in line]
    made = [lines[0]]
    for seq, line in enumerate(lines[1:]):
        note = ledger.head(seq + 1, signer=signers[min(seq, len(signers) - 1)]).decode()
        made += [line, json.dumps({"kind": "checkpoint", "note": note}).encode()]
    return made


def test_after_a_rotation_the_old_heads_go_on_verifying() -> None:
    ledger, old, place = rotated()
    found = audit(ledger, signed_by(ledger, *[old] * place, NEW), held=ledger.head(2, signer=old))
    assert codes(found) == set()
    assert found.checkpoints == len(ledger.records)
    assert found.held == "extends the one you hold (2 entries)"


@pytest.mark.parametrize("issued_at", [NOW, NOW + timedelta(days=1)], ids=["now", "with backdated entries"])
def test_a_head_over_its_keys_revocation_is_named(issued_at: datetime) -> None:
    """The first head that covers the revoking entry already."""
    ledger, old, place = rotated(issued_at)
    found = audit(ledger, signed_by(ledger, *[old] * (place + 1), NEW))
    assert codes(found) == {CODE.CHECKPOINT_KEY_BAD}
    assert [str(each) for each in found.problems] == [
        f"checkpoint_key_bad: after entry {place}: a key of /services/ledger was revoked"
    ]


@pytest.mark.parametrize(
    ("window", "place", "sentence"),
    [
        ({"not_after": NOW + 4 * SECOND}, 4, "has expired"),
        ({"not_before": NOW + 3 * SECOND}, 2, "is not valid yet"),
    ],
)
def test_a_head_outside_its_keys_life_is_named(window: dict[str, datetime], place: int, sentence: str) -> None:
    """Entries 2, 3 and 4 were received so many seconds after the start."""
    ledger = MemoryLedger(World())
    own = ledger.world.services[Role.LEDGER]
    keyed(ledger, trusted(NEW, NOW, **window), trusted(own, NOW))
    ledger.step = SECOND
    denied(ledger)
    assert codes(audit(ledger, signed_by(ledger, own))) == set()
    found = audit(ledger, signed_by(ledger, own, own, NEW))
    assert [each.sentence for each in found.problems if each.code == CODE.CHECKPOINT_KEY_BAD] == [
        f"after entry {place}: a key of /services/ledger {sentence}"
    ]


def test_a_key_that_no_trust_file_knows_any_more_is_named() -> None:
    ledger = MemoryLedger(World())
    keyed(ledger, trusted(NEW, NOW))
    found = audit(ledger, signed_by(ledger, ledger.world.services[Role.LEDGER]))
    assert codes(found) == {CODE.CHECKPOINT_KEY_BAD, CODE.CHECKPOINT_MISSING}
    assert "does not know this key" in str(found.problems[0])


def test_a_head_that_a_good_key_signed_too_counts() -> None:
    ledger, old, place = rotated()
    lines = signed_by(ledger, *[old] * place, NEW)
    both = [parse_note(ledger.head(signer=signer)) for signer in (old, NEW)]
    note = Note(both[0].body, (*both[0].signatures, *both[1].signatures)).serialise().decode()
    assert codes(audit(ledger, [*lines[:-1], json.dumps({"kind": "checkpoint", "note": note}).encode()])) == set()


def test_a_pinned_key_counts_only_while_it_is_good() -> None:
    ledger, old, place = rotated()
    pinned = [VerifierKey(ORIGIN, key.public.raw) for key in (old, NEW)]
    found = audit(ledger, signed_by(ledger, old), ledger_keys=pinned[:1])
    assert codes(found) == {CODE.CHECKPOINT_KEY_BAD, CODE.CHECKPOINT_MISSING}
    rotated_in_time = signed_by(ledger, *[old] * place, NEW)
    assert codes(audit(ledger, rotated_in_time, ledger_keys=pinned)) == set()
    assert CODE.CHECKPOINT_BAD in codes(audit(ledger, rotated_in_time, ledger_keys=pinned[1:]))


def test_the_operators_check_names_a_backdated_head_too() -> None:
    world, store = World(), MemoryStore()
    old = world.services[Role.LEDGER]
    appender(store, world).append(story(world)[:5])
    later = NOW + timedelta(days=1)
    keys = (trusted(old, NOW, revoked_at=later), trusted(NEW, NOW))
    services = {**world.document().services, Role.LEDGER: Service(keys=keys)}
    world.version = 2
    changes: dict[str, Any] = {"services": services, "issued_at": later}
    writer = appender(store, world)
    writer.in_force = lambda: InForce(world.trust(**changes), world.trust_file(**changes))
    writer.signer = NEW
    writer.append([])
    assert fsck(store, world.root.public).problems == []
    last = store.heads[-1]
    note = sign_checkpoint(Checkpoint(ORIGIN, last.size, last.root), old).decode()
    store.heads[-1] = StoredCheckpoint(last.size, last.root, note)
    assert "trusted here" in fsck(store, world.root.public).problems[0]


ENDED: dict[str, dict[str, Any]] = {"revoked": {"revoked_at": NOW}, "expired": {"not_after": NOW}}


@pytest.mark.parametrize("key", [*ENDED, "a stranger's", "another role's"])
def test_the_writer_signs_nothing_with_a_key_that_may_not(key: str) -> None:
    world, store = World(), MemoryStore()
    appender(store, world).append(story(world)[:5])
    own = world.services[Role.LEDGER]
    world.version = 2
    keys = (trusted(own, NOW, **ENDED.get(key, {})),)
    services = {**world.document().services, Role.LEDGER: Service(keys=keys)}
    writer = appender(store, world)
    writer.in_force = lambda: InForce(world.trust(services=services), world.trust_file(services=services))
    writer.signer = {"a stranger's": NEW, "another role's": world.services[Role.POLICY]}.get(key, own)
    heads = list(store.heads)
    with pytest.raises(SigningKeyError, match="may not sign"):
        writer.append([])
    assert store.heads == heads
