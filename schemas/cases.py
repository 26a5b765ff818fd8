"""The published examples: one truthful action from proposal to checkpoint, and its ways to be wrong.

Rules: deterministic to the byte (fixed keys, ids, times), signed for real with keys that exist for this purpose only,
and verifiable with the trust file that lies beside them. A person can read the whole story in `examples/`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from placet import enrol, events
from placet.base import Strict
from placet.canonical import payload_bytes, sha256_hex
from placet.catalogue import SERVICE_ROLES, Role, derived_id
from placet.grants import (
    Commitment,
    GrantClaims,
    VerdictClaims,
    commitment_digest,
    grant_id,
    grant_window,
    sign_claims,
)
from placet.keys import Signer, encode_base64url
from placet.requirement import Requirement, parse
from placet.trust import TrustDocument

NOW: Final = datetime(2026, 1, 15, 2, 0, tzinfo=UTC)
ACTION_ID: Final = "019bbf4f-2400-7000-8000-000000000001"
AGENT: Final = "nightly-export"
EXECUTOR: Final = "warehouse"


def example_signer(principal: str) -> Signer:
    """A key derived from its principal's name: public knowledge, good for examples only."""
    raw = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"placet example {principal}".encode()).digest())
    jwk: dict[str, str | list[str]] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": encode_base64url(raw.public_key().public_bytes_raw()),
        "d": encode_base64url(raw.private_bytes_raw()),
    }
    return Signer.of(principal, OKPKey.import_key(jwk))


ROOT: Final = example_signer("/root")
SERVICES: Final = {role: example_signer(f"/services/{role}") for role in sorted(SERVICE_ROLES)}
AGENT_KEY: Final = example_signer(f"/agents/{AGENT}")
EXECUTOR_KEY: Final = example_signer(f"/executors/{EXECUTOR}")


def trust_document() -> TrustDocument:
    """The trust file under which the examples verify."""
    document = enrol.new_document({role: key.public.jwk for role, key in SERVICES.items()}, now=NOW)
    document = enrol.add_agent(document, AGENT, AGENT_KEY.public.jwk, owner="dave", on_behalf_of=("frank",), now=NOW)
    return enrol.add_executor(
        document, EXECUTOR, EXECUTOR_KEY.public.jwk, serves=("postgres://warehouse", "s3://partner-bucket"), now=NOW
    )


@dataclass(frozen=True, slots=True)
class Example:
    """One valid event, named by what it shows."""

    name: str
    data: Strict
    signer: Signer


