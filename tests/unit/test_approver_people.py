"""The directory file: reloaded when it changes, kept when it breaks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from services.approver.adapters import people as module
from services.approver.adapters.people import FileOfPeople
from services.chassis.errors import SettingsError

ANN = {"name": "Ann", "groups": ["leads"], "active": True}


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)


def written(path: Path, text: str, stamp: int) -> Path:
    path.write_text(text)
    os.utime(path, ns=(stamp, stamp))
    return path


def test_people_are_read_and_read_again_when_the_file_changes(tmp_path: Path) -> None:
    path = written(tmp_path / "people.json", json.dumps({"people": {"ann": ANN}}), 1)
    held = FileOfPeople(path)
    assert held.current()["ann"].groups == {"leads"}
    written(path, json.dumps({"people": {"ann": {**ANN, "active": False}}}), 2)
    assert not held.current()["ann"].active


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"people": {"ann": {"name": "Ann", "groups": ["leads"]}}}',
        '{"people": {"ann": {"name": "Ann", "groups": ["leads"], "active": "yes"}}}',
        '{"people": {"ann": {"name": "Ann", "groups": ["leads"], "active": true, "admin": true}}}',
        '{"people": {"a b": {"name": "Ann", "groups": ["leads"], "active": true}}}',
        '{"people": {"": {"name": "Ann", "groups": ["leads"], "active": true}}}',
        '{"people": {"a": {"name": "A", "groups": [], "active": true}, "a": {"name": "B", "groups": []}}}',
    ],
)
def test_a_file_that_does_not_read_leaves_the_people_in_force(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "people.json", json.dumps({"people": {"ann": ANN}}), 1)
    held = FileOfPeople(path)
    written(path, text, 2)
    assert set(held.current()) == {"ann"}
    path.unlink()
    assert set(held.current()) == {"ann"}
    with pytest.raises(SettingsError, match=r"people\.json cannot be read"):
        FileOfPeople(written(path, text, 3))


def test_without_a_file_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        FileOfPeople(tmp_path / "none.json")
