"""What the events carry: one class per event, past tense, closed and strict.

Rules:
- Every event names its action, its agent and the digest it is about; a consumer ignores what does not match its own.
- Only ActionProposed carries values in clear; from ActionClassified on, everything is masked.
- Lists are ordered and bounded; codes come from closed sets; nothing here has a default that means "allow".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from placet.base import (
    ActionId,
    ActionName,
    AgentId,
    Code,
    EventId,
    ExecutorId,
    JsonObject,
    JsonValue,
    Jws,
    Label,
    Nonce,
    PersonId,
    Resource,
    RuleId,
    Sentence,
    SessionId,
    Sha256,
    Strict,
    Timestamp,
)
from placet.forms import Forms
from placet.limits import MAX_FINDINGS, MAX_PURPOSE_CHARACTERS, MAX_RULES
from placet.requirement import Requirement

Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/]*)*$", max_length=4_000)]
"""RFC 6901 JSON pointer into {arguments, preview, purpose}, with sensitive key names already replaced."""


class Sensitivity(StrEnum):
    """How much harm a leak does; ordered from least to most."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Verdict(StrEnum):
    """What the policy decides about an action."""

    ALLOW = "allow"
    DENY = "deny"
    REVIEW = "review"


class Outcome(StrEnum):
    """How an action ended for its agent."""

    ALLOWED = "allowed"
    DENIED = "denied"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class Retry(StrEnum):
    """Whether proposing again makes sense."""

    NEVER = "never"
    AFTER_CHANGE = "after_change"
    LATER = "later"


class StatementKind(StrEnum):
    """What an SQL statement does; `unparsed` is treated as the worst of them."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    CREATE = "create"
    ALTER = "alter"
    DROP = "drop"
    TRUNCATE = "truncate"
    GRANT = "grant"
    REVOKE = "revoke"
    COPY = "copy"
    OTHER = "other"
    UNPARSED = "unparsed"


class Action(Strict):
    """One privileged operation. In ActionProposed the arguments are in clear, everywhere else masked."""

    name: ActionName
    resource: Resource
    arguments: JsonObject


class Position(Strict):
    """Where a message lies, and the hash of its bytes."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Finding(Strict):
    """One detected sensitive span, in the original text; offsets count Unicode code points."""

    entity_type: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
    pointer: Pointer
    in_key: bool = False
    """The span lies in the name of an object key, not in a value."""
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    score: Annotated[float, Field(ge=0, le=1)]
    recognizer: Annotated[str, StringConstraints(max_length=128)]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    """HMAC-SHA-256 of type and value under the classifier's own key, first 128 bits: equal values, equal marks, where
    `versions.fingerprint_key` is the same.
    """


class Uninspected(Strict):
    """A place that was not looked into; it is masked whole."""

    pointer: Pointer
    reason: Code
    """too_large, too_deep, too_slow, too_many, binary, error"""


class Facts(Strict):
    """What masking hides but policy needs. Closed: a new fact is a new version of the event."""

    destination_hosts: tuple[str, ...] = ()
    destination_domains: tuple[str, ...] = ()
    external_destination: bool = False
    statement_kinds: tuple[StatementKind, ...] = ()
    statement_count: Annotated[int, Field(ge=0)] = 0
    writes_in_query: bool = False
    """A statement that reads on its face and changes data inside, such as a data-changing CTE."""
    unbounded: bool = False
    """A read, update or delete without a WHERE or a LIMIT."""
    selects_all_columns: bool = False
    tables: tuple[str, ...] = ()
    string_count: Annotated[int, Field(ge=0)] = 0
    argument_bytes: Annotated[int, Field(ge=0)] = 0
    preview_records: Annotated[int, Field(ge=0)] = 0


class ClassifierVersions(Strict):
    """What classified: enough to do it again."""

    classifier: str
    models: dict[str, str]
    configuration: Sha256
    fingerprint_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] | None = None
    """The public id of the key of the fingerprints: only those under one key can be compared. None: not said."""


class EventData(Strict):
    """What every event about an action carries."""

    action_id: ActionId
    agent: AgentId
    digest: Sha256


class ActionProposed(EventData):
    """An agent asks. The commitment (JWS by the agent) binds who, what, where, when and which bytes."""

    on_behalf_of: PersonId | None
    commitment: Jws
    action: Action
    purpose: Annotated[str, StringConstraints(max_length=MAX_PURPOSE_CHARACTERS)]
    preview: JsonValue
    """A bounded sample of the data that would move, or null."""
    session: SessionId | None
    nonce: Nonce
    deadline: Timestamp
    edit_of: ActionId | None


class ActionClassified(EventData):
    """The classifier's finding: the action masked, and what policy needs to know about what was masked."""

    on_behalf_of: PersonId | None
    commitment: Jws
    action: Action
    purpose: str
    preview: JsonValue
    session: SessionId | None
    deadline: Timestamp
    edit_of: ActionId | None
    findings: Annotated[tuple[Finding, ...], Field(max_length=MAX_FINDINGS)]
    forms: Forms = Field(default_factory=dict)
    """What a reviewer may see of masked values, by placeholder; the words of a closed set."""
    labels: tuple[Label, ...]
    sensitivity: Sensitivity
    facts: Facts
    incomplete: tuple[Uninspected, ...]
    likeness: Sha256
    """HMAC-SHA-256 of agent, name, resource, arguments under a key of the classifier's: finds repeats, reveals nothing.
    A new key of fingerprints does not change it.
    """
    proposal: Position
    versions: ClassifierVersions


