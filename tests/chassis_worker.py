"""A trivial policy, as a process of its own: answers every classified action with allow; misbehaves on request.

What it does wrong is asked for by the action's name, so that a test decides message by message:
`test.poison` raises, `test.unready` waits for the file PLACET_TEST_GATE, `test.slow` takes a second,
`test.stuck` an hour,
`test.panic` raises what is no Exception. With PLACET_TEST_FAULT the runner itself is at fault.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from placet.catalogue import Topic
from placet.events import ActionClassified, ActionDecided, ActionFailed, Stage, Verdict
from placet.grants import VerdictClaims, commitment_digest, sign_claims
from placet.keys import Signer
from placet.messages import Outgoing, seal
from placet.trust_store import TrustStore
from placet.verify import Authenticated, Verified
from services.chassis import logs, process
from services.chassis.errors import TransientError
from services.chassis.pipeline import Pipeline
from services.chassis.runner import run_stream
from services.chassis.settings import StreamSettings


class Panic(BaseException):
    """As Rust's panics come through pyo3: not an Exception, and its text may quote a value."""


class EchoSettings(StreamSettings):
    service = "policy"


class Echo:
    """As the policy service in shape: consumes classified, produces decided and failed."""

    consumes = (Topic.CLASSIFIED,)

    def __init__(self, signer: Signer, trust: TrustStore, gate: Path | None = None) -> None:
        self._signer, self._trust, self._gate = signer, trust, gate

    def handle(self, batch: Sequence[Verified[Any]]) -> Sequence[Sequence[Outgoing]]:
        return [self._one(message) for message in batch]

    def _one(self, message: Verified[ActionClassified]) -> Sequence[Outgoing]:
        classified = message.data
        match classified.action.name:
            case "test.poison":
                raise RuntimeError(f"cannot digest {classified.purpose}")
            case "test.unready" if self._gate is not None and not self._gate.exists():
                raise TransientError("test_gate")
            case "test.panic":
                raise Panic(classified.purpose)
            case "test.slow":
                logs.get_logger().info("slow_began")
                time.sleep(1)
            case "test.stuck" if "PLACET_TEST_SKIP" not in os.environ:
                time.sleep(3600)
        claims = VerdictClaims(
            action_id=classified.action_id,
            commitment=commitment_digest(classified.commitment),
            decision=Verdict.ALLOW,
            rules=("test/echo",),
            requirement=None,
            policy="3" * 64,
            input="4" * 64,
            trust=message.envelope.trustdigest,
            decided_at=message.envelope.time,
        )
        decided = ActionDecided(
            action_id=classified.action_id,
            agent=classified.agent,
            digest=classified.digest,
            commitment=classified.commitment,
            decision=Verdict.ALLOW,
            rules=claims.rules,
            reasons=("echo",),
            requirement=None,
            labels=classified.labels,
            likeness=classified.likeness,
            policy_digest=claims.policy,
            input_digest=claims.input,
            proposal=classified.proposal,
            classification=message.message.position,
            verdict=sign_claims(claims, self._signer),
        )
        # Time and trust digest are the incoming event's: the same message gives the same bytes.
        return [
            seal(decided, self._signer, time=message.envelope.time, trust_digest=message.envelope.trustdigest),
        ]

    def unprocessable(self, authentic: Authenticated, code: str) -> Sequence[Outgoing]:
        message = authentic.message
        failed = ActionFailed(
            action_id=(message.key or b"").decode(),
            agent="nightly-export",
            digest=None,
            stage=Stage.DECIDE,
            code=code,
            failed_sha256=message.position.sha256,
        )
        trust = self._trust.current()
        return [seal(failed, self._signer, time=trust.document.issued_at, trust_digest=trust.digest)]


def main() -> None:
    settings = EchoSettings.load()
    process.begin(settings)
    trust = settings.trust_store()
    gate = os.environ.get("PLACET_TEST_GATE")
    if "PLACET_TEST_FAULT" in os.environ:
        Pipeline.decide = lambda *_: 1 // 0  # type: ignore[method-assign,assignment]  # a fault no service can make
    run_stream(Echo(settings.signer, trust, Path(gate) if gate else None), settings=settings, trust=trust)


if __name__ == "__main__":
    process.run(main)
