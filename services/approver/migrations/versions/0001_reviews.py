"""Actions and who owns them, outcomes, reviews, votes, steps, and what is still to be published.

- `actions` and `outcomes` hold one row per action id, which nobody may change: the first to claim an id owns it, and
  an action ends once.
- The desk inserts votes, without saying when they were cast or whether they count, and reads what it shows.
- Triggers announce new votes, judged votes and changed reviews, and that something waits to be published.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE approver.actions (
    action_id uuid PRIMARY KEY,
    agent text NOT NULL,
    digest text NOT NULL,
    claimed_at timestamptz NOT NULL
);
COMMENT ON TABLE approver.actions IS 'Who owns an action id: the first authenticated agent and digest seen under it.';

CREATE TABLE approver.outcomes (
    action_id uuid PRIMARY KEY REFERENCES approver.actions,
    agent text NOT NULL,
    digest text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN
        ('allowed', 'denied', 'approved', 'rejected', 'expired', 'withdrawn', 'superseded')),
    reason_code text NOT NULL,
    reason_sentence text NOT NULL,
    retry text NOT NULL CHECK (retry IN ('never', 'after_change', 'later')),
    rules text[] NOT NULL,
    labels text[] NOT NULL,
    grant_id uuid CHECK ((grant_id IS NOT NULL) = (outcome IN ('allowed', 'approved'))),
    resolved_at timestamptz NOT NULL
);
CREATE INDEX outcomes_by_agent ON approver.outcomes (agent, resolved_at DESC);

CREATE TABLE approver.reviews (
    action_id uuid PRIMARY KEY REFERENCES approver.actions,
    agent text NOT NULL,
    owner text NOT NULL,
    on_behalf_of text,
    digest text NOT NULL,
    name text NOT NULL,
    resource text NOT NULL,
    purpose text NOT NULL,
    classified jsonb NOT NULL,
    reasons text[] NOT NULL,
    rules text[] NOT NULL,
    labels text[] NOT NULL,
    requirement jsonb NOT NULL,
    eligible jsonb NOT NULL,
    excluded text[] NOT NULL,
    satisfiable boolean NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN
        ('open', 'approved', 'rejected', 'expired', 'withdrawn', 'superseded', 'denied')),
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at <= deadline),
    deadline timestamptz NOT NULL,
    next_sequence integer NOT NULL CHECK (next_sequence > 0),
    escalated integer NOT NULL DEFAULT 0,
    escalates_at timestamptz,
    closed_at timestamptz CHECK ((closed_at IS NULL) = (state = 'open')),
    closed_code text,
    closed_sentence text,
    commitment text NOT NULL,
    verdict text NOT NULL,
    proposal jsonb NOT NULL,
    classification jsonb NOT NULL,
    trace text NOT NULL
);
COMMENT ON COLUMN approver.reviews.classified IS 'ActionClassified as published: masked.';
COMMENT ON COLUMN approver.reviews.escalated IS 'How many escalation steps were taken.';
COMMENT ON COLUMN approver.reviews.proposal IS 'Position of the original; its values are never stored here.';
CREATE INDEX reviews_inbox ON approver.reviews (opened_at DESC, action_id DESC) WHERE state = 'open';
CREATE INDEX reviews_closed ON approver.reviews (closed_at DESC, action_id DESC) WHERE state <> 'open';
CREATE INDEX reviews_expiry ON approver.reviews (expires_at) WHERE state = 'open';
CREATE INDEX reviews_escalation ON approver.reviews (escalates_at) WHERE state = 'open' AND escalates_at IS NOT NULL;
CREATE INDEX reviews_by_agent ON approver.reviews (agent) WHERE state = 'open';

CREATE TABLE approver.votes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id uuid NOT NULL UNIQUE,
    action_id uuid NOT NULL REFERENCES approver.reviews,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    reviewer text NOT NULL CHECK (reviewer ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$'),
    vote text NOT NULL CHECK (vote IN ('approve', 'reject')),
    reason text CHECK (char_length(reason) <= 1000),
    channel text NOT NULL CHECK (channel IN ('console', 'api', 'slack', 'teams')),
    authentication text NOT NULL CHECK (authentication IN ('none', 'channel', 'token', 'session', 'passkey')),
    cast_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    judged_at timestamptz,
    counted boolean CHECK ((counted IS NULL) = (judged_at IS NULL)),
    code text,
    sentence text
);
CREATE INDEX votes_pending ON approver.votes (id) WHERE judged_at IS NULL;
CREATE INDEX votes_of_review ON approver.votes (action_id, id);

CREATE TABLE approver.steps (
    action_id uuid NOT NULL REFERENCES approver.reviews,
    sequence integer NOT NULL CHECK (sequence >= 0),
    step text NOT NULL,
    recorded jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (action_id, sequence)
);

CREATE TABLE approver.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    signature bytea NOT NULL,
    trace text NOT NULL
);
COMMENT ON COLUMN approver.outbox.trace IS 'W3C traceparent to publish it with, or empty: telemetry, not evidence.';
COMMENT ON TABLE approver.outbox IS 'Sealed messages, published in this order and then deleted.';
"""

