"""The read API over a store in memory: what it answers, and what it refuses without repeating it."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from placet.audit.verifier import verify_export
from placet.catalogue import Role
from placet.checkpoint import VerifierKey, verify_checkpoint
from placet.merkle import verify_consistency, verify_inclusion
from services.chassis.errors import TransientError
from services.ledger import ports
from services.ledger.api import Access, create_app
from services.ledger.live import Live
from services.ledger.ports import Filter
from tests import fakes_ledger
from tests.factories import World
from tests.fakes_ledger import MemoryStore, appender, story
from tests.ledgers import ORIGIN

WORLD = World()
STORY = story(WORLD)
TOKEN = "a-token-of-sixteen-characters"


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    writer = appender(made, WORLD)
    for start in range(0, len(STORY), 4):
        writer.append(STORY[start : start + 4])
    return made


class Caller:
    """Asks the application without a socket."""

    def __init__(self, store: MemoryStore, *, token: str | None = None) -> None:
        self._app = create_app(store, Access(token), live=Live())

    def get(self, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
                return await client.get(path, **more)

        return asyncio.run(ask())


@pytest.fixture
def api(store: MemoryStore) -> Caller:
    return Caller(store)


@pytest.mark.parametrize("full", [None, 1], ids=["by number", "by bytes"])
def test_pages_lead_through_everything(
    api: Caller, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, full: int | None
) -> None:
    action = store.stored[4].projection.action_id
    story = api.get(f"/v1/actions/{action}/timeline").json()
    if full is not None:
        for module in (ports, fakes_ledger):
            monkeypatch.setattr(module, "PAGE_BYTES", full)
        assert len(api.get("/v1/entries").json()["entries"]) == 1
    assert api.get(f"/v1/actions/{action}/timeline").json() == story
    seen: list[int] = []
    before: int | None = None
    while True:
        page = api.get("/v1/entries", params={"limit": 4} | ({} if before is None else {"before": before})).json()
        seen += [entry["seq"] for entry in page["entries"]]
        before = page["next"]
        if before is None:
            break
    assert seen == list(range(len(store.stored)))[::-1]


def test_an_entry_with_its_bytes(api: Caller, store: MemoryStore) -> None:
    entry = store.stored[4]
    found = api.get("/v1/entries/4").json()
    assert base64.b64decode(found["value"]) == entry.value
    assert found["leaf"]["value_hash"] == entry.leaf.value_hash
    assert found["event"] == json.loads(entry.value or b"")["data"]
    assert found["source"].startswith("/")


def test_filters_reach_the_store(api: Caller) -> None:
    approved = api.get("/v1/entries", params={"outcome": "approved", "topic": "actions.resolved.v1"}).json()["entries"]
    assert [entry["outcome"] for entry in approved] == ["approved"]
    assert api.get("/v1/entries", params={"agent": "other-agent"}).json()["entries"] == []


def test_proofs_hold(api: Caller, store: MemoryStore) -> None:
    keys = [VerifierKey(name=ORIGIN, public=WORLD.services[Role.LEDGER].public.raw)]
    found = api.get("/v1/proofs/inclusion", params={"seq": 3}).json()
    head = verify_checkpoint(found["checkpoint"]["note"].encode(), keys)
    path = [bytes.fromhex(element) for element in found["path"]]
    leaf = bytes.fromhex(found["leaf_hash"])
    verify_inclusion(leaf=leaf, index=3, size=head.size, proof=path, root=head.root)
    earlier = verify_checkpoint(store.heads[0].note.encode(), keys)
    found = api.get("/v1/proofs/consistency", params={"old": earlier.size}).json()
    path = [bytes.fromhex(element) for element in found["path"]]
    verify_consistency(old=earlier.size, new=head.size, old_root=earlier.root, new_root=head.root, proof=path)


def test_the_export_verifies(api: Caller) -> None:
    response = api.get("/v1/export")
    assert response.headers["content-type"] == "application/x-ndjson"
    assert verify_export(response.content.splitlines(), WORLD.root.public).problems == []


def test_a_timeline(api: Caller, store: MemoryStore) -> None:
    action = store.stored[-1].projection.action_id
    assert api.get(f"/v1/actions/{action}/timeline").json()["outcome"] == "approved"


CANARY = "canary%27--AKIA"
REFUSED = {
    f"/v1/entries?agent={CANARY}": 422,
    f"/v1/entries?since={CANARY}": 422,
    f"/v1/entries/{CANARY}": 422,
    f"/v1/actions/{CANARY}/timeline": 422,
    "/v1/entries?limit=0": 422,
    "/v1/entries?limit=501": 422,
    "/v1/entries?outcome=maybe": 422,
    "/v1/entries/9999": 404,
    "/v1/actions/017f22e2-79b0-7cc3-98c4-dc0c0c07398f/timeline": 404,
    "/v1/proofs/inclusion?seq=9999": 422,
    "/v1/proofs/inclusion?seq=1&size=9999": 404,
    "/v1/proofs/consistency?old=9999": 422,
    "/v1/checkpoint?size=9999": 404,
    "/v1/other": 404,
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused_is_not_repeated(api: Caller, path: str) -> None:
    response = api.get(path)
    assert response.status_code == REFUSED[path]
    assert "canary" not in response.text
    assert path == "/v1/other" or set(response.json()) == {"code", "sentence"}


def test_an_empty_ledger_says_so() -> None:
    api = Caller(MemoryStore())
    assert {api.get(path).status_code for path in ("/v1/checkpoint", "/v1/export")} == {404}
    assert api.get("/v1/entries").json() == {"entries": [], "next": None}


def test_a_database_that_is_away_is_503(api: Caller, store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: int) -> None:
        raise TransientError("postgres", "secret-host")

    monkeypatch.setattr(store, "entry", away)
    response = api.get("/v1/entries/1")
    assert response.status_code == 503
    assert "secret-host" not in response.text


def test_without_the_token_nothing_but_health_answers(store: MemoryStore) -> None:
    api = Caller(store, token=TOKEN)
    paths = list(api.get("/openapi.json").json()["paths"])
    assert len(paths) == 8
    for path in paths:
        concrete = path.replace("{seq}", "1").replace("{action_id}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        assert api.get(concrete, params={"seq": 1, "old": 1}).status_code == 401, path
        wrong = {"Authorization": f"Bearer {TOKEN}x"}
        assert api.get(concrete, params={"seq": 1, "old": 1}, headers=wrong).status_code == 401, path
    assert api.get("/v1/entries/1", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert api.get("/healthz").status_code == 200


async def test_the_live_stream_sends_what_was_there_and_what_comes(store: MemoryStore) -> None:
    live, seen = Live(), list[int]()
    before = len(store.stored)

    async def follow() -> None:
        async for entry in live.follow(store, before - 3):
            seen.append(entry.seq)
            if entry.seq == before - 1:
                more = WORLD.seal(WORLD.classified())
                appended = appender(store, WORLD)
                message = STORY[0]
                appended.append([type(message)(message.topic, 1, 0, more.key, more.value, more.signature)])
                live.wake()
            if len(seen) == 3:
                return

    await asyncio.wait_for(follow(), 4)
    assert seen == [before - 2, before - 1, before]


async def test_the_live_stream_outlives_a_database_that_is_away(store: MemoryStore) -> None:
    live, real = Live(), store.page
    asked, loop = asyncio.Event(), asyncio.get_running_loop()

    def page(wanted: Filter, limit: int) -> Any:
        if not asked.is_set():
            loop.call_soon_threadsafe(asked.set)
            raise TransientError("postgres")
        return real(wanted, limit)

    store.page = page  # type: ignore[method-assign]
    follower = live.follow(store, -1)
    first = asyncio.ensure_future(anext(follower))
    await asked.wait()
    live.wake()
    assert (await asyncio.wait_for(first, 4)).seq == 0
