"""A superuser against the ledger: triggers off, every table open, in the end even the ledger's own key.

Each case bends the rows of a real PostgreSQL that the real writer filled. The auditor has the pinned root; what that
alone finds is the first set, and the second is what the checkpoint kept from before adds. A history that is whole in
itself and signed with the ledger's true key differs from the true one only for whoever holds a checkpoint: those are
the cases whose first set is empty.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from placet.audit.report import ProblemCode
from placet.checkpoint import VerifierKey
from placet.keys import Signer
from services.ledger.fsck import fsck
from tests import tampering
from tests.fix_embedded import PostgresPart
from tests.fix_ledger import fresh_ledger
from tests.ledgers import ORIGIN
from tests.tampering import STRANGER, Attack, Filled, Scene

C = ProblemCode


@pytest.fixture(scope="module")
def filled(postgres: PostgresPart, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return Filled(fresh_ledger(postgres, tmp_path_factory.mktemp("filled")))


@pytest.fixture
def scene(filled: Filled, postgres: PostgresPart, tmp_path: Path) -> Iterator[Scene]:
    with filled.copy(postgres, tmp_path) as copied:
        yield copied


@dataclass(frozen=True)
class Case:
    attack: Attack
    unheld: set[ProblemCode]
    held: set[ProblemCode]
    fsck: bool
    """Whether the operator's own check of the database names it, too; with the kept head it names what the audit
    names with it.
    """


CASES = (
    Case(tampering.nothing, set(), set(), fsck=False),
    Case(tampering.edit_value, {C.VALUE_CHANGED, C.VERDICT_MISSING}, set(), fsck=True),
    Case(
        tampering.edit_value_and_leaf,
        {C.SIGNATURE_BAD, C.ROOT_DIFFERS, C.CHECKPOINT_MISSING, C.VERDICT_MISSING},
        {C.FORK},
        fsck=True,
    ),
    Case(tampering.edit_past_disabled_triggers, {C.VALUE_MISSING, C.RUN_WITHOUT_GRANT}, set(), fsck=True),
    Case(tampering.edit_columns, set(), set(), fsck=True),
    Case(tampering.edit_node, set(), set(), fsck=True),
    Case(
        tampering.delete_one,
        {C.SEQUENCE_BROKEN, C.OFFSETS_MISSING, C.REVIEW_GAP, C.VOTES_MISSING, C.CHECKPOINT_MISSING, C.TRUNCATED},
        {C.TRUNCATED},
        fsck=True,
    ),
    Case(
        tampering.insert_one,
        {C.OFFSETS_MISSING, C.POSITION_REPEATED, C.ROOT_DIFFERS, C.CHECKPOINT_MISSING},
        {C.FORK},
        fsck=True,
    ),
    Case(tampering.swap_two, {C.ROOT_DIFFERS, C.CHECKPOINT_MISSING}, {C.FORK}, fsck=True),
    Case(tampering.swap_values, {C.VALUE_CHANGED}, set(), fsck=True),
    Case(tampering.cut_tail, {C.TRUNCATED, C.CHECKPOINT_MISSING}, {C.TRUNCATED}, fsck=True),
    Case(tampering.cut_tail_with_its_checkpoints, set(), {C.TRUNCATED}, fsck=False),
    Case(tampering.empty, {C.EXPORT_MALFORMED}, {C.HELD_CHECKPOINT_BAD}, fsck=False),
    Case(tampering.drop_checkpoints, set(), set(), fsck=False),
    Case(tampering.replay_old_checkpoint, {C.SEQUENCE_BROKEN, C.CHECKPOINT_MISSING}, set(), fsck=True),
    Case(tampering.rebuild_with_own_key, {C.CHECKPOINT_BAD, C.CHECKPOINT_MISSING}, {C.TRUNCATED}, fsck=True),
    Case(tampering.rebuild_with_true_key, set(), {C.TRUNCATED}, fsck=False),
    Case(tampering.rebuild_reordered, set(), {C.FORK}, fsck=False),
    Case(tampering.rebuild_backdated, set(), {C.FORK}, fsck=False),
    Case(tampering.rebuild_with_forged_event, {C.SIGNATURE_BAD, C.RUN_WITHOUT_GRANT}, {C.FORK}, fsck=True),
    Case(tampering.rebuild_with_stripped_signature, {C.SIGNATURE_BAD, C.RUN_WITHOUT_GRANT}, {C.FORK}, fsck=True),
    Case(tampering.rebuild_with_swapped_key, {C.SIGNATURE_BAD, C.RUN_WITHOUT_GRANT}, {C.FORK}, fsck=True),
    Case(
        tampering.rebuild_under_another_trust_file,
        {C.TRUST_BAD, C.TRUST_MISSING, C.CHECKPOINT_BAD, C.CHECKPOINT_MISSING},
        {C.HELD_CHECKPOINT_BAD},
        fsck=True,
    ),
    Case(tampering.rebuild_under_a_stolen_root, set(), {C.FORK}, fsck=False),
    Case(tampering.sign_on_with_a_revoked_key, {C.CHECKPOINT_KEY_BAD, C.CHECKPOINT_MISSING}, set(), fsck=True),
    Case(tampering.rebuild_without_one_vote, {C.VOTES_MISSING, C.REVIEW_GAP}, {C.TRUNCATED}, fsck=False),
    Case(tampering.rebuild_with_a_run_without_grant, {C.RUN_WITHOUT_GRANT}, set(), fsck=True),
)
PLACELESS = {
    C.CHECKPOINT_KEY_BAD,
    C.TRUNCATED,
    C.CHECKPOINT_MISSING,
    C.CHECKPOINT_BAD,
    C.EXPORT_MALFORMED,
    C.ROOT_DIFFERS,
    C.SEQUENCE_BROKEN,
}
"""What names a size or a stretch in its sentence instead of one entry or action."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.attack.__name__)
def test_what_a_superuser_bends_is_found(case: Case, scene: Scene) -> None:
    case.attack(scene)
    unheld, problems = scene.audit()
    held, _ = scene.audit(scene.held)
    assert all(p.seq is not None or p.action_id for p in problems if p.code not in PLACELESS)
    assert (unheld, held) == (case.unheld, case.unheld | case.held), [str(each) for each in problems]
    root = scene.world.root.public
    assert bool(fsck(scene.reader, root).problems) == case.fsck
    assert bool(fsck(scene.reader, root, held=scene.held).problems) == (case.fsck or bool(case.held))