def story(trust_digest: str) -> list[Example]:
    """An export that is held, approved and run; then the events that other stories have."""
    arguments = {
        "table": "customers",
        "columns": ["email", "plan"],
        "destination": "s3://partner-bucket/2026-01-15.csv",
    }
    preview = [{"email": "ada@example.com", "plan": "pro"}]
    purpose = "monthly partner report"
    nonce = encode_base64url(hashlib.sha256(b"example nonce").digest()[:16])
    deadline = NOW + timedelta(hours=1)
    digest = sha256_hex(payload_bytes(arguments=arguments, preview=preview, purpose=purpose, nonce=nonce))
    about: dict[str, Any] = {"action_id": ACTION_ID, "agent": AGENT, "digest": digest}
    name, resource = "export.customers", "postgres://warehouse/customers"
    commitment = sign_claims(
        Commitment(**about, on_behalf_of=None, name=name, resource=resource, deadline=deadline, edit_of=None),
        AGENT_KEY,
    )
    proposal = events.Position(topic="actions.proposed.v1", partition=3, offset=41, sha256=sha256_hex(b"proposal"))
    classification = proposal.model_copy(update={"topic": "actions.classified.v1"})
    requirement = Requirement(approvals=parse("1 from data-owners"), timeout_seconds=900, channels=("console",))
    verdict = sign_claims(
        VerdictClaims(
            action_id=ACTION_ID,
            commitment=commitment_digest(commitment),
            decision=events.Verdict.REVIEW,
            rules=("export/external",),
            requirement=requirement,
            policy=sha256_hex(b"policy"),
            input=sha256_hex(b"input"),
            trust=trust_digest,
            decided_at=NOW,
        ),
        SERVICES[Role.POLICY],
    )
    not_before, expires = grant_window(NOW, deadline)
    grant = sign_claims(
        GrantClaims(
            sub=f"/agents/{AGENT}",
            aud=f"/executors/{EXECUTOR}",
            jti=grant_id(ACTION_ID),
            action_id=ACTION_ID,
            digest=digest,
            commitment=commitment,
            verdict=verdict,
            reviewers=("alice",),
            trust=trust_digest,
            nbf=not_before,
            exp=expires,
        ),
        SERVICES[Role.SETTLE],
    )
    settle, classifier, policy = SERVICES[Role.SETTLE], SERVICES[Role.CLASSIFIER], SERVICES[Role.POLICY]
    action = events.Action(name=name, resource=resource, arguments=arguments)
    shared: dict[str, Any] = {
        **about,
        "on_behalf_of": None,
        "commitment": commitment,
        "purpose": purpose,
        "session": None,
        "deadline": deadline,
        "edit_of": None,
    }
    finding = events.Finding(
        entity_type="EMAIL_ADDRESS",
        pointer="/preview/0/email",
        start=0,
        end=15,
        score=1.0,
        recognizer="EmailRecognizer",
        fingerprint=sha256_hex(b"fingerprint")[:32],
    )
    eligible = (events.EligibleReviewer(person="alice", groups=("data-owners",)),)
    step: dict[str, Any] = {"actor": None, "channel": "system", "authentication": events.Authentication.NONE}
    executed: dict[str, Any] = {"executor": EXECUTOR, "grant_id": grant_id(ACTION_ID), "finished_at": NOW}
    return [
        Example("export", events.ActionProposed(**shared, action=action, preview=preview, nonce=nonce), AGENT_KEY),
        Example(
            "masked",
            events.ActionClassified(
                **shared,
                action=action,
                preview=[{"email": "‹EMAIL_ADDRESS_1›", "plan": "pro"}],
                findings=(finding,),
                forms={"‹EMAIL_ADDRESS_1›": "at example.org"},
                labels=("pii",),
                sensitivity=events.Sensitivity.CONFIDENTIAL,
                facts=events.Facts(
                    destination_hosts=("partner-bucket",), external_destination=True, tables=("customers",)
                ),
                incomplete=(),
                likeness=sha256_hex(b"likeness"),
                proposal=proposal,
                versions=events.ClassifierVersions(
                    classifier="0.1.0", models={"en_core_web_sm": "3.8.0"}, configuration=sha256_hex(b"configuration"),
                    fingerprint_key=sha256_hex(b"fingerprint key")[:16],
                ),
            ),
            classifier,
        ),
        Example(
            "review",
            events.ActionDecided(
                **about,
                commitment=commitment,
                decision=events.Verdict.REVIEW,
                rules=("export/external",),
                reasons=("Customer data leaves for an external destination.",),
                requirement=requirement,
                labels=("pii",),
                likeness=sha256_hex(b"likeness"),
                policy_digest=sha256_hex(b"policy"),
                input_digest=sha256_hex(b"input"),
                proposal=proposal,
                classification=classification,
                verdict=verdict,
            ),
            policy,
        ),
        Example(
            "opened",
            events.ReviewRecorded(
                **about, **step, sequence=0, step=events.ReviewStep.OPENED, eligible=eligible, excluded=("dave",),
                requirement=requirement, expires_at=NOW + timedelta(seconds=900),
            ),
            settle,
        ),
        Example(
            "voted",
            events.ReviewRecorded(
                **about, sequence=1, step=events.ReviewStep.VOTED, actor="alice", channel="console",
                authentication=events.Authentication.SESSION, vote=events.VoteKind.APPROVE, counted=True,
                eligible=eligible,
            ),
            settle,
        ),
        Example(
            "closed",
            events.ReviewRecorded(
                **about, **step, sequence=2, step=events.ReviewStep.CLOSED, eligible=eligible, excluded=("dave",),
                outcome=events.Outcome.APPROVED,
            ),
            settle,
        ),
        Example(
            "approved",
            events.ActionResolved(
                **about,
                outcome=events.Outcome.APPROVED,
                reason=events.OutcomeReason(code="approved", sentence="Approved by alice."),
                retry=events.Retry.NEVER,
                rules=("export/external",),
                labels=("pii",),
                superseded_by=None,
                proposal=proposal,
                grant=grant,
            ),
            settle,
        ),
        Example(
            "succeeded",
            events.ActionExecuted(
                **about, **executed, attempt=derived_id(ACTION_ID, "placet.attempt", "1"), code="done",
                status=events.ExecutionStatus.SUCCEEDED, counts={"rows": 3000}, started_at=NOW,
                hashes={"file": sha256_hex(b"file")},
            ),
            EXECUTOR_KEY,
        ),
        Example(
            "refused",
            events.ActionExecuted(
                **about, **executed, attempt=derived_id(ACTION_ID, "placet.attempt", "2"), code="already_redeemed",
                status=events.ExecutionStatus.REFUSED, started_at=None,
            ),
            EXECUTOR_KEY,
        ),
        Example("withdrawn", events.ActionFollowed(**about, step="withdrawn", sequence=0), AGENT_KEY),
        Example(
            "undecodable",
            events.ActionFailed(
                action_id=ACTION_ID, agent=AGENT, digest=None, stage=events.Stage.CLASSIFY, code="unknown_field",
                failed_sha256=sha256_hex(b"failed"),
            ),
            classifier,
        ),
        Example(
            "head",
            events.LedgerCheckpointed(
                origin="placet.example/ledger", size=0, root="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                note="placet.example/ledger\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
                "— placet.example/ledger AAAAAA==\n",
            ),
            SERVICES[Role.LEDGER],
        ),
    ]  # fmt: skip


def spoiled(value: bytes) -> dict[str, bytes]:
    """A valid event's ways to be undecodable, by the code that `placet.messages.decode` gives each."""
    text = value.decode()
    assert text.startswith('{"specversion":"1.0"')  # noqa: S101 - the generator's own precondition
    inside = text.index('"data":{') + len('"data":{')
    return {
        "unknown_field": text[:inside].encode() + b'"surprise":1,' + text[inside:].encode(),
        "missing_field": text.replace('"specversion":"1.0",', "", 1).encode(),
        "duplicate_key": text[:1].encode() + b'"specversion":"1.0",' + text[1:].encode(),
        "non_finite": text[:inside].encode() + b'"surprise":NaN,' + text[inside:].encode(),
        "integer_range": text[:inside].encode() + b'"surprise":9007199254740993,' + text[inside:].encode(),
        "too_deep": text[:inside].encode() + b'"surprise":' + b"[" * 40 + b"]" * 40 + b"," + text[inside:].encode(),
        "lone_surrogate": text[:inside].encode() + b'"surprise":"\\ud800",' + text[inside:].encode(),
        "not_json": value[:-1],
        "not_utf8": text[:inside].encode() + b'"surprise":"\xff",' + text[inside:].encode(),
        "bad_value": text.replace('"specversion":"1.0"', '"specversion":"9.9"', 1).encode(),
    }  # fmt: skip
