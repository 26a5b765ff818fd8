"""What the demonstration shows, each scenario as claims that hold or do not.

Rules: a scenario does real work through the same doors as anybody (the library, the desk's API, the ledger's API, the
database) and returns what it saw; it never looks into a service. Tests assert the same claims.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import psycopg

from examples.nightly_export.reviewer import Reviewer
from examples.nightly_export.warehouse import CUSTOMERS

WAREHOUSE: Final = "postgres://warehouse/customers"
EXPORT: Final = "s3://partner-bucket/nightly/customers.csv"


class AgentProcess(Protocol):
    """An agent that takes orders (`examples.nightly_export.agent`)."""

    def ask(self, do: str, **order: Any) -> dict[str, Any]:
        """Give an order, get its answer."""


class Ledger(Protocol):
    """What is read back from the ledger's API."""

    def events(self, action_id: str, *, until: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The event values of one action, as soon as a condition holds of them."""

    def everything(self, action_id: str) -> str:
        """Every byte that the ledger's API shows of one action."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something the scenario says is true, and whether it was."""

    sentence: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a scenario can reach."""

    agent: AgentProcess
    other_agent: AgentProcess
    people: dict[str, Reviewer]
    ledger: Ledger
    buckets: Path
    warehouse_dsn: str = field(repr=False)
    """The executor's role, to look at what really happened."""
    by_hand: Callable[[str], None] | None = None
    """Interactive: called with the action id that waits for the person at the keyboard."""
    say: Callable[[str], None] = lambda _: None

    def database(self, query: str) -> Any:
        """One value from the warehouse."""
        with psycopg.connect(self.warehouse_dsn) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table at the end."""

    title: str
    play: Callable[[World], list[Claim]]


def aggregate_read(world: World) -> list[Claim]:
    """Allowed by policy, runs, result."""
    action_id, outcome = _settled(world, _query("SELECT plan, count(*) FROM customers GROUP BY plan ORDER BY plan"))
    ran = world.agent.ask("run", action_id=action_id)
    for plan, count in ran.get("result") or []:
        world.say(f"      {plan:<5} {count:>5}")
    return [
        Claim("allowed by a named rule", outcome["outcome"] == "allowed" and bool(outcome["rules"])),
        Claim("the executor ran it", ran["status"] == "succeeded"),
        Claim("every customer is counted", sum(row[1] for row in ran.get("result") or []) == CUSTOMERS),
    ]


def export_approved(world: World) -> list[Claim]:
    """Held; a reviewer who is not the owner approves; the file is there."""
    action_id = _propose(world, _export())
    review = world.people["alice"].open_review(action_id)
    if world.by_hand is None:
        answer = world.people["alice"].approve(action_id, "The monthly partner report, as agreed.")
        approved = answer.status_code == httpx.codes.OK
    else:
        world.by_hand(action_id)
        approved = True
    outcome = world.agent.ask("wait", action_id=action_id, seconds=600)
    ran = world.agent.ask("run", action_id=action_id)
    file = world.buckets / EXPORT.removeprefix("s3://")
    lines = file.read_text().splitlines() if file.exists() else []
    return [
        Claim("held for review, with the rule and the reason", bool(review["reasons"]) and bool(review["rules"])),
        Claim("the card shows no customer's address", "ada.abara.1@example.com" not in json.dumps(review)),
        Claim("approved through the desk", approved and outcome["outcome"] == "approved"),
        Claim(
            "the executor ran it and the file is there", ran["status"] == "succeeded" and len(lines) == CUSTOMERS + 1
        ),
    ]


def grant_rejected(world: World) -> list[Claim]:
    """Held; rejected with a reason that the agent receives; nothing ran."""
    # Played again on the same system it is another request, not the repeat of a rejected one.
    asked = f"GRANT SELECT ON customers TO contractor -- request {secrets.token_hex(4)}"
    action_id = _propose(world, _execute("privilege.grant", asked))
    world.people["bob"].open_review(action_id)
    reason = "Contractors read the view, not the table."
    answer = world.people["bob"].reject(action_id, reason)
    outcome = world.agent.ask("wait", action_id=action_id)
    granted = world.database("SELECT has_table_privilege('contractor', 'customers', 'SELECT')")
    return [
        Claim("rejected through the desk", answer.status_code == httpx.codes.OK and outcome["outcome"] == "rejected"),
        Claim("the agent receives the reason", reason in outcome["reason"]["sentence"]),
        Claim("nothing ran", granted is False),
    ]


def destructive_sql_denied(world: World) -> list[Claim]:
    """Parsed, not matched: denied however it is written; nothing ran."""
    claims = []
    for name, proposal in {
        "DROP behind a comment, a tab and odd case": _execute("db.write", "/* x */ dRoP\tTABLE customers"),
        "a data-changing CTE in a query": _query(
            "WITH gone AS (DELETE FROM customers RETURNING 1) SELECT count(*) FROM gone"
        ),
        "two statements in one string": _query("SELECT 1; DROP TABLE customers"),
    }.items():
        _, outcome = _settled(world, proposal)
        claims.append(Claim(f"denied: {name}", outcome["outcome"] == "denied"))
    return [*claims, Claim("nothing ran", world.database("SELECT count(*) FROM customers") == CUSTOMERS)]


def credential_denied(world: World) -> list[Claim]:
    """A credential in a nested list, in a key and in the preview; masked wherever it is shown."""
    hidden = {place: "ghp_" + secrets.token_hex(18) for place in ("list", "key", "preview")}
    message = {
        "name": "message.send",
        "resource": "mail://outside/partner",
        "arguments": {"to": "ops", "parts": [["see", ["here", hidden["list"]]]], "headers": {hidden["key"]: "1"}},
        "preview": [{"text": f"token {hidden['preview']}"}],
        "purpose": "tell the partner",
    }
    action_id, outcome = _settled(world, message)
    shown = world.ledger.everything(action_id)
    return [
        Claim("denied", outcome["outcome"] == "denied" and "credential" in outcome["labels"]),
        *(Claim(f"masked in the ledger: {place}", value not in shown) for place, value in hidden.items()),
        Claim("the placeholder is there", shown.count("TOKEN") + shown.count("KEY") >= 1),
    ]


def review_expires(world: World) -> list[Claim]:
    """Nobody answers; recorded as what it is."""
    action_id = _propose(world, _export(deadline=4))
    review = world.people["alice"].open_review(action_id)
    outcome = world.agent.ask("wait", action_id=action_id)
    late = world.people["alice"].approve(action_id, "Too late, but I try.")
    closed = world.ledger.events(action_id, until=lambda seen: _has(seen, "closed"))
    return [
        Claim("it was open", review["state"] == "open"),
        Claim("expired, not rejected", outcome["outcome"] == "expired"),
        Claim("recorded as such in the ledger", _has(closed, "closed", outcome="expired")),
        Claim("a late approval is refused", late.status_code == httpx.codes.CONFLICT),
    ]


def executor_refuses(world: World) -> list[Claim]:
    """What an attacker with an agent's key can present; each refused, and visible in the ledger."""
    changed, _ = _settled(world, _query("SELECT count(*) FROM customers WHERE plan = 'pro'"))
    answers = {
        "changed argument after approval": (
            changed,
            world.agent.ask("tamper", action_id=changed, change=("count(*)", "email   ")),
        )
    }
    used, _ = _settled(world, _query("SELECT count(*) FROM customers WHERE plan = 'team'"))
    first = world.agent.ask("run", action_id=used)
    answers["second use of a grant"] = used, world.agent.ask("run", action_id=used)
    theirs = world.other_agent.ask("propose", **_query("SELECT count(*) FROM customers"))["action_id"]
    world.other_agent.ask("wait", action_id=theirs)
    stolen = world.other_agent.ask("grant", action_id=theirs)["grant"]
    answers["grant of another agent"] = changed, world.agent.ask("tamper", action_id=changed, grant=stolen)
    late, outcome = _settled(world, _query("SELECT count(*) FROM customers", deadline=3))
    time.sleep(3.2)
    answers["expired grant"] = late, world.agent.ask("run", action_id=late)
    claims = [
        Claim("the first use ran", first["status"] == "succeeded"),
        Claim("the grant to expire was a real one", outcome["outcome"] == "allowed"),
    ]
    for name, (action_id, answer) in answers.items():
        code = answer["code"]
        events = world.ledger.events(action_id, until=partial(_has, status="refused", code=code))
        claims.append(Claim(f"refused: {name} ({code})", answer["status"] == "refused"))
        claims.append(Claim(f"the ledger shows it: {code}", _has(events, status="refused", code=code)))
    return claims


def owner_refused(world: World) -> list[Claim]:
    """The agent's owner is in the right group, an administrator even, and is refused all the same."""
    action_id = _propose(world, _export())
    world.people["dave"].open_review(action_id)
    answer = world.people["dave"].approve(action_id, "It is my agent, I know what it does.")
    still_open = world.people["alice"].open_review(action_id)["state"] == "open"
    world.agent.ask("withdraw", action_id=action_id)
    outcome = world.agent.ask("wait", action_id=action_id)
    return [
        Claim("the owner's approval is refused", answer.status_code == httpx.codes.FORBIDDEN),
        Claim("the review stays open", still_open),
        Claim("the agent can withdraw", outcome["outcome"] == "withdrawn"),
    ]


def round_the_gate(world: World) -> list[Claim]:
    """The agent's own credential: the database refuses what the gate was not asked."""
    return [
        Claim(f"the database refuses: {sql}", world.agent.ask("direct", sql=sql)["refused_by_database"] is not None)
        for sql in (
            "COPY customers TO STDOUT",
            "SELECT email FROM customers",
            "GRANT SELECT ON customers TO contractor",
            "DROP TABLE customers",
        )
    ] + [
        Claim("it may read totals", world.agent.ask("direct", sql="TABLE plan_totals")["refused_by_database"] is None),
    ]


SCENARIOS: Final = (
    Scenario("aggregate read: allowed, runs", aggregate_read),
    Scenario("customer export: held, approved, runs", export_approved),
    Scenario("GRANT: held, rejected with a reason", grant_rejected),
    Scenario("destructive SQL: denied however written", destructive_sql_denied),
    Scenario("credential inside a message: denied, masked", credential_denied),
    Scenario("nobody answers: expired", review_expires),
    Scenario("misused grants: refused by the executor", executor_refuses),
    Scenario("the owner approves: refused", owner_refused),
    Scenario("round the gate: refused by the database", round_the_gate),
)


def _query(sql: str, **more: Any) -> dict[str, Any]:
    return {"name": "db.query", "resource": WAREHOUSE, "arguments": {"sql": sql}, "purpose": "nightly totals", **more}


def _execute(name: str, sql: str) -> dict[str, Any]:
    return {"name": name, "resource": WAREHOUSE, "arguments": {"sql": sql}, "purpose": "housekeeping"}


def _export(**more: Any) -> dict[str, Any]:
    return {
        "name": "export.customers",
        "resource": WAREHOUSE,
        "arguments": {"table": "customers", "columns": ["id", "full_name", "email", "plan"], "destination": EXPORT},
        "purpose": "monthly partner report",
        "preview": [{"id": 1, "full_name": "Ada Abara", "email": "ada.abara.1@example.com", "plan": "pro"}],
        **more,
    }


def _propose(world: World, proposal: dict[str, Any]) -> str:
    return str(world.agent.ask("propose", **proposal)["action_id"])


def _settled(world: World, proposal: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    action_id = _propose(world, proposal)
    return action_id, world.agent.ask("wait", action_id=action_id)


def _has(events: list[dict[str, Any]], step: str | None = None, **fields: str) -> bool:
    wanted = {**({"step": step} if step else {}), **fields}
    return any(all(event.get(name) == value for name, value in wanted.items()) for event in events)
