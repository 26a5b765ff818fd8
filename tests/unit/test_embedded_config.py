"""What the embedded parts are told, without running them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.embedded import jars
from infra.embedded.cache import cache_folder
from infra.embedded.jars import Jar, Lock, kafka_jars, read_lock
from infra.embedded.kafka_config import Node, cluster_id, properties
from infra.embedded.postgres import dsn
from infra.embedded.secrets import password_file
from infra.errors import PartUnavailableError


def test_a_cluster_id_never_reads_as_an_option() -> None:
    for first in range(256):
        found = cluster_id(bytes([first]) + b"\xff" * 15)
        assert len(found) == 22
        assert not found.startswith("-")


def test_only_broker_and_operator_stand_above_the_rules() -> None:
    text = properties(Node(1, 2, Path("/d")), broker_password="b", controller_password="c")
    settings = dict(line.split("=", 1) for line in text.splitlines())
    assert settings["super.users"] == "User:broker;User:ops"
    assert settings["allow.everyone.if.no.acl.found"] == "false"
    assert settings["auto.create.topics.enable"] == "false"
    assert "SASL_PLAINTEXT" in settings["listener.security.protocol.map"]


def test_the_lock_names_digests_and_no_host() -> None:
    assert "://" not in jars.LOCK.read_text()
    lock = read_lock()
    assert len(lock.jars) == 46
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in lock.jars)


def made(folder: Path, content: bytes) -> Jar:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "a-1.jar"
    path.write_bytes(content)
    return Jar("g:a:1", jars.digest(path))


def test_what_differs_from_the_lock_is_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = made(tmp_path / "m2", b"good")
    lock = Lock(("g:a:1",), (good,))
    monkeypatch.setattr(jars, "_resolve", lambda *_: [tmp_path / "m2" / "a-1.jar"])
    (tmp_path / "m2" / "a-1.jar").write_bytes(b"other")
    with pytest.raises(PartUnavailableError, match=r"not what kafka.lock pins"):
        kafka_jars(progress=lambda _: None, cache=tmp_path / "cache", lock=lock)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["kafka.flock"]


def test_a_warm_cache_asks_nobody_and_a_changed_jar_in_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Lock(("g:a:1",), (made(tmp_path / "m2", b"good"),))
    monkeypatch.setattr(jars, "_resolve", lambda *_: [tmp_path / "m2" / "a-1.jar"])
    said: list[str] = []
    folder = kafka_jars(progress=said.append, cache=tmp_path / "cache", lock=lock)
    assert len(said) == 1
    monkeypatch.setattr(jars, "_resolve", lambda *_: pytest.fail("the network was asked"))
    assert kafka_jars(progress=said.append, cache=tmp_path / "cache", lock=lock) == folder
    assert len(said) == 1
    (folder / "a-1.jar").write_bytes(b"evil")
    with pytest.raises(PartUnavailableError, match=r"remove .* and start again"):
        kafka_jars(progress=said.append, cache=tmp_path / "cache", lock=lock)


def test_neither_cache_nor_network_names_three_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import jgo  # noqa: PLC0415 - only this test replaces it

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(jgo, "build", unreachable)
    with pytest.raises(PartUnavailableError) as raised:
        kafka_jars(progress=lambda _: None, cache=tmp_path)
    for way in ("network access", "PLACET_KAFKA_BOOTSTRAP", "docker compose up"):
        assert way in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PLACET_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/placet")),
        ({}, Path.home() / ".cache" / "placet"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], expected: Path) -> None:
    assert cache_folder(environ) == expected


def test_a_password_file_is_private_and_made_once(tmp_path: Path) -> None:
    path = password_file(tmp_path / "p" / "x")
    first = path.read_text()
    assert os.stat(path).st_mode & 0o777 == 0o600  # noqa: PTH116 - the mode is the point
    assert len(first.strip()) >= 32
    assert password_file(path).read_text() == first


def test_a_dsn_survives_odd_characters() -> None:
    found = dsn(user="a@b", password="p/:?", database="d", host="/tmp/x y")
    assert found == "postgresql://a%40b:p%2F%3A%3F@/d?host=%2Ftmp%2Fx%20y"