def test_of_two_forks_each_is_sound_and_each_betrays_the_other(
    filled: Filled, postgres: PostgresPart, tmp_path: Path
) -> None:
    """One prefix, two true continuations, one key: only who holds a head of one finds the other."""
    with filled.copy(postgres, tmp_path) as one, filled.copy(postgres, tmp_path) as other:
        first, second = branch(one, filled), branch(other, filled)
        for scene, mine, theirs in ((one, first, second), (other, second, first)):
            assert scene.audit()[0] == scene.audit(filled.held)[0] == scene.audit(mine)[0] == set()
            assert scene.audit(theirs)[0] == {C.FORK}
            root = scene.world.root.public
            assert fsck(scene.reader, root, held=mine).problems == []
            assert "not those of the checkpoint you hold" in str(fsck(scene.reader, root, held=theirs).problems)


def branch(scene: Scene, filled: Filled) -> bytes:
    """The writer goes on with another story; returns its head."""
    ledger = copy.copy(filled.ledger)
    ledger.records, ledger.offsets = list(ledger.records), Counter(ledger.offsets)
    before = len(ledger.records)
    ledger.ran(ledger.allowed())
    return tampering.write(
        scene.database, scene.world, [each.leaf.message(each.value or b"") for each in ledger.records[before:]]
    )


NOT_OURS = {C.CHECKPOINT_BAD, C.CHECKPOINT_MISSING}


@pytest.mark.parametrize(
    ("attack", "origin", "key", "expected"),
    [
        (tampering.nothing, ORIGIN, None, set()),
        (tampering.nothing, ORIGIN, STRANGER, NOT_OURS),
        (tampering.nothing, "placet.test/other", None, NOT_OURS),
        (tampering.rebuild_under_a_stolen_root, ORIGIN, None, NOT_OURS),
    ],
)
def test_the_pinned_key_and_name_are_the_only_ones(
    attack: Attack, origin: str, key: Signer | None, expected: set[ProblemCode], scene: Scene
) -> None:
    attack(scene)
    pinned = VerifierKey(origin, (key or scene.ledger_key).public.raw)
    assert scene.audit(ledger_keys=[pinned])[0] == expected


AT_A_PROMPT: dict[Attack, tuple[str, ProblemCode | None]] = {
    tampering.nothing: ("--held --ledger-key", None),
    tampering.edit_value: ("", C.VALUE_CHANGED),
    tampering.delete_one: ("", C.SEQUENCE_BROKEN),
    tampering.replay_old_checkpoint: ("", C.CHECKPOINT_MISSING),
    tampering.cut_tail_with_its_checkpoints: ("--held", C.TRUNCATED),
    tampering.rebuild_reordered: ("--held", C.FORK),
    tampering.rebuild_with_stripped_signature: ("", C.SIGNATURE_BAD),
    tampering.rebuild_without_one_vote: ("", C.VOTES_MISSING),
    tampering.rebuild_under_a_stolen_root: ("--ledger-key", C.CHECKPOINT_BAD),
}
"""One of each group, with what the auditor has besides the root."""


@pytest.mark.parametrize("attack", AT_A_PROMPT, ids=lambda attack: attack.__name__)
def test_the_command_names_it_and_fails(attack: Attack, scene: Scene, tmp_path: Path) -> None:
    attack(scene)
    export, root, held = tmp_path / "ledger.ndjson", tmp_path / "root.pub.json", tmp_path / "last.note"
    export.write_bytes(b"".join(scene.export()))
    root.write_text(scene.world.root.public.jwk.model_dump_json())
    held.write_bytes(scene.held)
    has = {"--held": str(held), "--ledger-key": VerifierKey(ORIGIN, scene.ledger_key.public.raw).text()}
    options, code = AT_A_PROMPT[attack]
    given = [part for option in options.split() for part in (option, has[option])]
    command = [sys.executable, "-m", "placet", "ledger", "verify", str(export), "--root", str(root), "--json", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == ((0, True) if code is None else (1, False)), done.stderr
    assert code in {None, *(problem["code"] for problem in told["problems"])}
