"""What an audit found: counts, the head it vouches for, and every problem by name.

Rules: a problem is a value with a closed code, a place and a sentence; the report keeps the first thousand and counts
the rest; "0 problems" is the only good news.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

MAX_KEPT: Final = 1_000


class ProblemCode(StrEnum):
    """Everything that can be wrong with a ledger."""

    EXPORT_MALFORMED = "export_malformed"
    SEQUENCE_BROKEN = "sequence_broken"
    TRUNCATED = "truncated"
    VALUE_CHANGED = "value_changed"
    VALUE_MISSING = "value_missing"
    VALUE_UNEXPECTED = "value_unexpected"
    POSITION_REPEATED = "position_repeated"
    OFFSETS_MISSING = "offsets_missing"
    CHECKPOINT_BAD = "checkpoint_bad"
    CHECKPOINT_KEY_BAD = "checkpoint_key_bad"
    CHECKPOINT_MISSING = "checkpoint_missing"
    ROOT_DIFFERS = "root_differs"
    HELD_CHECKPOINT_BAD = "held_checkpoint_bad"
    FORK = "fork"
    TRUST_BAD = "trust_bad"
    TRUST_MISSING = "trust_missing"
    TRUST_UNRECORDED = "trust_unrecorded"
    SIGNATURE_BAD = "signature_bad"
    LEAF_DIFFERS = "leaf_differs"
    DIVERGENT = "divergent"
    COMMITMENT_BAD = "commitment_bad"
    COMMITMENT_MISSING = "commitment_missing"
    VERDICT_BAD = "verdict_bad"
    VERDICT_MISSING = "verdict_missing"
    REVIEW_GAP = "review_gap"
    REVIEW_BAD = "review_bad"
    VOTE_BAD = "vote_bad"
    VOTES_MISSING = "votes_missing"
    OUTCOME_REPEATED = "outcome_repeated"
    OUTCOME_UNFOUNDED = "outcome_unfounded"
    OUTCOME_MISSING = "outcome_missing"
    GRANT_BAD = "grant_bad"
    GRANT_MISSING = "grant_missing"
    GRANT_UNFOUNDED = "grant_unfounded"
    RUN_WITHOUT_GRANT = "run_without_grant"
    RUN_DIFFERS = "run_differs"
    RUN_REPEATED = "run_repeated"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    code: ProblemCode
    sentence: str
    seq: int | None = None
    action_id: str | None = None

    def __str__(self) -> str:
        place = [f"entry {self.seq}"] if self.seq is not None else []
        place += [f"action {self.action_id}"] if self.action_id is not None else []
        return f"{self.code}: {self.sentence}" + (f" ({', '.join(place)})" if place else "")


@dataclass(slots=True)
class Report:
    """What was checked and what was found; filled by the auditors as they walk."""

    origin: str = ""
    entries: int = 0
    root: str = ""
    """Hexadecimal root over all entries read."""
    trust_versions: int = 0
    signatures: int = 0
    """Event signatures that verified."""
    refused: int = 0
    divergent: int = 0
    """Entries whose event id was there before with other bytes; what contradicts is a problem of its own."""
    checkpoints: int = 0
    """Checkpoints whose signature and root hold."""
    checkpoint: str = ""
    """Note of the newest checkpoint that verified: keep it outside the system for the next audit."""
    held: str = ""
    """What became of the checkpoint the verifier holds."""
    actions: int = 0
    chains: int = 0
    """Actions with an outcome that is founded from commitment to report."""
    pending: int = 0
    """Actions without an outcome that may still get one, or too fresh to judge (see `grace`)."""
    runs: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: ProblemCode, sentence: str, *, seq: int | None = None, action_id: str | None = None) -> None:
        """Name a problem."""
        self.problem_count += 1
        if len(self.problems) < MAX_KEPT:
            self.problems.append(Problem(code, sentence, seq, action_id))

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return self.problem_count == 0

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "ok": self.ok}

    def as_text(self) -> str:
        """For people; the last line counts the problems."""
        besides = f"{self.trust_versions} trust versions, {self.refused} refused, {self.divergent} divergent"
        lines = [
            f"origin       {self.origin}",
            f"entries      {self.entries} ({besides})",
            f"root         {self.root}",
            f"checkpoints  {self.checkpoints} verified; {self.held}",
            f"signatures   {self.signatures} verified",
            f"chains       {self.chains} of {self.actions} actions complete, {self.pending} pending, {self.runs} runs",
        ]
        lines += [f"PROBLEM {problem}" for problem in self.problems]
        if self.problem_count > len(self.problems):
            lines.append(f"… and {self.problem_count - len(self.problems)} more")
        lines.append(f"{self.problem_count} problem{'' if self.problem_count == 1 else 's'}")
        return "\n".join(lines)
