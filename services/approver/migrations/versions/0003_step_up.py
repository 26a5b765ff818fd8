"""A vote's proof of a passkey: brought by the desk, judged and then forgotten by settle.

- `evidence` is the identity provider's ID token, which holds personal claims: the desk adds it and cannot read it, and
  nothing of it is left once its vote is judged.
- `authenticated_at` says when the passkey was used, so that one use counts for one vote.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = """
ALTER TABLE approver.votes
    ADD COLUMN evidence text CHECK (char_length(evidence) <= 16384),
    ADD COLUMN authenticated_at timestamptz,
    ADD CONSTRAINT votes_evidence_forgotten CHECK (judged_at IS NULL OR evidence IS NULL);
CREATE INDEX votes_by_passkey ON approver.votes (reviewer, authenticated_at)
    WHERE counted AND authenticated_at IS NOT NULL;
"""

GRANTS = """
GRANT UPDATE (authenticated_at, evidence) ON approver.votes TO settle;
GRANT INSERT (evidence) ON approver.votes TO desk;
REVOKE SELECT ON approver.votes FROM desk;
GRANT SELECT (id, request_id, action_id, digest, reviewer, vote, reason, channel, authentication, cast_at, judged_at,
              counted, code, sentence) ON approver.votes TO desk;
"""


def upgrade() -> None:
    for statements in (COLUMNS, GRANTS):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    raise NotImplementedError("Outcomes are evidence: restore a backup instead of taking the tables away.")
