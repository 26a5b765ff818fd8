"""A superuser against the ledger: triggers off, every table open, in the end even the ledger's own key.

Each case bends the rows of a real PostgreSQL that the real writer filled. The auditor has the pinned root; what that
alone finds is the first set, and the second is what the checkpoint kept from before adds. A history that is whole in
itself and signed with the ledger's true key differs from the true one only for whoever holds a checkpoint: those are
the cases whose first set is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from placet.audit.report import ProblemCode
from services.ledger.fsck import fsck
from tests import tampering
from tests.fix_embedded import PostgresPart
from tests.fix_ledger import fresh_ledger
from tests.tampering import Attack, Filled, Scene

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
    Case(tampering.rebuild_without_one_vote, {C.VOTES_MISSING, C.REVIEW_GAP}, {C.TRUNCATED}, fsck=False),
    Case(tampering.rebuild_with_a_run_without_grant, {C.RUN_WITHOUT_GRANT}, set(), fsck=True),
)
PLACELESS = {C.TRUNCATED, C.CHECKPOINT_MISSING, C.CHECKPOINT_BAD, C.EXPORT_MALFORMED, C.ROOT_DIFFERS, C.SEQUENCE_BROKEN}
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
