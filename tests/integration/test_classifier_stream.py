"""The classifier as a real process on a real broker: canaries, kills, poison, and what it leaves behind."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from placet.canonical import sha256_hex
from placet.catalogue import CATALOGUE, Topic
from placet.events import ActionClassified, ActionFailed, StatementKind
from placet.fingerprint_file import renew
from placet.kafka_client import to_message
from placet.keys import encode_base64url
from placet.messages import Outgoing
from placet.verify import verify
from tests.classifier_parts import owned
from tests.factories import now
from tests.fix_chassis import Rig, Worker

PATIENT = 120.0
"""The model is read from disk, on a machine that may be busy."""
CANARY = "Zanzibar-4711-canary"


class Service:
    """The process, and what it is asked."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def start(self, **environment: str) -> Worker:
        key = self.rig.keys / "services" / "classifier.key.json"
        principal = self.rig.kafka.settings("classifier").to_env()
        given = {**principal, "PLACET_SIGNING_KEY_FILE": str(key), **environment}
        return self.rig.start(module="services.classifier", **given)

    def propose(self, **changes: Any) -> Outgoing:
        return self.rig.world.seal(self.rig.world.proposed(**changes), time=now())

    def results(self, messages: Sequence[Outgoing]) -> list[Any]:
        """Send, and return the first answer to each, opened as the next service would."""
        self.rig.send(*messages)
        return self.answers(messages)

    def answers(self, messages: Sequence[Outgoing]) -> list[Any]:
        keys = [message.key for message in messages]

        def seen() -> dict[bytes, Any]:
            return {r.key: r for topic in (Topic.FAILED, Topic.CLASSIFIED) for r in self.rig.of(topic, keys)}

        self.rig.until(lambda: set(keys) <= set(seen()), within=PATIENT)
        found = seen()
        return [verify(to_message(found[key]), self.rig.world.trust(), now=now()).data for key in keys]


@pytest.fixture
def service(rig: Rig) -> Service:
    return Service(rig)


def test_actions_are_classified_masked_and_leave_no_value_behind(service: Service) -> None:
    worker = service.start()
    read, hostile, fine, crooked = (
        service.propose(arguments={"sql": "SELECT country, count(*) FROM customers GROUP BY country"}),
        service.propose(
            arguments={"steps": [{"run": ["x", {f"password={CANARY}": 1}]}], "token": CANARY},
            purpose=f"the password is {CANARY}",
            preview=[{"note": f"Authorization: Bearer {CANARY}"}],
        ),
        service.propose(arguments={"sql": "/* x */ dRoP\nTABLE customers"}, purpose="for jane@acme.example"),
        service.rig.world.seal(
            service.rig.world.proposed().model_copy(update={"purpose": CANARY}), time=now()
        ),
    )  # fmt: skip
    first, second, third, fourth = service.results([read, hostile, fine, crooked])

    assert isinstance(first, ActionClassified)
    assert (first.labels, first.facts.statement_kinds, first.findings) == ((), (StatementKind.SELECT,), ())
    assert first.action.arguments == {"sql": "SELECT country, count(*) FROM customers GROUP BY country"}
    assert set(first.versions.models) == {"presidio", "rampart", "rules"}
    assert second.labels == ("credential", "pii")
    assert {finding.pointer.rsplit("/", 1)[0] for finding in second.findings} >= {
        "/arguments/steps/0/run/1",
        "/preview/0",
    }
    assert third.facts.statement_kinds == (StatementKind.DROP,)
    assert third.purpose == "for ‹EMAIL_ADDRESS_1›"
    assert isinstance(fourth, ActionFailed)
    assert fourth.code == "digest_mismatch"

    service.rig.until(lambda: worker.page("/readyz")[0] == 200)
    assert re.search(r'placet_classified_total\{[^}]*sensitivity="restricted"', worker.page("/metrics")[1])
    children = psutil.Process(worker.process.pid).children(recursive=True)
    assert worker.stop() == 0
    psutil.wait_procs(children, timeout=15)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert CANARY not in worker.log.read_text()
    for record in service.rig.seen:
        assert CANARY.encode() not in record.value


def test_a_killed_process_loses_and_changes_nothing(service: Service) -> None:
    worker = service.start()
    service.results([service.propose()])
    waiting = [service.propose(arguments={"n": number}) for number in range(40)]
    service.rig.send(*waiting)
    worker.stop(signal.SIGKILL)
    service.start()
    assert [one.action.arguments["n"] for one in service.answers(waiting)] == list(range(40))
    published = {
        (record.key, record.value) for record in service.rig.of(Topic.CLASSIFIED, [one.key for one in waiting])
    }
    assert len(published) == len(waiting), "a redelivered proposal gives the same bytes"


