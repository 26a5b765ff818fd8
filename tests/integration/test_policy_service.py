"""The policy service as a real process on a real broker: decisions, reload, kills, and what it cannot read."""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from placet.canonical import sha256_hex
from placet.catalogue import CATALOGUE, Role, Topic
from placet.events import ActionDecided, ActionFailed, Facts, StatementKind, Verdict
from placet.grants import VerdictClaims, verify_claims
from placet.kafka_client import to_message
from placet.keys import encode_base64url
from placet.messages import Outgoing
from placet.verify import verify
from tests.factories import now
from tests.fix_chassis import Rig, Worker
from tests.policies import files

SELECT = Facts(statement_kinds=(StatementKind.SELECT,), statement_count=1)
ALLOW = '@id("all") @reason("Fine.") permit (principal, action, resource);'
DENY = '@id("none") @reason("Never.") forbid (principal, action, resource);'


class Service:
    """The process, with a policy folder that a test may change."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig, self.folder = rig, folder
        folder.mkdir()

    def write(self, policies: str) -> None:
        for name, content in files(policies).items():
            (self.folder / name).write_bytes(content)

    def start(self, **environment: str) -> Worker:
        return self.rig.start(module="services.policy", **{"PLACET_POLICY_FOLDER": str(self.folder), **environment})

    def shipped(self) -> Worker:
        return self.rig.start(module="services.policy")

    def ask(self, name: str = "db.query", **changes: Any) -> Outgoing:
        classified = self.rig.world.classified(self.rig.world.proposed(name=name, **changes), facts=SELECT)
        return self.rig.world.seal(classified, time=now())

    def opened(self, record: Any) -> Any:
        return verify(to_message(record), self.rig.world.trust(), now=now()).data

    def decided(self, *messages: Outgoing) -> list[ActionDecided]:
        """Send, and return one decision for each, in order."""
        self.rig.send(*messages)
        by_key = {record.key: self.opened(record) for record in self.rig.decided(messages)}
        return [by_key[message.key] for message in messages]

    def decides(self, verdict: Verdict) -> None:
        """Ask until the decision is this."""
        self.rig.until(lambda: self.decided(self.ask())[0].decision is verdict)


@pytest.fixture
def service(rig: Rig, tmp_path: Path) -> Service:
    return Service(rig, tmp_path / "policies")


def test_decisions_arrive_signed_and_leave_no_value_behind(service: Service) -> None:
    worker = service.shipped()
    read = service.ask(arguments={"sql": "SELECT count(*) FROM canary"}, purpose="canary")
    decided = service.decided(read, service.ask("payroll.pay"), service.ask("privilege.grant"))

    assert [one.decision for one in decided] == [Verdict.ALLOW, Verdict.DENY, Verdict.REVIEW]
    assert [one.rules for one in decided] == [("read/query",), ("always/undeclared-action",), ("privilege/change",)]
    for one in decided:
        claims, issuer = verify_claims(one.verdict, VerdictClaims, service.rig.world.trust(), at=now())
        assert issuer.role is Role.POLICY
        assert (claims.decision, claims.requirement) == (one.decision, one.requirement)
        assert (claims.policy, claims.input) == (one.policy_digest, one.input_digest)
    service.rig.until(lambda: worker.page("/readyz")[0] == 200)
    assert 'placet_decisions_total{decision="review"' in worker.page("/metrics")[1]
    assert worker.stop() == 0
    assert "canary" not in worker.log.read_text()
    assert {line["action_id"] for line in worker.logged("decided")} >= {one.action_id for one in decided}


def test_policies_are_exchanged_while_it_runs_and_broken_ones_are_not(service: Service) -> None:
    service.write(DENY)
    worker = service.start()
    (before,) = service.decided(service.ask())
    assert before.rules == ("none",)

    service.write(ALLOW)
    service.decides(Verdict.ALLOW)

    service.write("permit (principal")
    service.rig.until(lambda: worker.logged("policies_refused"))
    (kept,) = service.decided(service.ask())
    assert (kept.decision, kept.rules) == (Verdict.ALLOW, ("all",))
    assert kept.policy_digest != before.policy_digest
    status, page = worker.page("/readyz")
    assert status == 503
    assert "rules.cedar: bad_cedar" in json.loads(page)["checks"]["policies"]
    assert 'placet_policy_refused_total{code="bad_cedar"' in worker.page("/metrics")[1]

    service.write(DENY)
    service.decides(Verdict.DENY)
    service.rig.until(lambda: worker.page("/readyz")[0] == 200)


def test_without_policies_everything_is_denied_until_there_are_some(service: Service) -> None:
    worker = service.start()
    (denied,) = service.decided(service.ask())
    assert (denied.decision, denied.rules) == (Verdict.DENY, ("no_policy",))
    assert "everything is denied" in json.loads(worker.page("/readyz")[1])["checks"]["policies"]
    service.write(ALLOW)
    service.decides(Verdict.ALLOW)


def test_killed_in_the_middle_it_decides_everything_in_the_same_words(service: Service) -> None:
    worker = service.shipped()
    messages = [service.ask() for _ in range(120)]
    service.rig.send(*messages)
    service.rig.until(lambda: len(service.rig.of(Topic.DECIDED, {m.key for m in messages})) >= 20)
    worker.stop(signal.SIGKILL)
    service.shipped()

    said = defaultdict(set)
    for record in service.rig.decided(messages):
        said[record.key].add(record.value)

    assert len(said) == len(messages)
    assert all(len(values) == 1 for values in said.values())


def test_what_is_authentic_and_cannot_be_read_is_failed(service: Service) -> None:
    service.shipped()
    sound = service.ask()
    envelope = json.loads(sound.value)
    envelope["data"]["surprise"] = "x"
    value = json.dumps(envelope).encode()
    key = service.rig.world.services[Role.CLASSIFIER]
    spec = CATALOGUE[Topic.CLASSIFIED]
    signature = f"{key.key_id}:{encode_base64url(key.sign(spec.type, value))}".encode()
    service.rig.send(replace(sound, value=value, signature=signature))
    service.rig.until(lambda: service.rig.of(Topic.FAILED, [sound.key]))
    (failed,) = [service.opened(record) for record in service.rig.of(Topic.FAILED, [sound.key])]
    assert isinstance(failed, ActionFailed)
    assert (failed.agent, failed.code, failed.failed_sha256) == ("nightly-export", "unknown_field", sha256_hex(value))
    assert failed.action_id.encode() == sound.key
