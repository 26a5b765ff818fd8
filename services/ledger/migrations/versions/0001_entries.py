"""Entries, values, nodes, checkpoints: append-only for every role that runs in production.

- `entries` holds the leaf, field by field, and columns projected from the value for queries. The projection is
  covered by no hash: `placet ledger fsck` derives it again, and proofs never rest on it.
- `entry_values` holds salt and value apart, so that a later, privileged path can erase a value; the tree stays whole.
- Triggers refuse UPDATE, DELETE and TRUNCATE to everybody, the tables' owner included; the writer may SELECT and
  INSERT, the reader SELECT.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("entries", "entry_values", "nodes", "checkpoints")

STATEMENTS = """
CREATE TABLE ledger.entries (
    seq          bigint      PRIMARY KEY CHECK (seq >= 0),
    leaf_hash    bytea       NOT NULL CHECK (octet_length(leaf_hash) = 32),
    topic        text        NOT NULL,
    partition    integer     NOT NULL,
    "offset"     bigint      NOT NULL,
    received_at  timestamptz NOT NULL,
    value_hash   bytea       NOT NULL CHECK (octet_length(value_hash) = 32),
    refused      text,
    key          text,
    event_id     text,
    type         text,
    key_id       text,
    signature    text,
    divergent    boolean     NOT NULL DEFAULT false,
    action_id    text,
    agent        text,
    outcome      text,
    labels       text[]      NOT NULL DEFAULT '{}',
    event_time   timestamptz,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX entries_action ON ledger.entries (action_id, seq) WHERE action_id IS NOT NULL;
CREATE INDEX entries_event ON ledger.entries (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX entries_agent ON ledger.entries (agent, seq) WHERE agent IS NOT NULL;
CREATE INDEX entries_outcome ON ledger.entries (outcome, seq) WHERE outcome IS NOT NULL;
CREATE INDEX entries_labels ON ledger.entries USING gin (labels) WHERE labels <> '{}';
CREATE INDEX entries_time ON ledger.entries USING brin (event_time);
CREATE TABLE ledger.entry_values (
    seq   bigint PRIMARY KEY REFERENCES ledger.entries,
    salt  bytea  NOT NULL,
    value bytea
);
CREATE TABLE ledger.nodes (
    level smallint NOT NULL CHECK (level > 0),
    index bigint   NOT NULL CHECK (index >= 0),
    hash  bytea    NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);
COMMENT ON TABLE ledger.nodes IS 'Complete subtrees above the leaves; level 0 is entries.leaf_hash.';
CREATE TABLE ledger.checkpoints (
    size       bigint      PRIMARY KEY CHECK (size > 0),
    root       bytea       NOT NULL CHECK (octet_length(root) = 32),
    note       text        NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
GRANT USAGE ON SCHEMA ledger TO ledger_writer, ledger_reader;
"""


def upgrade() -> None:
    # Through the driver, so that % and : in the text are only characters.
    op.get_bind().exec_driver_sql(STATEMENTS.replace("%", "%%"))
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.{table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"
        )
        op.execute(f"GRANT SELECT, INSERT ON ledger.{table} TO ledger_writer")
        op.execute(f"GRANT SELECT ON ledger.{table} TO ledger_reader")


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back")
