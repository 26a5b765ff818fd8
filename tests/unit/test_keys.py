"""Keys through the years: rotated beside the old, listed as they are, revoked; and the commands that do it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from placet import enrol
from placet.catalogue import Role
from placet.cli.main import cli, run
from placet.errors import ContractError
from placet.key_folder import KeyFolder
from placet.key_states import Ending, KeyState, ending, listed
from placet.keys import Signer
from placet.trust import MAX_KEYS, Agent, Executor, Principal, Service, Trust, TrustDocument, sign_trust
from tests.factories import NOW, World, now, trusted

WORLD = World()
AGENT = Principal(Role.AGENT, "nightly-export")
DAY = timedelta(days=1)


def refused(document: TrustDocument, name: str) -> str:
    with pytest.raises(ContractError) as error:
        enrol.named(document, name)
    return error.value.code


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("services/policy", "/services/policy"),
        ("/services/policy", "/services/policy"),
        ("policy", "/services/policy"),
        ("agents/nightly-export", "/agents/nightly-export"),
        ("nightly-export", "/agents/nightly-export"),
        ("executors/warehouse", "/executors/warehouse"),
        ("warehouse", "/executors/warehouse"),
    ],
)
def test_a_principal_is_named_in_full_or_by_what_only_it_has(name: str, source: str) -> None:
    assert enrol.named(WORLD.document(), name).source == source


def test_a_name_that_two_have_or_nobody_has_is_refused() -> None:
    twins = {"policy": Executor(keys=(trusted(Signer.generate("/executors/policy"), NOW),))}
    document = WORLD.document(executors=twins)
    assert refused(document, "policy") == "ambiguous_name"
    assert enrol.named(document, "executors/policy").source == "/executors/policy"
    for nobody in ("", "/", "agents", "agents/", "agents/warehouse", "services/desk", "polic"):
        assert refused(document, nobody) == "unknown_name", nobody


@pytest.mark.parametrize(
    "principal", [Principal(Role.POLICY, "policy"), AGENT, Principal(Role.EXECUTOR, "warehouse")], ids=str
)
def test_a_new_key_and_the_old_one_are_both_good_until_the_old_one_ends(principal: Principal) -> None:
    new, before = Signer.generate(principal.source), WORLD.document()
    document = enrol.rotate(before, principal, new.public.jwk, now=NOW)
    trust = Trust.verify(sign_trust(document, WORLD.root), WORLD.root.public)
    at = NOW + timedelta(hours=1)
    old = next(key for key in listed(before, now=NOW) if key.principal == principal)
    assert trust.version == before.version + 1
    assert trust.signer(old.key_id, at=at)[0] == trust.signer(new.key_id, at=at)[0] == principal
    revoked = enrol.revoke_key(document, old.key_id, now=at)
    assert [key.state for key in listed(revoked, now=at) if key.principal == principal] == ["revoked", "in_force"]
    unlike = [key for key in listed(revoked, now=at) if key.principal != principal]
    assert unlike == [key for key in listed(before, now=at) if key.principal != principal]
    with pytest.raises(ContractError, match="unknown_key"):
        enrol.revoke_key(revoked, old.key_id, now=at)


def test_a_principal_has_so_many_keys_and_no_more() -> None:
    document = WORLD.document()
    for _ in range(MAX_KEYS - 1):
        document = enrol.rotate(document, AGENT, Signer.generate("/agents/x").public.jwk, now=NOW)
    with pytest.raises(ContractError, match="too_many_keys: /agents/nightly-export has had 16 keys"):
        enrol.rotate(document, AGENT, Signer.generate("/agents/x").public.jwk, now=NOW)


def test_a_key_is_enrolled_once() -> None:
    document = WORLD.document()
    own = WORLD.agents["nightly-export"]
    document = enrol.revoke_key(document, own.key_id, now=NOW)
    for taken in (own, WORLD.services[Role.POLICY]):
        with pytest.raises(ContractError, match="known_key"):
            enrol.rotate(document, AGENT, taken.public.jwk, now=NOW)
        with pytest.raises(ContractError, match="known_key"):
            enrol.add_agent(document, "another", taken.public.jwk, owner="dave", now=NOW)
        with pytest.raises(ContractError, match="known_key"):
            enrol.add_executor(document, "another", taken.public.jwk, now=NOW)


# What is in force -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "state", "soon"),
    [
        ({}, KeyState.IN_FORCE, False),
        ({"not_after": NOW + 31 * DAY}, KeyState.IN_FORCE, False),
        ({"not_after": NOW + 30 * DAY}, KeyState.IN_FORCE, True),
        ({"not_after": NOW}, KeyState.EXPIRED, False),
        ({"not_before": NOW + DAY, "not_after": NOW + 2 * DAY}, KeyState.NOT_YET, False),
        ({"revoked_at": NOW}, KeyState.REVOKED, False),
        ({"revoked_at": NOW - DAY, "not_after": NOW}, KeyState.REVOKED, False),
        ({"revoked_at": NOW + DAY, "not_after": NOW + 2 * DAY}, KeyState.IN_FORCE, True),
    ],
)
def test_a_key_is_what_it_is_at_a_moment(window: dict[str, datetime], state: KeyState, soon: bool) -> None:
    keys = (trusted(WORLD.services[Role.POLICY], NOW, **window),)
    [key] = [
        key
        for key in listed(WORLD.document(services={Role.POLICY: Service(keys=keys)}), now=NOW)
        if key.principal.role is Role.POLICY
    ]
    assert (key.state, key.expires_soon) == (state, soon)


EXPIRED: dict[str, Any] = {"not_after": NOW}
SOON: dict[str, Any] = {"not_after": NOW + DAY}
REVOKED: dict[str, Any] = {"revoked_at": NOW}


@pytest.mark.parametrize(
    ("kind", "windows", "found"),
    [
        ("services", [{}], "well"),
        ("services", [EXPIRED], "ended"),
        ("services", [REVOKED], "ended"),
        ("services", [SOON], "soon"),
        ("services", [EXPIRED, {}], "well"),
        ("services", [SOON, {}], "well"),
        ("services", [SOON, EXPIRED], "soon"),
        ("agents", [EXPIRED], "ended"),
        ("agents", [REVOKED], "well"),
        ("executors", [REVOKED, EXPIRED], "ended"),
        ("executors", [SOON], "soon"),
        ("disabled", [EXPIRED], "well"),
        ("disabled", [SOON], "well"),
    ],
)
def test_who_must_get_a_new_key(kind: str, windows: list[dict[str, Any]], found: str) -> None:
    keys = tuple(trusted(Signer.generate("/x"), NOW, **window) for window in windows)
    who = {"services": "/services/policy", "executors": "/executors/mine"}.get(kind, "/agents/mine")
    agent = Agent(owner="dave", disabled=kind == "disabled", keys=keys)
    enrolled: dict[str, dict[str, Any]] = {
        "services": {"services": {Role.POLICY: Service(keys=keys)}},
        "agents": {"agents": {"mine": agent}},
        "disabled": {"agents": {"mine": agent}},
        "executors": {"executors": {"mine": Executor(keys=keys)}},
    }
    last = max(key.not_after for key in keys)
    expected = {
        "well": Ending((), ()),
        "ended": Ending((who,), ()),
        "soon": Ending((), ((who, last),)),
    }
    assert ending(WORLD.document(**enrolled[kind]), now=NOW) == expected[found]


# The folder and its commands --------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys")
    made.init(now=now())
    made.enrol_agent("nightly-export", owner="dave", now=now())
    return made


def placet(home: KeyFolder, *words: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, words), "--folder", str(home.folder)], catch_exceptions=False)


def told(home: KeyFolder, *words: str | Path) -> Any:
    done = placet(home, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_a_service_gets_a_key_made_here(home: KeyFolder) -> None:
    old = Signer.load(home.key_file("services", "policy"))
    said = told(home, "keys", "rotate", "services/policy")
    new = Signer.load(Path(said["key_file"]))
    assert Path(said["key_file"]).stat().st_mode & 0o777 == 0o600
    assert Signer.load(home.key_file("services", "policy")).key_id == old.key_id, "the old key's file is left alone"
    assert said == {
        "principal": "/services/policy",
        "key_id": new.key_id,
        "key_file": str(home.folder / "services" / f"policy.{new.key_id[:8]}.key.json"),
        "old_key_ids": [old.key_id],
        "version": 3,
    }
    for key in (old, new):
        assert home.trust().signer(key.key_id, at=now())[0].source == new.principal == "/services/policy"
    told(home, "keys", "revoke", old.key_id)
    with pytest.raises(ContractError, match="revoked_key"):
        home.trust().signer(old.key_id, at=now())


def test_a_key_made_elsewhere_comes_as_its_public_half(home: KeyFolder, tmp_path: Path) -> None:
    elsewhere = Signer.generate("/agents/nightly-export")
    public = tmp_path / "new.pub.json"
    public.write_text(elsewhere.public.jwk.model_dump_json())
    before = sorted(home.folder.rglob("*.key.json"))
    said = told(home, "keys", "rotate", "nightly-export", "--public-key", public)
    assert (said["key_id"], said["key_file"]) == (elsewhere.key_id, None)
    assert sorted(home.folder.rglob("*.key.json")) == before
    assert home.trust().signer(elsewhere.key_id, at=now())[0].source == "/agents/nightly-export"


def test_it_says_what_to_do_next_and_in_which_order(home: KeyFolder) -> None:
    old = Signer.load(home.key_file("services", "ledger")).key_id
    text = placet(home, "keys", "rotate", "ledger").output
    assert "A new key for /services/ledger; trust file version 3" in text
    steps = [
        text.index(words)
        for words in ("Give", "trust.json to every process", "its new key and start it again", f"keys revoke {old}")
    ]
    assert steps == sorted(steps)


NO_PUBLIC_KEY: dict[str, tuple[Callable[[KeyFolder], bytes], str]] = {
    "empty": (lambda _: b"{}", "is not a public Ed25519 JWK"),
    "bytes": (lambda _: b"\xff", "is not a public Ed25519 JWK"),
    "a private key": (lambda home: json.dumps(private_key(home)).encode(), "is not a public Ed25519 JWK"),
    "no point": (lambda _: b'{"kty":"OKP","crv":"Ed25519","x":"AAAA"}', "not an Ed25519 public key"),
}


def private_key(home: KeyFolder) -> dict[str, str]:
    found: dict[str, str] = json.loads(home.key_file("services", "policy").read_text())["key"]
    return found


@pytest.mark.parametrize("name", NO_PUBLIC_KEY)
def test_a_public_key_that_is_none_changes_nothing(
    name: str, home: KeyFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, sentence = NO_PUBLIC_KEY[name]
    public, before = tmp_path / "new.pub.json", home.trust_file.read_bytes()
    public.write_bytes(make(home))
    for words in (["keys", "rotate", "policy"], ["agents", "add", "new", "--owner", "dave"]):
        assert run([*words, "--public-key", str(public), "--folder", str(home.folder)]) == 1
        said = capsys.readouterr().err
        assert sentence in said
        assert private_key(home)["d"] not in said
    assert home.trust_file.read_bytes() == before


def test_what_no_process_would_take_is_not_written(home: KeyFolder) -> None:
    before = home.trust_file.read_bytes()
    shared = home.trust().agents["nightly-export"]
    with pytest.raises(ContractError, match="shared_key"):
        home.edit(lambda document: document.model_copy(update={"agents": {**document.agents, "twin": shared}}))
    assert home.trust_file.read_bytes() == before


def test_a_refused_rotation_leaves_no_key_behind(home: KeyFolder) -> None:
    for _ in range(MAX_KEYS - 1):
        home.rotate("policy", now=now())
    before = sorted(home.folder.rglob("*"))
    with pytest.raises(ContractError, match="too_many_keys"):
        home.rotate("policy", now=now())
    with pytest.raises(ContractError, match="unknown_name"):
        home.rotate("nobody", now=now())
    (home.folder / "root.key.json").rename(home.folder / "away")
    with pytest.raises(ContractError, match="no_key_file"):
        home.rotate("ledger", now=now())
    (home.folder / "away").rename(home.folder / "root.key.json")
    assert sorted(home.folder.rglob("*")) == before


def test_the_list_holds_every_key_and_what_it_is(home: KeyFolder) -> None:
    soon = Signer.generate("/agents/soon")
    late = Signer.generate("/agents/late")
    home.edit(
        lambda document: enrol.add_agent(
            document, "soon", soon.public.jwk, owner="dave", now=now(), life=timedelta(days=10, hours=1)
        )
    )
    home.edit(lambda document: enrol.rotate(document, Principal(Role.AGENT, "soon"), late.public.jwk, now=now() + DAY))
    gone = Signer.load(home.key_file("agents", "nightly-export")).key_id
    told(home, "keys", "revoke", gone)
    found = told(home, "keys", "list")
    assert found["version"] == 5
    assert len(found["keys"]) == len(list(home.folder.rglob("*.key.json"))) - 1 + 2  # but for the root's
    by = {key["key_id"]: key for key in found["keys"]}
    assert (by[soon.key_id]["principal"], by[soon.key_id]["state"], by[soon.key_id]["expires_soon"]) == (
        "/agents/soon",
        "in_force",
        True,
    )
    assert by[late.key_id]["state"] == "not_yet"
    assert (by[gone]["state"], by[gone]["expires_soon"]) == ("revoked", False)
    lines = {line.split()[-1]: line for line in placet(home, "keys", "list").output.splitlines()[1:]}
    assert "(10 DAYS LEFT)" in lines[soon.key_id]
    assert "good from" in lines[late.key_id]
    assert "revoked" in lines[gone]
    assert "LEFT" not in lines[Signer.load(home.key_file("services", "policy")).key_id]
