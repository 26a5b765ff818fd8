"""A desk that runs: real PostgreSQL, settle's own judge, a development identity provider, and uvicorn in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg

from placet.events import ActionDecided, Facts, Finding, Sensitivity, StatementKind, Verdict
from placet.requirement import Requirement
from services.approver.adapters.keys import PublishedKeys
from services.approver.desk.main import DeskServer, server
from services.approver.desk.settings import DeskSettings
from services.approver.passkeys import Passkeys
from services.approver.step_up import Accepted
from services.approver.votes import Votes
from services.chassis.database import Listener
from services.chassis.settings import InsecureStandInWarning
from tests.settling import ONE_LEAD, PEOPLE, Bench
from tests.step_ups import fetched

CLIENT_ID = "placet-desk-tests"
SESSION_SECRET = "a session secret that is only for tests"


@dataclass
class DeskUnderTest:
    """The desk, and the bench around it."""

    bench: Bench
    settings: DeskSettings
    server: DeskServer
    judge: Judge
    browsers: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.settings.public_url

    def client(self) -> httpx.Client:
        """A browser without JavaScript."""
        made = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self.browsers.append(made)
        return made

    def signed_in(self, person: str) -> Browser:
        """A browser in which somebody has signed in, through the provider's own pages."""
        return Browser(self, person)

    def token(self, person: str) -> str:
        """An ID token for somebody."""
        return fetched(self.settings.oidc_issuer, CLIENT_ID, person)

    def api(self, person: str) -> httpx.Client:
        """A client of the API with a bearer token."""
        made = self.client()
        made.headers["authorization"] = f"Bearer {self.token(person)}"
        return made

    def held(
        self,
        requirement: Requirement = ONE_LEAD,
        *,
        masked: dict[str, Any] | None = None,
        rules: tuple[str, ...] = ("test/rule",),
        **proposal: Any,
    ) -> ActionDecided:
        """An open review; `masked` replaces what ActionClassified says."""
        proposed = self.bench.world.proposed(**proposal)
        changes = dict(masked or {})
        shown = changes.pop("arguments", None)
        if shown is not None:
            changes["action"] = proposed.action.model_copy(update={"arguments": shown})
        labels = {"labels": changes["labels"]} if "labels" in changes else {}
        reasons = changes.pop("reasons", ("Exports of customer records leave the company.",))
        decided = self.bench.decided(
            Verdict.REVIEW,
            proposed=proposed,
            requirement=requirement,
            classified_changes=changes,
            reasons=reasons,
            rules=rules,
            **labels,
        )
        self.bench.arrive(decided)
        return decided

    def votes(self, action_id: str) -> list[dict[str, Any]]:
        return self.bench.rows("SELECT * FROM approver.votes WHERE action_id = %s ORDER BY id", action_id)


class Judge:
    """Settle's judge, woken as settle wakes it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.paused = threading.Event()
        self._listener = Listener(bench.settle_dsn, ("placet_votes",), self._judge)
        self._listener.start()

    def _judge(self, _channel: str, _payload: str) -> None:
        if not self.paused.is_set():
            self._bench.votes.judge_waiting()

    def close(self) -> None:
        self._listener.close()


class Browser:
    """Somebody's cookies and CSRF token."""

    def __init__(self, desk: DeskUnderTest, person: str) -> None:
        self.http = desk.client()
        self.origin = desk.url
        self.callback = self._sign_in(person)
        self.csrf: str = self.http.get("/api/v1/me").json().get("csrf_token", "")

    def _sign_in(self, person: str) -> httpx.Response:
        away = self.http.get("/sign-in/start")
        answer = self.http.post(away.headers["location"], data={"sub": person})
        return self.http.get(answer.headers["location"])

    def away(self, held: Any, **form: Any) -> httpx.Response:
        """Press the button of a review that needs a passkey: where the page is told to go."""
        sent = {"digest": held.digest, "key": str(uuid.uuid4()), **form}
        return self.post(f"/reviews/{held.action_id}/approve", data=sent)

    def with_passkey(self, held: Any, person: str, **form: Any) -> httpx.Response:
        """Press it, authenticate at the provider, and come back."""
        answer = self.http.post(self.away(held, **form).headers["hx-redirect"], data={"sub": person})
        return self.http.get(answer.headers["location"])

    def post(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        sent = {"origin": self.origin, "x-csrf-token": self.csrf, **(headers or {})}
        return self.http.post(path, headers={name: value for name, value in sent.items() if value}, **body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


@contextlib.contextmanager
def provider() -> Iterator[str]:
    """A development identity provider, which says that whoever it knows used a passkey just now; yields its issuer."""
    with warnings.catch_warnings(record=True):  # it uses what Authlib calls old, past "ignore"
        warnings.simplefilter("always")
        import oidc_provider_mock  # noqa: PLC0415

    people = [oidc_provider_mock.User(sub=person, claims={"acr": "phr"}) for person in PEOPLE]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as started:
        yield f"http://localhost:{started.server_port}"


@contextlib.contextmanager
def running(bench: Bench, folder: Path, issuer: str, **changes: Any) -> Iterator[DeskUnderTest]:
    """The desk on a free port."""
    (folder / "desk.dsn").write_text(bench.desk_dsn)
    accepted = Accepted(issuer, CLIENT_ID, frozenset({"phr", "phrh"}))
    keys = PublishedKeys(issuer, jwks_url=None, insecure=True, http=httpx.Client(trust_env=False))
    bench.votes = Votes(replace(bench.parts, passkeys=Passkeys(accepted, keys)))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    settings = desk_settings(folder, issuer, port=listening.getsockname()[1], **changes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureStandInWarning)
        made = server(settings)
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(sockets=[listening])), name="desk")
    thread.start()
    judge = Judge(bench)
    desk = DeskUnderTest(bench, settings, made, judge)
    try:
        wait_until_it_answers(settings.public_url)
        yield desk
    finally:
        for browser in desk.browsers:
            browser.close()
        made.should_exit = True
        thread.join(timeout=15)
        judge.close()
        assert not thread.is_alive()


