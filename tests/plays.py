"""Actions that carry canaries in every place an agent or a reviewer can put text, played in a running system.

Each play ends as its comment says, so that each store has had its chance to keep what it was shown.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaProducer

from examples.nightly_export.scenarios import EXPORT, WAREHOUSE, World
from placet.catalogue import CATALOGUE, Topic
from placet.kafka_settings import KafkaSettings
from placet.keys import Signer, encode_base64url
from placet.messages import SIGNATURE_HEADER
from services.classifier.analysis.walk import Limits
from tests.canaries import CREDENTIALS, PERSONAL, Flock, Kind
from tests.factories import new_action_id
from tests.systems import RunningSystem

AGENT = "nightly-export"


@dataclass
class Played:
    """What was played. `shown` are the actions a reviewer can open."""

    flock: Flock
    began: float = field(default_factory=time.time)
    ended: dict[str, str] = field(default_factory=dict)
    """Play → how it ended."""
    actions: dict[str, str] = field(default_factory=dict)
    """Play → action id."""

    @property
    def shown(self) -> list[str]:
        return [self.actions[play] for play in ("executor refuses", "constraint", "too large", "rejected")]


def play(system: RunningSystem, world: World) -> Played:
    """Every play, one after the other, and the ledger at rest."""
    played = Played(Flock())
    stage = _Stage(system, world, played)
    stage.executor_refuses()
    stage.statement_fails()
    stage.constraint_is_violated()
    stage.rejected()
    stage.credentials()
    stage.credential_in_the_open()
    stage.too_large()
    stage.undetectable()
    stage.malformed("malformed", signer_of(system), Topic.PROPOSED)
    stage.malformed("not authentic", Signer.generate(f"/agents/{AGENT}"), Topic.PROPOSED)
    system.ledger.wait_until_quiet()
    return played


def signer_of(system: RunningSystem) -> Signer:
    return Signer.load(Path(system.stage.agents[AGENT]["PLACET_SIGNING_KEY_FILE"]))


@dataclass
class _Stage:
    system: RunningSystem
    world: World
    played: Played

    def executor_refuses(self) -> None:
        """Approved, with a reason full of what people should not paste; refused for arguments nothing takes."""
        held = self._propose("executor refuses", **self._export())
        self._approve(held, reason=self._pasted())
        self._run("executor refuses", held)

    def statement_fails(self) -> None:
        """Allowed; the database's error quotes the value."""
        value = self.played.flock.value(Kind.EMAIL)
        sql = f"SELECT count(*) FROM customers WHERE id = '{value}'::int"
        self._run("statement", self._propose("statement", **_sql("db.query", sql)))

    def constraint_is_violated(self) -> None:
        """Approved; the database's error quotes the whole row."""
        card, email = self.played.flock.values(Kind.CARD, Kind.EMAIL)
        sql = (
            "INSERT INTO customers (id, full_name, email, country, plan, monthly_cents, signed_up)"
            f" VALUES (9{secrets.randbelow(10**6):06}, 'Card {card}', '{email}', NULL, 'pro', 0, now())"
        )
        held = self._propose("constraint", **_sql("db.write", sql))
        self._approve(held, reason="as agreed")
        self._run("constraint", held)

    def rejected(self) -> None:
        """Rejected, with a reason full of what people should not paste; the agent is told it, redacted."""
        held = self._propose("rejected", **self._export())
        self.world.people["alice"].open_review(held)
        answer = self.world.people["alice"].reject(held, self._pasted())
        assert answer.status_code == httpx.codes.OK, answer.text
        self._end("rejected", held)

    def credentials(self) -> None:
        """Denied: an action carries no credential."""
        token, key, *more = self.played.flock.values(*CREDENTIALS, *CREDENTIALS, *CREDENTIALS)
        message = {
            "arguments": {"to": "ops", "parts": [["see", [token, {"deep": [key]}]]], "headers": {more[0]: more[1]}},
            "purpose": f"tell {more[2]}",
            "preview": [{"text": f"token {more[3]}"}],
        }
        self._end("credentials", self._propose("credentials", name="message.send", resource="mail://out/p", **message))

    def credential_in_the_open(self) -> None:
        """Denied: nothing can be masked in what everybody reads; so nobody reads it."""
        resource = f"{WAREHOUSE}/{self.played.flock.value(Kind.TOKEN)}"
        session = self.played.flock.value(Kind.TOKEN)
        for name, places in {"resource": {"resource": resource}, "session": {"session": session}}.items():
            self._end(name, self._propose(name, **{**_sql("db.query", "SELECT 1 FROM customers LIMIT 1"), **places}))

    def too_large(self) -> None:
        """Held and withdrawn: a text too long to be looked into, and a value in the midst of it."""
        filler = "lorem " * (Limits().max_text_characters // 12)
        values = " ".join(self.played.flock.values(*PERSONAL, *CREDENTIALS))
        export = self._export()
        export["arguments"] = {"table": "customers", "columns": ["id"], "destination": EXPORT, "note": filler + values}
        export["arguments"]["note"] += filler
        held = self._propose("too large", **export)
        self.world.people["alice"].open_review(held)
        self.world.agent.ask("withdraw", action_id=held)
        self._end("too large", held)

    def undetectable(self) -> None:
        """Allowed: a word like any other."""
        sql = f"SELECT count(*) FROM customers WHERE plan = '{self.played.flock.value(Kind.WORD)}'"
        self._end("undetectable", self._propose("undetectable", **_sql("db.query", sql)))

    def malformed(self, name: str, signer: Signer, topic: Topic) -> None:
        """No event, under a signature; what is authentic ends as denied."""
        action_id = self.played.actions[name] = new_action_id()
        text = " ".join(value.replace("\n", " ") for value in self.played.flock.values(*PERSONAL, *CREDENTIALS))
        value = f'{{"specversion": "1.0", "specversion": "{text}", "{text}": 1}}'.encode()
        signature = f"{signer.key_id}:{encode_base64url(signer.sign(CATALOGUE[topic].type, value))}".encode()
        settings = KafkaSettings.load(Path(self.system.endpoints["kafka_files"]["agent"]))
        producer: Any = KafkaProducer(**settings.for_kafka_python())
        try:
            headers = [(SIGNATURE_HEADER, signature)]
            producer.send(topic, key=action_id.encode(), value=value, headers=headers).get(timeout=30)
        finally:
            producer.close()

    def _export(self) -> dict[str, Any]:
        """Values in nested lists, in keys, in purpose and preview."""
        new = self.played.flock.values
        email, card, iban, ssn = new(*PERSONAL)
        return {
            "name": "export.customers",
            "resource": WAREHOUSE,
            "arguments": {
                "table": "customers",
                "columns": ["id", "email"],
                "destination": EXPORT,
                "only": [[[email, [card]], {"account": [iban]}], f"person with {ssn}"],
                "notify": {new(Kind.EMAIL)[0]: "daily", "then": {new(Kind.IBAN)[0]: new(Kind.CARD)[0]}},
            },
            "purpose": "report for " + ", ".join(new(*PERSONAL)),
            "preview": [dict(zip(("email", "card", "iban", "remark"), new(*PERSONAL), strict=True)), new(*PERSONAL)],
        }

    def _pasted(self) -> str:
        return "As they wrote: " + ", ".join(self.played.flock.values(*PERSONAL, *CREDENTIALS))

    def _propose(self, play: str, /, **proposal: Any) -> str:
        self.played.actions[play] = str(self.world.agent.ask("propose", **proposal)["action_id"])
        return self.played.actions[play]

    def _approve(self, action_id: str, *, reason: str) -> None:
        self.world.people["alice"].open_review(action_id, seconds=60)
        answer = self.world.people["alice"].approve(action_id, reason)
        assert answer.status_code == httpx.codes.OK, answer.text

    def _end(self, name: str, action_id: str) -> None:
        self.played.ended[name] = str(self.world.agent.ask("wait", action_id=action_id)["outcome"])

    def _run(self, name: str, action_id: str) -> None:
        self._end(name, action_id)
        answer = self.world.agent.ask("run", action_id=action_id)
        self.played.ended[name] = f"{answer['status']}: {answer['code']}"


def _sql(name: str, sql: str) -> dict[str, Any]:
    return {"name": name, "resource": WAREHOUSE, "arguments": {"sql": sql}, "purpose": "nightly totals"}
