"""The offline verifier and a bent export: a sound one is sound, and what is bent in tree or signatures is named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from placet.audit.entry import Leaf, parse_time, spell_time
from placet.audit.report import ProblemCode, Report
from placet.audit.verifier import verify_export
from placet.catalogue import Role
from placet.checkpoint import VerifierKey
from placet.errors import VerificationError
from placet.events import (
    Outcome,
    VoteKind,
)
from placet.keys import Signer
from tests.audits import CODE, WORLD, audit, codes, denied
from tests.factories import NOW, World, received
from tests.ledgers import ORIGIN, MemoryLedger, bend_line


def story() -> MemoryLedger:
    """One action of each kind, all sound."""
    ledger = MemoryLedger(WORLD)
    ledger.ran(ledger.allowed())
    ledger.ran(ledger.reviewed())
    ledger.reviewed(Outcome.REJECTED, votes=(("bob", VoteKind.REJECT),))
    ledger.reviewed(Outcome.EXPIRED, votes=())
    denied(ledger)
    return ledger


STORY = story()
SOUND = STORY.export()


def test_a_sound_ledger_has_no_problems() -> None:
    found = audit(STORY, held=STORY.head(7))
    assert codes(found) == set()
    assert (found.actions, found.chains, found.pending, found.runs) == (5, 5, 0, 2)
    assert found.entries == len(STORY.records)
    assert found.signatures == len(STORY.records) - 1
    assert found.held == "extends the one you hold (7 entries)"
    assert found.as_text().endswith("\n0 problems")
    assert json.loads(json.dumps(found.as_json()))["ok"] is True


def test_without_a_held_checkpoint_it_says_what_that_means() -> None:
    assert "rewritten history would not show" in audit(STORY).as_text()


# The tree ----------------------------------------------------------------------------------------------------------


def entry(change: Callable[[dict[str, Any]], None]) -> Callable[[list[bytes]], list[bytes]]:
    """Bend the line of entry 3 (line 4: the header is the first)."""
    return lambda lines: bend_line(lines, 4, change)


def other_value(line: dict[str, Any]) -> None:
    value = base64.b64decode(line["value"]).replace(b"nightly-export", b"nightly-exporT")
    line["value"] = base64.b64encode(value).decode()


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], set[ProblemCode]]] = {
    "a value edited": (entry(other_value), {CODE.VALUE_CHANGED}),
    "a value removed": (entry(lambda line: line.update(value=None)), {CODE.VALUE_MISSING}),
    "a salt changed": (entry(lambda line: line.update(salt="AAAA")), {CODE.VALUE_CHANGED}),
    "a leaf edited": (
        entry(lambda line: line["leaf"].update(received_at=spell_time(NOW))),
        {CODE.ROOT_DIFFERS, CODE.FORK},
    ),
    "a leaf that says another key": (
        entry(lambda line: line["leaf"].update(event_id=line["leaf"]["key"])),
        {CODE.LEAF_DIFFERS, CODE.ROOT_DIFFERS, CODE.FORK},
    ),
    "a leaf called refused": (
        entry(lambda line: line["leaf"].update(refused="unsigned")),
        {CODE.VALUE_UNEXPECTED, CODE.ROOT_DIFFERS},
    ),
    "a line deleted": (lambda lines: lines[:4] + lines[5:], {CODE.SEQUENCE_BROKEN, CODE.TRUNCATED}),
    "a line doubled": (lambda lines: lines[:5] + lines[4:], {CODE.SEQUENCE_BROKEN, CODE.POSITION_REPEATED}),
    "two lines swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], {CODE.SEQUENCE_BROKEN}),
    "the tail cut off": (lambda lines: lines[:10], {CODE.TRUNCATED}),
    "the tail cut off with its checkpoint": (lambda lines: lines[:8], {CODE.TRUNCATED, CODE.CHECKPOINT_MISSING}),
    "everything gone": (lambda _: [], {CODE.EXPORT_MALFORMED, CODE.HELD_CHECKPOINT_BAD}),
    "header gone": (lambda lines: lines[1:], {CODE.EXPORT_MALFORMED}),
    "header twice": (lambda lines: [lines[0], *lines], {CODE.EXPORT_MALFORMED}),
    "another origin": (
        lambda lines: bend_line(lines, 0, lambda line: line.update(origin="elsewhere")),
        {CODE.CHECKPOINT_BAD, CODE.CHECKPOINT_MISSING, CODE.HELD_CHECKPOINT_BAD},
    ),
    "checkpoints removed": (lambda lines: [x for x in lines if b'"checkpoint"' not in x], {CODE.CHECKPOINT_MISSING}),
    "a checkpoint moved": (lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], {CODE.SEQUENCE_BROKEN}),
    "a checkpoint that is none": (
        lambda lines: bend_line(lines, 6, lambda line: line.update(note="hello")),
        {CODE.CHECKPOINT_BAD},
    ),
    "not JSON": (lambda lines: [*lines[:5], b"{", *lines[5:]], {CODE.EXPORT_MALFORMED}),
    "an unknown field": (entry(lambda line: line.update(note="x")), {CODE.EXPORT_MALFORMED}),
    "a repeated key": (
        lambda lines: [*lines[:4], lines[4].replace(b'{"kind"', b'{"seq":3,"kind"'), *lines[5:]],
        {CODE.EXPORT_MALFORMED},
    ),
    "a value with stray bits": (entry(lambda line: line.update(salt="AAB=")), {CODE.EXPORT_MALFORMED}),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_bent_export_is_named(name: str) -> None:
    bend, expected = TAMPERED[name]
    assert expected <= codes(audit(STORY, lines=bend(SOUND), held=STORY.head(7)))


def test_a_history_signed_again_with_the_ledgers_own_key_is_a_fork_of_the_one_held() -> None:
    held = STORY.head()
    again = MemoryLedger(WORLD)
    for record in STORY.records[1:-1]:
        again.append(record.leaf.message(record.value or b""))
    denied(again)
    assert codes(audit(again)) == set()
    assert CODE.FORK in codes(audit(again, held=held)) or CODE.TRUNCATED in codes(audit(again, held=held))


def test_a_shorter_history_than_the_one_held_is_truncation() -> None:
    shorter = MemoryLedger(WORLD)
    shorter.records = STORY.records[:6]
    assert CODE.TRUNCATED in codes(audit(shorter, held=STORY.head()))


def test_a_checkpoint_by_another_key_does_not_count() -> None:
    stranger = Signer.generate("/services/ledger")
    assert CODE.HELD_CHECKPOINT_BAD in codes(audit(STORY, held=STORY.head(signer=stranger)))
    forged = [*SOUND[:-1], json.dumps({"kind": "checkpoint", "note": STORY.head(signer=stranger).decode()}).encode()]
    assert {CODE.CHECKPOINT_BAD, CODE.CHECKPOINT_MISSING} <= codes(audit(STORY, lines=forged))


def test_a_pinned_ledger_key_is_the_only_one_that_counts() -> None:
    ours = VerifierKey(name=ORIGIN, public=WORLD.services[Role.LEDGER].public.raw)
    assert codes(audit(STORY, ledger_keys=[ours])) == set()
    other = VerifierKey(name=ORIGIN, public=Signer.generate("/services/ledger").public.raw)
    assert CODE.CHECKPOINT_BAD in codes(audit(STORY, ledger_keys=[other]))


def test_an_offset_the_ledger_lacks_is_named() -> None:
    ledger = MemoryLedger(WORLD)
    ledger.offsets["actions.classified.v1"] += 1
    ledger.allowed()
    assert codes(audit(ledger)) == {CODE.OFFSETS_MISSING}


def test_a_refused_message_is_counted_and_carries_nothing() -> None:
    ledger = MemoryLedger(WORLD)
    message = received(WORLD.seal(WORLD.classified()), signature=None)
    ledger.refuse(message, "unsigned")
    found = audit(ledger)
    assert codes(found) == set()
    assert found.refused == 1
    assert message.value not in b"".join(ledger.export())


# Signatures and trust ----------------------------------------------------------------------------------------------


def test_another_root_makes_nothing_believable() -> None:
    found = verify_export(SOUND, Signer.generate("/root").public)
    assert {CODE.TRUST_BAD, CODE.TRUST_MISSING, CODE.CHECKPOINT_BAD} <= codes(found)
    assert (found.signatures, found.chains) == (0, 0)


def test_an_event_by_a_stranger_is_named_even_when_the_tree_is_whole() -> None:
    ledger = MemoryLedger(WORLD)
    ledger.add(WORLD.classified())
    last = ledger.records[-1]
    signature = last.leaf.signature or ""
    flipped = ("B" if signature[0] != "B" else "C") + signature[1:]
    ledger.records[-1] = replace(last, leaf=replace(last.leaf, signature=flipped))
    assert codes(audit(ledger)) == {CODE.SIGNATURE_BAD}


def test_a_key_is_judged_at_the_moment_of_reception() -> None:
    ledger = MemoryLedger(World())
    ledger.add(ledger.world.classified())
    ledger.world.version = 2
    document = ledger.world.document()
    service = document.services[Role.CLASSIFIER]
    revoked = service.model_copy(
        update={"keys": tuple(key.model_copy(update={"revoked_at": ledger.time}) for key in service.keys)}
    )
    ledger.trust_version(services={**document.services, Role.CLASSIFIER: revoked})
    assert audit(ledger).ok
    ledger.append(received(ledger.world.seal(ledger.world.classified()), offset=1))
    assert CODE.SIGNATURE_BAD in codes(audit(ledger))


def test_an_older_trust_file_does_not_come_back() -> None:
    ledger = MemoryLedger(World())
    ledger.trust_version()
    assert codes(audit(ledger)) == {CODE.TRUST_BAD}


def test_a_trust_file_nobody_recorded_is_named() -> None:
    ledger = MemoryLedger(World())
    ledger.world.version = 2
    ledger.add(ledger.world.classified())
    assert codes(audit(ledger)) == {CODE.TRUST_UNRECORDED}


def test_the_same_event_id_with_other_bytes_is_counted() -> None:
    ledger = MemoryLedger(WORLD)
    classified = WORLD.classified()
    ledger.add(classified)
    ledger.add(classified, time=NOW - timedelta(seconds=1))
    found = audit(ledger)
    assert (found.divergent, found.ok) == (1, True)


def test_only_so_many_problems_are_kept_and_all_are_counted() -> None:
    found = Report()
    for _ in range(1_500):
        found.add(CODE.ORPHAN, "x")
    assert (len(found.problems), found.problem_count) == (1_000, 1_500)
    assert found.as_text().splitlines()[-2:] == ["… and 500 more", "1500 problems"]


# The leaf ----------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=20).filter(lambda text: text.isprintable() or "\n" in text)


@given(TEXT, st.integers(0, 2**31), st.integers(0, 2**53 - 1), st.none() | TEXT, st.none() | TEXT)
def test_a_leaf_is_canonical_json(topic: str, partition: int, offset: int, key: str | None, type_: str | None) -> None:
    leaf = Leaf(topic, partition, offset, spell_time(NOW), "0" * 64, key=key, type=type_)
    assert leaf.encode() == rfc8785.dumps(json.loads(leaf.encode()))


def test_a_leaf_has_exactly_these_bytes() -> None:
    leaf = Leaf("t", 1, 2, spell_time(NOW), "0" * 64, None, "k", "e", "y", "i", "s")
    assert leaf.encode() == (
        b'{"event_id":"e","format":"placet-ledger-entry-v1","key":"k","key_id":"i","offset":2,"partition":1,'
        b'"received_at":"2026-06-01T12:00:00.000000Z","refused":null,"signature":"s","topic":"t","type":"y",'
        b'"value_hash":"' + b"0" * 64 + b'"}'
    )


@pytest.mark.parametrize("text", ["", "2026-06-01T12:00:00Z", "2026-06-01T12:00:00.0Z", "2026-06-01 12:00:00.000000Z"])
def test_a_time_has_one_spelling(text: str) -> None:
    assert parse_time(spell_time(NOW)) == NOW
    with pytest.raises(VerificationError):
        parse_time(text)
