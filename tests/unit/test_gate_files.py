"""Files as arguments: what was assented to is the content, wherever it lies and whatever happens to it."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from placet.catalogue import Topic
from placet.errors import VerificationError
from placet.executor import RefusedError
from placet.files import Copies, File, FileReference, replace_files
from placet.gate import ProposalError
from placet.outcomes import Ticket
from tests.fix_executor import RESOURCE, Workbench

CONTENT = b"name,amount\nZo\xc3\xab,82000\n"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "report.csv"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def reference(**changes: Any) -> FileReference:
    content = {"bytes": len(CONTENT), "name": "report.csv", "sha256": hashlib.sha256(CONTENT).hexdigest()}
    return FileReference(**{**content, **changes})


def test_on_the_wire_stand_hash_size_and_name(report: Path) -> None:
    found: dict[str, str] = {}
    plain = replace_files({"a": [File(report)], "b": 1}, found)
    assert plain == {"a": [{"$file": reference().model_dump()}], "b": 1}
    assert found == {reference().sha256: str(report)}


@pytest.mark.parametrize("path", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_named_before_anything_is_sent(workbench: Workbench, path: str) -> None:
    with pytest.raises(ProposalError, match="unreadable_file") as raised:
        workbench.gates["nightly-export"].propose("send", RESOURCE, {"file": File(workbench.folder / path)})
    assert raised.value.code == "unreadable_file"
    assert workbench.log.of(Topic.PROPOSED) == []


def sent(workbench: Workbench, report: Path) -> tuple[Ticket, list[tuple[bytes, Path, int]]]:
    """A ticket for sending a file, and what the function that sends it saw."""
    seen: list[tuple[bytes, Path, int]] = []

    @workbench.executor.action("file.send")
    def send(file: File) -> None:
        seen.append((file.path.read_bytes(), file.path, stat.S_IMODE(file.path.stat().st_mode)))

    return workbench.ticket(name="file.send", file=File(report)), seen


def test_the_function_gets_a_private_copy_that_is_gone_afterwards(workbench: Workbench, report: Path) -> None:
    ticket, seen = sent(workbench, report)
    workbench.executor.execute(ticket)
    ((content, path, mode),) = seen
    assert (content, path.name, mode) == (CONTENT, "report.csv", 0o400)
    assert path != report
    assert not path.exists()


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda path: path.write_bytes(CONTENT.replace(b"82000", b"82001")), "file_mismatch"),
    "longer": (lambda path: path.write_bytes(CONTENT + b"x"), "file_mismatch"),
    "shorter": (lambda path: path.write_bytes(CONTENT[:-1]), "file_mismatch"),
    "gone": (lambda path: path.unlink(), "file_missing"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_file_that_changed_after_assent_is_refused(workbench: Workbench, report: Path, case: str) -> None:
    change, code = CHANGES[case]
    ticket, seen = sent(workbench, report)
    change(report)
    with pytest.raises(RefusedError, match=code):
        workbench.executor.execute(ticket)
    assert seen == []
    assert [each.code for each in workbench.reports] == [code]


def test_a_change_while_it_runs_changes_nothing(workbench: Workbench, report: Path) -> None:
    seen: list[bytes] = []

    @workbench.executor.action("file.send")
    def send(file: File) -> None:
        report.write_bytes(b"something else")
        seen.append(file.path.read_bytes())

    workbench.executor.execute(workbench.ticket(name="file.send", file=File(report)))
    assert seen == [CONTENT]


@pytest.mark.parametrize("name", [hashlib.sha256(CONTENT).hexdigest(), "report.csv"])
def test_an_executor_finds_it_in_its_own_folder_by_hash_or_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / name).write_bytes(CONTENT)
    found = Copies(tmp_path / "private", hints={}, look_in=tmp_path / "store").copy(reference())
    assert found.path.read_bytes() == CONTENT


def test_a_hint_that_lies_is_passed_over_for_the_right_content(tmp_path: Path) -> None:
    (tmp_path / "wrong").write_bytes(b"something else entirely, and longer than that")
    (tmp_path / "report.csv").write_bytes(CONTENT)
    hints = {reference().sha256: str(tmp_path / "wrong")}
    found = Copies(tmp_path / "private", hints=hints, look_in=tmp_path).copy(reference())
    assert found.path.read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "a\nb", "a\x00"])
def test_a_name_that_is_a_path_is_no_file(workbench: Workbench, report: Path, name: str) -> None:
    _, seen = sent(workbench, report)
    forged = {"$file": {"bytes": 1, "name": name, "sha256": "0" * 64}}
    with pytest.raises(TypeError, match="'file'"):
        workbench.executor.execute(workbench.ticket(name="file.send", file=forged))
    assert seen == []


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_of_dots_goes_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises((ValueError, VerificationError)):
        Copies(tmp_path / "private", hints={}, look_in=tmp_path).copy(reference(name=name))
