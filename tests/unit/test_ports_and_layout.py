"""Ports and run folders: what is chosen, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import AlreadyRunningError, InfraError
from infra.layout import Layout, RunLock


def test_a_new_folder_is_private_and_a_second_time_the_same(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    layout.make()
    layout.make()
    assert {path.stat().st_mode & 0o077 for path in (layout.folder, layout.secrets, layout.dsn, layout.clients)} == {0}


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InfraError, match="not a run of Placet"):
        Layout(tmp_path).make()


def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "layout").write_text("999\n")
    with pytest.raises(InfraError, match="another version"):
        Layout(tmp_path).make()


def test_one_system_per_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    first, second = RunLock(layout), RunLock(layout)
    assert not RunLock.held(layout)
    first.take()
    assert RunLock.held(layout)
    with pytest.raises(AlreadyRunningError, match="already runs"):
        second.take()
    first.release()
    second.take()
    second.release()
    assert not RunLock.held(layout)