TRIGGERS = """
CREATE FUNCTION approver.announce_vote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('placet_votes', NEW.action_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER votes_cast AFTER INSERT ON approver.votes
    FOR EACH ROW EXECUTE FUNCTION approver.announce_vote();

CREATE FUNCTION approver.announce_judgement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('placet_judged', NEW.request_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER votes_judged AFTER UPDATE OF judged_at ON approver.votes
    FOR EACH ROW WHEN (OLD.judged_at IS NULL AND NEW.judged_at IS NOT NULL)
    EXECUTE FUNCTION approver.announce_judgement();

CREATE FUNCTION approver.announce_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('placet_reviews', NEW.action_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_changed AFTER INSERT OR UPDATE ON approver.reviews
    FOR EACH ROW EXECUTE FUNCTION approver.announce_review();

CREATE FUNCTION approver.announce_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('placet_outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_filled AFTER INSERT ON approver.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION approver.announce_outbox();

-- What is judged stays judged, and an ended review stays as it ended, whoever asks.
CREATE FUNCTION approver.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is settled and cannot change', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER votes_final BEFORE UPDATE ON approver.votes
    FOR EACH ROW WHEN (OLD.judged_at IS NOT NULL) EXECUTE FUNCTION approver.refuse_change();
-- Late votes are still numbered into the record of an ended review.
CREATE TRIGGER reviews_final
    BEFORE UPDATE OF state, escalated, escalates_at, closed_at, closed_code, closed_sentence ON approver.reviews
    FOR EACH ROW WHEN (OLD.state <> 'open') EXECUTE FUNCTION approver.refuse_change();
CREATE TRIGGER outcomes_final BEFORE UPDATE OR DELETE ON approver.outcomes
    FOR EACH ROW EXECUTE FUNCTION approver.refuse_change();
CREATE TRIGGER steps_final BEFORE UPDATE OR DELETE ON approver.steps
    FOR EACH ROW EXECUTE FUNCTION approver.refuse_change();
"""

GRANTS = """
GRANT USAGE ON SCHEMA approver TO settle, desk;

GRANT SELECT, INSERT ON approver.actions, approver.outcomes, approver.steps TO settle;
GRANT SELECT, INSERT, DELETE ON approver.outbox TO settle;
GRANT SELECT, INSERT ON approver.reviews TO settle;
GRANT UPDATE (state, next_sequence, escalated, escalates_at, closed_at, closed_code, closed_sentence)
    ON approver.reviews TO settle;
GRANT SELECT, UPDATE (judged_at, counted, code, sentence) ON approver.votes TO settle;

GRANT SELECT ON approver.outcomes, approver.reviews, approver.votes, approver.steps TO desk;
GRANT INSERT (request_id, action_id, digest, reviewer, vote, reason, channel, authentication)
    ON approver.votes TO desk;
"""


def upgrade() -> None:
    for statements in (TABLES, TRIGGERS, GRANTS):
        # Through the driver, so that % and : in the text are only characters.
        op.get_bind().exec_driver_sql(statements.replace("%", "%%"))


def downgrade() -> None:
    raise NotImplementedError("Outcomes are evidence: restore a backup instead of taking the tables away.")
