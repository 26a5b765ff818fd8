"""The statements of settle's tables that are more than a line; values are bound by name."""

from __future__ import annotations

from typing import Final

CLAIM: Final = """
    INSERT INTO approver.actions (action_id, agent, digest, claimed_at)
    SELECT *, %(now)s::timestamptz FROM unnest(%(ids)s::uuid[], %(agents)s::text[], %(digests)s::text[])
    ON CONFLICT DO NOTHING RETURNING action_id::text
"""
END: Final = """
    INSERT INTO approver.outcomes
        (action_id, agent, digest, outcome, reason_code, reason_sentence, retry, rules, labels, grant_id, resolved_at)
    VALUES
        (%(action_id)s, %(agent)s, %(digest)s, %(outcome)s, %(code)s, %(sentence)s, %(retry)s, %(rules)s, %(labels)s,
         %(grant_id)s, %(at)s)
"""
# In the order of the agents, so that two who queue up never deadlock; 0x706C6163657403 tells these locks from others.
QUEUE_UP: Final = """
    SELECT pg_advisory_xact_lock(hashtextextended(agent, 31644362926814211))
    FROM (SELECT unnest(%(agents)s::text[]) AS agent ORDER BY 1) AS sorted
"""
PENDING: Final = """
    SELECT agent, count(*) AS pending FROM approver.reviews
    WHERE state = 'open' AND agent = ANY(%(agents)s::text[]) GROUP BY agent
"""
# Spelled as the index `reviews_rejected` is.
REJECTED: Final = """
    SELECT asked.agent, asked.likeness, (
        SELECT max(closed_at) FROM approver.reviews AS past WHERE past.state = 'rejected'
        AND past.agent = asked.agent AND past.classified->>'likeness' = asked.likeness AND past.closed_at > %(since)s
    ) AS rejected_at FROM unnest(%(agents)s::text[], %(likenesses)s::text[]) AS asked (agent, likeness)
"""
PUBLISH: Final = """
    INSERT INTO approver.outbox (topic, key, value, signature, trace)
    VALUES (%(topic)s, %(key)s, %(value)s, %(signature)s, %(trace)s)
"""
# One judge at a time of what one person's passkey proved; 0x706C6163657404 tells these locks from others.
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(reviewer)s, 31644362926814212))"
SPENT: Final = """
    SELECT EXISTS (
        SELECT FROM approver.votes WHERE reviewer = %(reviewer)s AND authenticated_at = %(at)s AND counted
    )
"""
JUDGE: Final = """
    UPDATE approver.votes SET judged_at = %(now)s, counted = %(counted)s, code = %(code)s, sentence = %(sentence)s,
        authenticated_at = %(authenticated_at)s, evidence = NULL
    WHERE id = %(id)s
"""