def desk_settings(folder: Path, issuer: str, *, port: int, **changes: Any) -> DeskSettings:
    (folder / "session.secret").write_text(SESSION_SECRET)
    (folder / "client.secret").write_text("secret")
    given: dict[str, Any] = {
        "env": "dev",
        "http_port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "database_dsn_file": folder / "desk.dsn",
        "directory_file": folder / "directory.json",
        "session_secret_file": folder / "session.secret",
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret_file": folder / "client.secret",
    }
    return DeskSettings.load(**{**given, **changes})


def wait_until_it_answers(url: str) -> None:
    """Its socket listens from the start, so the first request waits until it is served."""
    assert httpx.get(f"{url}/healthz", timeout=20, trust_env=False).status_code == httpx.codes.OK


def finding(entity_type: str, pointer: str, **changes: Any) -> Finding:
    given: dict[str, Any] = {
        "entity_type": entity_type,
        "pointer": pointer,
        "start": 0,
        "end": 1,
        "score": 1.0,
        "recognizer": "test",
        "fingerprint": "0" * 32,
    }
    return Finding(**{**given, **changes})


def an_export(**changes: Any) -> dict[str, Any]:
    """A realistic held action: keyword arguments of `held`."""
    sql = (
        "COPY (\n  SELECT name, email, iban, country\n  FROM customers\n  WHERE country = 'DE'\n)"
        " TO PROGRAM 'upload s3://partner-analytics/2026-11.csv'"
    )
    arguments = {
        "sql": sql,
        "destination": "s3://partner-analytics/2026-11.csv",
        "format": {"type": "csv", "header": True, "delimiter": ";"},
        "rows_at_most": 5000,
        "notify": "‹EMAIL_ADDRESS_1›",
    }
    preview = [
        {"name": "‹PERSON_1›", "email": "‹EMAIL_ADDRESS_2›", "iban": "‹IBAN_CODE_1›", "country": "DE"},
        {"name": "‹PERSON_2›", "email": "‹EMAIL_ADDRESS_3›", "iban": "‹IBAN_CODE_2›", "country": "DE"},
        {"name": "‹PERSON_3›", "email": "‹EMAIL_ADDRESS_4›", "iban": "‹IBAN_CODE_3›", "country": "DE"},
    ]
    kinds = {"name": "PERSON", "email": "EMAIL_ADDRESS", "iban": "IBAN_CODE"}
    findings = [finding("EMAIL_ADDRESS", "/arguments/notify")]
    findings += [finding(kind, f"/preview/{row}/{name}") for row in range(3) for name, kind in kinds.items()]
    return {
        "name": "data.export",
        "resource": "postgres://warehouse/customers",
        "arguments": arguments,
        "preview": preview,
        "purpose": "Monthly report for the analytics partner, contract PA-2231.",
        "masked": {
            "findings": tuple(findings),
            "forms": {
                "‹EMAIL_ADDRESS_1›": "at partner-analytics.example",
                "‹EMAIL_ADDRESS_2›": "at gmx.de",
                "‹EMAIL_ADDRESS_3›": "at web.de",
                "‹EMAIL_ADDRESS_4›": "at gmail.com",
                **{f"‹IBAN_CODE_{number}›": "of DE" for number in (1, 2, 3)},
            },
            "labels": ("pii", "financial"),
            "sensitivity": Sensitivity.RESTRICTED,
            "facts": Facts(
                destination_hosts=("partner-analytics",),
                external_destination=True,
                statement_kinds=(StatementKind.COPY,),
                statement_count=1,
                tables=("customers",),
                argument_bytes=412,
                preview_records=3,
                string_count=9,
            ),
            "reasons": (
                "Customer records would leave the company.",
                "Exports over 1,000 rows need a lead and somebody from security.",
            ),
        },
        **changes,
    }


def close_by_clock(bench: Bench, decided: ActionDecided) -> None:
    """Let a review's time run out, and settle notice."""
    bench.pass_time(decided, 100_000)
    bench.timers.run_due()


def execute(bench: Bench, statement: str, *parameters: Any) -> None:
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute(statement, parameters)
