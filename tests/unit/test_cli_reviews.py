"""`placet reviews`: what is sent to the desk, what is shown, and what is never shown or sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from placet.cli.desk import Desk
from placet.cli.main import run
from placet.outcomes import ClientError

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
DIGEST = "d" * 64
REVIEW: dict[str, Any] = {
    "action_id": ID,
    "headline": "nightly-export wants export.customers",
    "agent": "nightly-export",
    "owner": "dave",
    "on_behalf_of": None,
    "digest": DIGEST,
    "state": "open",
    "expires_at": "2026-06-01T12:15:00Z",
    "labels": ["pii"],
    "sensitivity": "restricted",
    "requirement": "1 from dev-leads",
    "approvals": {"given": 0, "needed": 1},
    "reasons": ["Exports leave the house."],
    "action": {"name": "export.customers", "resource": "s3://x", "arguments": {"a": "‹EMAIL_ADDRESS_1›\u202e\x1b[2J"}},
    "purpose": "report",
    "preview": None,
    "forms": {"‹EMAIL_ADDRESS_1›": "at example.org"},
    "incomplete": [],
    "you": {"id": "alice", "may": ["approve", "reject"], "code": None, "sentence": None},
}


class FakeDesk:
    """Answers as the desk does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.counted: bool | None = True
        self.problem: tuple[int, Any] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.problem is not None:
            status, body = self.problem
            return httpx.Response(status, json=body)
        if request.method == "POST":
            vote = {"counted": self.counted, "code": "owner", "sentence": "The owner\u202e may not.", "review": REVIEW}
            return httpx.Response(202 if self.counted is None else 200, json=vote)
        if request.url.path.endswith("/reviews"):
            pages = {None: ([REVIEW], "next"), "next": ([{**REVIEW, "headline": "second"}], None)}
            found, after = pages[request.url.params.get("after")]
            return httpx.Response(200, json={"reviews": found, "next": after})
        return httpx.Response(200, json=REVIEW)

    @property
    def body(self) -> Any:
        return json.loads(self.asked[-1].content)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    fake = FakeDesk()
    client = httpx.Client

    def transported(**options: Any) -> httpx.Client:
        return client(**{**options, "transport": httpx.MockTransport(fake)})

    monkeypatch.setattr(httpx, "Client", transported)
    return fake


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def reviews(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    (tmp_path / "token").write_text("canary-token\n")

    def call(*arguments: str) -> tuple[int, str, str]:
        status = run(["reviews", *arguments, "--url", "http://127.0.0.1:9", "--token-file", str(tmp_path / "token")])
        out, err = capsys.readouterr()
        assert "canary-token" not in out + err
        return status, out, err

    return call


def test_the_list_is_read_to_its_end_with_the_token_of_the_file(desk: FakeDesk, reviews: Command) -> None:
    status, out, _ = reviews("list", "--view", "open", "--json")
    assert status == 0
    assert [json.loads(line)["headline"] for line in out.splitlines()] == [REVIEW["headline"], "second"]
    assert [request.url.params["view"] for request in desk.asked] == ["open", "open"]
    assert {request.headers["authorization"] for request in desk.asked} == {"Bearer canary-token"}
    assert desk.asked[0].url.path == "/api/v1/reviews"


def test_a_shown_review_cannot_change_how_it_reads(desk: FakeDesk, reviews: Command) -> None:
    status, out, _ = reviews("show", ID)
    assert status == 0
    assert DIGEST in out
    assert "\u202e" not in out
    assert "\x1b" not in out
    assert "\\u202e" in out
    assert '"\\u2039EMAIL_ADDRESS_1\\u203a": "at example.org"' in out, "what may be told of what is masked"
    assert desk.asked[-1].url.path == f"/api/v1/reviews/{ID}"


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_a_vote_is_about_the_digest_that_was_named(desk: FakeDesk, reviews: Command, kind: str) -> None:
    status, out, _ = reviews(kind, ID, "--digest", "e" * 64, "--reason", "because")
    assert status == 0
    assert "Counted" in out
    assert len(desk.asked) == 1
    assert desk.asked[0].url.path == f"/api/v1/reviews/{ID}/{kind}"
    assert desk.body == {"digest": "e" * 64, "reason": "because"}
    assert desk.asked[0].headers["idempotency-key"]


def test_without_a_digest_it_is_shown_and_asked_about(
    desk: FakeDesk, reviews: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda text, **_: asked.append(text))
    status, out, _ = reviews("approve", ID)
    assert (status, asked) == (0, ["Approve exactly this?"])
    assert "export.customers" in out
    assert desk.body == {"digest": DIGEST}


def test_who_is_asked_and_says_no_votes_nothing(
    desk: FakeDesk, reviews: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", type("Input", (), {"readline": lambda *_: "n\n"})())
    status, _, err = reviews("approve", ID)
    assert status == 130
    assert "Stopped." in err
    assert [request.method for request in desk.asked] == ["GET"]


def test_with_yes_and_json_there_is_only_json(desk: FakeDesk, reviews: Command) -> None:
    desk.counted = None
    status, out, _ = reviews("approve", ID, "--yes", "--json")
    assert status == 0
    assert json.loads(out)["counted"] is None


def test_a_vote_that_does_not_count_sets_the_status(desk: FakeDesk, reviews: Command) -> None:
    desk.counted = False
    status, _, err = reviews("approve", ID, "--yes")
    assert status == 1
    assert err == "Not counted: The owner\\u202e may not. (owner)\n"


def test_a_rejection_needs_a_reason(desk: FakeDesk, reviews: Command) -> None:
    status, _, err = reviews("reject", ID, "--yes")
    assert status == 2
    assert "--reason" in err
    assert desk.asked == []


def test_what_the_desk_refuses_is_said_in_its_words(desk: FakeDesk, reviews: Command) -> None:
    desk.problem = 403, {"title": "Not\x1b eligible.", "detail": "The action is yours.", "next": "Ask somebody else."}
    status, _, err = reviews("show", ID)
    assert status == 1
    assert err == "Error: Not\\u001b eligible. The action is yours. Ask somebody else.\n"


def test_what_is_no_desk_is_named(desk: FakeDesk, reviews: Command) -> None:
    desk.problem = 500, []
    assert "refused with status 500" in reviews("show", ID)[2]


def test_a_token_never_travels_in_clear(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    with pytest.raises(ClientError, match="not HTTPS"):
        Desk("http://placet.example", tmp_path / "token")
    Desk("https://placet.example", tmp_path / "token").close()
    Desk("http://localhost:1", tmp_path / "token").close()


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"missing: No such file"):
        Desk("https://placet.example", tmp_path / "missing")


def test_a_desk_that_does_not_answer_is_named(tmp_path: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    (tmp_path / "token").write_text("t")
    desk = Desk("https://placet.example", tmp_path / "token", transport=httpx.MockTransport(away))
    with pytest.raises(ClientError, match=r"desk at https://placet\.example does not answer \(ConnectError\)"):
        desk.show(ID)
    desk.close()
