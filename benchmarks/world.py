"""The running system that is measured, with an agent enrolled for the purpose."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uuid_utils.compat

from examples.nightly_export.__main__ import stage_from
from examples.nightly_export.demo import Stage
from infra.background import running_system
from placet.gate.proposal import Wish, make_proposal
from placet.kafka_settings import KafkaSettings
from placet.keys import Signer, encode_base64url
from placet.messages import Outgoing
from placet.trust import Trust
from placet.trust_store import load_root

AGENT = "nightly-export"
ALLOWED = {"sql": "SELECT plan, count(*) FROM customers WHERE country = 'DE' GROUP BY plan"}


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is, and the agent's key."""

    endpoints: dict[str, Any]
    stage: Stage
    signer: Signer = field(repr=False)
    trust: Trust

    def kafka(self, principal: str) -> KafkaSettings:
        """How a principal reaches the broker."""
        return KafkaSettings.model_validate_json(Path(self.endpoints["kafka_files"][principal]).read_bytes())

    @property
    def superuser_dsn(self) -> str:
        """PostgreSQL's owner."""
        return self.stage.superuser_dsn

    def proposals(self, count: int, *, name: str = "db.query", **arguments: Any) -> list[Outgoing]:
        """So many signed proposals of an action that the shipped policy allows, unless told otherwise."""
        return [self._proposal(name, arguments or ALLOWED) for _ in range(count)]

    def _proposal(self, name: str, arguments: dict[str, Any]) -> Outgoing:
        now = datetime.now(UTC)
        wish = Wish(
            name=name,
            resource="postgres://warehouse/customers",
            arguments=arguments,
            purpose="nightly totals for the plan report",
            deadline=now + timedelta(hours=1),
        )
        return make_proposal(
            wish,
            agent=AGENT,
            signer=self.signer,
            action_id=str(uuid_utils.compat.uuid7()),
            nonce=encode_base64url(secrets.token_bytes(16)),
            now=now,
            trust_digest=self.trust.digest,
        ).event


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Start the whole system, embedded, as `placet up` does."""
    with running_system(folder / "run", say=print) as path:
        endpoints = json.loads(path.read_text())
        stage = stage_from(path, folder / "stage")
        signer = Signer.load(Path(stage.agents[AGENT]["PLACET_SIGNING_KEY_FILE"]))
        trust = Trust.verify(Path(endpoints["trust_file"]).read_bytes(), load_root(stage.root_file))
        yield World(endpoints=endpoints, stage=stage, signer=signer, trust=trust)
