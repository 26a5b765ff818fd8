"""What bounds an agent's share of people's attention is found without walking through history."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

INDEX = """
CREATE INDEX reviews_rejected ON approver.reviews (agent, (classified->>'likeness'), closed_at DESC)
    WHERE state = 'rejected';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(INDEX)


def downgrade() -> None:
    raise NotImplementedError("Outcomes are evidence: restore a backup instead of taking the tables away.")
