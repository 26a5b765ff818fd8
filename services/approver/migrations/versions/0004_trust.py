"""The newest trust file that settle went by, so that no settle, restarted, goes by an older one.

One row per root key, because a new root counts from 1 again. Its version only rises, whoever writes.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLE = """
CREATE TABLE approver.trust (
    root text PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0)
);
COMMENT ON TABLE approver.trust IS 'The newest version of the trust file that was in force, by the id of its root key.';

CREATE TRIGGER trust_rises BEFORE UPDATE ON approver.trust
    FOR EACH ROW WHEN (NEW.root <> OLD.root OR NEW.version < OLD.version) EXECUTE FUNCTION approver.refuse_change();

GRANT SELECT, INSERT, UPDATE (version) ON approver.trust TO settle;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLE)


def downgrade() -> None:
    raise NotImplementedError("Outcomes are evidence: restore a backup instead of taking the tables away.")