class ActionDecided(EventData):
    """The policy's verdict. `verdict` is its signed form; the rest says it in the open."""

    commitment: Jws
    decision: Verdict
    rules: Annotated[tuple[RuleId, ...], Field(max_length=MAX_RULES)]
    reasons: tuple[Sentence, ...]
    requirement: Requirement | None
    labels: tuple[Label, ...]
    likeness: Sha256
    """As the classification has it, so that a repeat of what people rejected is known even where policy allows."""
    policy_digest: Sha256
    input_digest: Sha256
    """SHA-256 over the canonical form of exactly what the policy engine was asked."""
    proposal: Position
    classification: Position
    verdict: Jws


class Stage(StrEnum):
    """Where an action failed."""

    CLASSIFY = "classify"
    DECIDE = "decide"


class ActionFailed(Strict):
    """An authentic message could not be processed. Settle resolves it as denied."""

    action_id: ActionId
    agent: AgentId
    digest: Sha256 | None
    """None where the failed message was too broken to tell."""
    stage: Stage
    code: Code
    failed_sha256: Sha256


class ReviewStep(StrEnum):
    """What can happen to a review."""

    OPENED = "opened"
    NOTIFIED = "notified"
    VOTED = "voted"
    REVEALED = "revealed"
    ESCALATED = "escalated"
    EXTENDED = "extended"
    DELEGATED = "delegated"
    EDITED = "edited"
    ASKED = "asked"
    ANSWERED = "answered"
    CLOSED = "closed"


class Authentication(StrEnum):
    """How strongly an actor was authenticated, weakest first."""

    NONE = "none"
    CHANNEL = "channel"
    TOKEN = "token"  # noqa: S105 - a kind of authentication, not a secret
    SESSION = "session"
    PASSKEY = "passkey"


class VoteKind(StrEnum):
    """What a reviewer says."""

    APPROVE = "approve"
    REJECT = "reject"


class EligibleReviewer(Strict):
    """A person who may vote, and through which groups."""

    person: PersonId
    groups: tuple[str, ...]


class ReviewRecorded(EventData):
    """One step of a review, numbered without gaps from 0."""

    sequence: Annotated[int, Field(ge=0)]
    step: ReviewStep
    actor: PersonId | None
    """None: Placet itself, by rule or by clock."""
    channel: Literal["console", "api", "slack", "teams", "system"]
    authentication: Authentication
    vote: VoteKind | None = None
    counted: bool | None = None
    """Whether the vote counts; a refused vote is recorded with its code."""
    code: Code | None = None
    reason: Sentence | None = None
    """The person's own text, after redaction; or Placet's sentence."""
    eligible: tuple[EligibleReviewer, ...] | None = None
    """In opened and closed: who was eligible then; in a counted vote: its voter, who may join or leave in between."""
    excluded: tuple[PersonId, ...] | None = None
    """In opened and closed: who was not, because the action is theirs."""
    requirement: Requirement | None = None
    """In opened."""
    expires_at: Timestamp | None = None
    """In opened."""
    outcome: Outcome | None = None
    """In closed."""


class OutcomeReason(Strict):
    """Why an action ended as it did: a code for machines, a sentence for people."""

    code: Code
    sentence: Sentence


class ActionResolved(EventData):
    """The one outcome of an action, and the grant where it may run."""

    outcome: Outcome
    reason: OutcomeReason
    retry: Retry
    rules: Annotated[tuple[RuleId, ...], Field(max_length=MAX_RULES)]
    labels: tuple[Label, ...]
    superseded_by: ActionId | None
    proposal: Position | None
    """Where the original lies, for executors that fetch it themselves; None where none was decided about."""
    grant: Jws | None


class ActionFollowed(EventData):
    """The agent follows up its own action."""

    step: Literal["withdrawn", "answered"]
    sequence: Annotated[int, Field(ge=0)]
    answer: Sentence | None = None


class ExecutionStatus(StrEnum):
    """What became of a grant at the executor."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class ActionExecuted(EventData):
    """The executor's report: counts and hashes, never values, never exception text."""

    executor: ExecutorId
    attempt: EventId
    """Tells several refused attempts at one action apart."""
    grant_id: EventId | None
    status: ExecutionStatus
    code: Code
    counts: dict[Code, int] = Field(default_factory=dict, max_length=16)
    hashes: dict[Code, Sha256] = Field(default_factory=dict, max_length=16)
    started_at: Timestamp | None
    finished_at: Timestamp


class LedgerCheckpointed(Strict):
    """The ledger's signed head (C2SP tlog-checkpoint)."""

    origin: str
    size: Annotated[int, Field(ge=0)]
    root: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    note: Annotated[str, StringConstraints(max_length=10_000)]
