"""The trust file: signed, versioned, reloaded, never older."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from placet import enrol
from placet.errors import ContractError, DecodeError, VerificationError
from placet.key_folder import KeyFolder
from placet.keys import PublicJwk, PublicKey, Signer, decode_base64url, encode_base64url, pre_authentication_encoding
from placet.trust import Executor, Trust, sign_trust
from placet.trust_store import TrustStore, load_root
from tests.factories import NOW, World, trusted

WORLD = World()


def refused_code(content: bytes, *, minimum_version: int = 1) -> str:
    with pytest.raises(ContractError) as refused:
        Trust.verify(content, WORLD.root.public, minimum_version=minimum_version)
    return refused.value.code


def test_the_pre_authentication_encoding_is_that_of_the_dsse_specification() -> None:
    # github.com/secure-systems-lab/dsse, protocol.md, "Test Vectors".
    assert (
        pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_file_signed_by_another_root_is_refused() -> None:
    stranger = Signer.generate("/root")
    assert refused_code(sign_trust(WORLD.document(), stranger)) == "unknown_key"


def test_a_file_that_names_the_pinned_key_but_was_signed_by_another_is_refused() -> None:
    envelope = json.loads(sign_trust(WORLD.document(), Signer.generate("/root")))
    envelope["signatures"][0]["keyid"] = WORLD.root.key_id
    assert refused_code(json.dumps(envelope).encode()) == "bad_signature"


def test_one_changed_byte_of_the_payload_is_refused() -> None:
    envelope = json.loads(WORLD.trust_file())
    payload = decode_base64url(envelope["payload"]).replace(b'"dave"', b'"eve0"')
    envelope["payload"] = encode_base64url(payload)
    assert refused_code(json.dumps(envelope).encode()) == "bad_signature"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda e: {**e, "payloadType": "text/plain"}, "bad_trust_file"),
        (lambda e: {**e, "more": 1}, "bad_trust_file"),
        (lambda e: {**e, "signatures": []}, "bad_trust_file"),
        (lambda e: {**e, "signatures": e["signatures"] * 2}, "bad_trust_file"),
        (lambda e: {**e, "payload": e["payload"] + "="}, "bad_base64"),
        (lambda _: [], "bad_trust_file"),
    ],
)
def test_an_envelope_of_another_shape_is_refused(change: object, code: str) -> None:
    assert callable(change)
    assert refused_code(json.dumps(change(json.loads(WORLD.trust_file()))).encode()) == code


def test_an_older_version_is_refused() -> None:
    assert refused_code(WORLD.trust_file(), minimum_version=2) == "old_trust"


def test_the_store_takes_a_newer_file_and_keeps_the_one_in_force_against_older_and_broken_ones(tmp_path: Path) -> None:
    path, refusals = tmp_path / "trust.json", list[str]()

    def put(content: bytes) -> None:
        path.with_suffix(".new").write_bytes(content)
        os.replace(path.with_suffix(".new"), path)  # noqa: PTH105 - as an operator's tool would

    put(WORLD.trust_file(version=2))
    store = TrustStore(path, WORLD.root.public, on_refused=lambda refused: refusals.append(refused.code))
    first = store.current()
    put(WORLD.trust_file(version=3))
    assert store.current().version == 3
    assert store.knows(first.digest)
    put(WORLD.trust_file(version=2))
    assert store.current().version == 3
    put(b"garbage")
    assert store.current().version == 3
    path.unlink()
    assert store.current().version == 3
    assert refusals == ["old_trust", "not_json", "no_trust_file"]
    put(WORLD.trust_file(version=4))
    assert store.current().version == 4
    assert not store.knows("0" * 64)


def test_who_asks_while_another_reads_a_newer_file_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(WORLD.trust_file(version=2))
    store = TrustStore(path, WORLD.root.public)
    reading, go_on, verify = threading.Event(), threading.Event(), Trust.verify

    def slowly(content: bytes, root: PublicKey, *, minimum_version: int = 1) -> Trust:
        reading.set()
        assert go_on.wait(30)
        return verify(content, root, minimum_version=minimum_version)

    monkeypatch.setattr(Trust, "verify", slowly)
    path.with_suffix(".new").write_bytes(WORLD.trust_file(version=3))
    path.with_suffix(".new").replace(path)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(store.current)
        assert reading.wait(30)
        second = threads.submit(store.current)
        with contextlib.suppress(TimeoutError):  # a wrong one would be there at once
            second.result(timeout=0.2)
        go_on.set()
        assert (first.result(30).version, second.result(30).version) == (3, 3)


def test_a_store_without_a_file_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="no_trust_file"):
        TrustStore(tmp_path / "none.json", WORLD.root.public)


def test_audience_is_by_whole_path_segments() -> None:
    document = WORLD.document()
    served = document.executors["warehouse"].model_copy(update={"serves": ("s3://reports",)})
    trust = Trust.verify(
        sign_trust(document.model_copy(update={"executors": {"warehouse": served}}), WORLD.root), WORLD.root.public
    )
    assert trust.executor_for("s3://reports/a") == "/executors/warehouse"
    assert trust.executor_for("s3://reports") == "/executors/warehouse"
    assert trust.executor_for("s3://reports-secret/a") is None


def test_a_grant_is_for_one_executor_the_closest() -> None:
    document = WORLD.document()
    serving = {"everything": ("",), "near": ("s3://reports/a",), "far": ("s3://reports",), "twin": ("s3://reports/a",)}
    executors = {
        name: Executor(serves=serves, keys=(trusted(Signer.generate(f"/executors/{name}"), NOW),))
        for name, serves in serving.items()
    }
    trust = Trust.verify(
        sign_trust(document.model_copy(update={"executors": executors}), WORLD.root), WORLD.root.public
    )
    assert trust.executor_for("s3://reports/a/b") == "/executors/near"
    assert trust.executor_for("s3://reports/other") == "/executors/far"
    assert trust.executor_for("postgres://anything") == "/executors/everything"


def test_a_key_folder_from_init_to_disable(tmp_path: Path) -> None:
    home = KeyFolder(tmp_path / "keys")
    assert home.init(now=NOW).version == 1
    with pytest.raises(ContractError, match="exists"):
        home.init(now=NOW)
    home.enrol_agent("nightly-export", owner="dave", now=NOW)
    home.enrol_executor("warehouse", serves=("postgres://warehouse",), now=NOW)
    with pytest.raises(ContractError, match="known_agent"):
        home.enrol_agent("nightly-export", owner="mallory", now=NOW)
    trust = home.edit(lambda document: enrol.disable_agent(document, "nightly-export", now=NOW))
    assert trust.version == 4
    assert trust.agents["nightly-export"].disabled
    assert trust.agents["nightly-export"].owner == "dave"
    with pytest.raises(ContractError, match="unknown_agent"):
        home.edit(lambda document: enrol.disable_agent(document, "nobody", now=NOW))
    for secret in tmp_path.rglob("*.key.json"):
        assert secret.stat().st_mode & 0o777 == 0o600
    assert load_root(home.root_file).key_id == Signer.load(home.folder / "root.key.json").key_id


def test_a_key_file_shows_nothing_of_its_secret(tmp_path: Path) -> None:
    signer = Signer.generate("/agents/a")
    signer.save(tmp_path / "a.key.json")
    secret = json.loads((tmp_path / "a.key.json").read_text())["key"]["d"]
    assert stat.S_IMODE((tmp_path / "a.key.json").stat().st_mode) == 0o600
    assert repr(signer) == "Signer(principal='/agents/a')"
    (tmp_path / "broken.json").write_text(f'{{"principal": "/agents/a", "key": {{"kty": "OKP", "d": "{secret}"}}}}')
    with pytest.raises(DecodeError) as refused:
        Signer.load(tmp_path / "broken.json")
    assert secret not in str(refused.value)
    with pytest.raises(DecodeError, match="no_key_file"):
        Signer.load(tmp_path / "none.json")
    with pytest.raises(FileExistsError):
        signer.save(tmp_path / "a.key.json")


def test_what_is_not_a_point_on_the_curve_is_not_a_key() -> None:
    with pytest.raises(DecodeError):
        PublicJwk(kty="OKP", crv="Ed25519", x="AAAA").key  # noqa: B018 - reading it is the test


def test_base64url_has_one_form() -> None:
    assert decode_base64url("AQ") == b"\x01"
    for other in ("AQ==", "AR", "A", "A Q", "A/"):
        with pytest.raises(DecodeError):
            decode_base64url(other)


def test_a_verification_error_is_not_a_decode_error() -> None:
    assert not issubclass(VerificationError, DecodeError)