def test_a_dead_worker_process_and_what_cannot_be_read_stop_nothing(service: Service) -> None:
    worker = service.start()
    service.results([service.propose()])
    servers = [one for one in psutil.Process(worker.process.pid).children() if "forkserver" in " ".join(one.cmdline())]
    for child in [child for server in servers for child in server.children()]:
        child.kill()
    (after,) = service.results([service.propose(arguments={"a": "jane@acme.example"})])
    assert after.action.arguments == {"a": "‹EMAIL_ADDRESS_1›"}
    assert not after.incomplete

    good = service.propose()
    value = good.value.replace(b'"specversion":"1.0"', b'"specversion":"9.9"', 1)
    spec, signer = CATALOGUE[Topic.PROPOSED], service.rig.world.agents["nightly-export"]
    signature = f"{signer.key_id}:{encode_base64url(signer.sign(spec.type, value))}".encode()
    poison = replace(good, value=value, signature=signature)
    forged = replace(service.propose(), signature=good.signature)
    after = service.propose(arguments={"n": 1})
    failed, classified = service.results([poison, after])[0], service.answers([after])[0]
    assert isinstance(failed, ActionFailed)
    assert failed.failed_sha256 == sha256_hex(value)
    assert failed.agent == "nightly-export"
    service.rig.send(forged)
    assert classified.action.arguments == {"n": 1}
    (still,) = service.results([service.propose(arguments={"n": 2})])
    assert still.action.arguments == {"n": 2}
    assert not service.rig.of(Topic.CLASSIFIED, [forged.key])
    assert not service.rig.of(Topic.FAILED, [forged.key])
    assert worker.process.poll() is None


def test_the_owners_files_change_while_actions_flow_and_a_bad_one_changes_nothing(
    service: Service, tmp_path: Path
) -> None:
    first = owned(tmp_path, "nachtigall")
    worker = service.start(PLACET_CLASSIFIER_OWN_FILE=str(tmp_path / "own.yaml"))
    (before,) = service.results([service.propose(arguments={"note": "about nachtigall, kranich"})])
    assert before.action.arguments == {"note": "about ‹OURS_1›, kranich"}
    assert before.versions.configuration == first.digest

    second = owned(tmp_path, "kranich")
    answered: list[ActionClassified] = []

    def in_force() -> bool:
        batch = [service.propose(arguments={"note": "about nachtigall, kranich", "n": n}) for n in range(5)]
        answered.extend(service.results(batch))
        return answered[-1].versions.configuration == second.digest

    service.rig.until(in_force, within=PATIENT)
    masked = {first.digest: "about ‹OURS_1›, kranich", second.digest: "about nachtigall, ‹OURS_1›"}
    assert [one.action.arguments for one in answered] == [
        {"note": masked[one.versions.configuration], "n": number % 5} for number, one in enumerate(answered)
    ]
    assert all("ours" in one.labels and not one.incomplete for one in answered)

    (tmp_path / "terms.txt").write_text("kranich\n-\n")
    service.rig.until(lambda: "terms.txt line 2" in worker.page("/readyz")[1], within=PATIENT)
    (after,) = service.results([service.propose(arguments={"note": "kranich"})])
    assert (after.action.arguments, after.versions.configuration) == ({"note": "‹OURS_1›"}, second.digest)
    assert "placet_configuration_refused_total 1.0" in worker.page("/metrics")[1]
    assert "nachtigall" not in worker.log.read_text()


def test_the_fingerprint_key_is_rotated_while_actions_flow_and_repeats_are_still_known(
    service: Service, tmp_path: Path
) -> None:
    keys = tmp_path / "fingerprint.secret"
    first = renew(keys)
    worker = service.start(PLACET_CLASSIFIER_FINGERPRINT_KEY_FILE=str(keys))
    arguments = {"to": "sales@example.org"}
    (before,) = service.results([service.propose(arguments=arguments)])
    assert before.versions.fingerprint_key == first.id
    assert before.forms == {"‹EMAIL_ADDRESS_1›": "at example.org"}

    second = renew(keys)
    answered: list[ActionClassified] = [before]

    def in_force() -> bool:
        answered.extend(service.results([service.propose(arguments=arguments) for _ in range(3)]))
        return answered[-1].versions.fingerprint_key == second.id

    service.rig.until(in_force, within=PATIENT)
    marks = {(one.versions.fingerprint_key, one.findings[0].fingerprint) for one in answered}
    assert {key for key, _ in marks} == {first.id, second.id}
    assert len(marks) == 2, "one key, one mark of a value"
    assert len({one.likeness for one in answered}) == 1
    assert len({one.versions.configuration for one in answered}) == 1

    keys.write_text("too short\n")
    service.rig.until(lambda: "fingerprint.secret line 1 is no key" in worker.page("/readyz")[1], within=PATIENT)
    (after,) = service.results([service.propose(arguments=arguments)])
    assert after.versions.fingerprint_key == second.id
    assert "too short" not in worker.log.read_text()
