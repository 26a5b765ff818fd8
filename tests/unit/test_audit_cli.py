"""`placet ledger verify` at a prompt: exit status, JSON, the checkpoint it remembers, and what it cannot begin with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from placet.audit.cli import ledger
from placet.catalogue import Role
from placet.checkpoint import VerifierKey
from tests.factories import World
from tests.ledgers import ORIGIN, MemoryLedger


class Desk:
    """An auditor's folder."""

    def __init__(self, folder: Path) -> None:
        self.ledger = MemoryLedger(World())
        self.ledger.ran(self.ledger.allowed())
        self.folder = folder
        self.root = folder / "root.pub.json"
        self.root.write_text(self.ledger.world.root.public.jwk.model_dump_json())
        self.export = folder / "ledger.ndjson"
        self.write()

    def write(self) -> None:
        self.export.write_bytes(b"".join(self.ledger.export()))

    def verify(self, *options: str, stdin: bytes | None = None) -> Result:
        source = "-" if stdin is not None else str(self.export)
        return CliRunner().invoke(ledger, ["verify", source, "--root", str(self.root), *options], input=stdin)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_sound_export(desk: Desk) -> None:
    found = desk.verify()
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "0 problems")


def test_from_standard_input_as_json(desk: Desk) -> None:
    found = desk.verify("--json", stdin=desk.export.read_bytes())
    assert found.exit_code == 0
    answer = json.loads(found.stdout)
    assert (answer["ok"], answer["entries"], answer["chains"]) == (True, 5, 1)


def test_it_remembers_the_newest_checkpoint_and_holds_the_next_export_to_it(desk: Desk) -> None:
    note = desk.folder / "last.note"
    assert desk.verify("--remember", str(note)).exit_code == 0
    assert note.read_bytes() == desk.ledger.head()
    desk.ledger.ran(desk.ledger.allowed())
    desk.write()
    assert "extends the one you hold (5 entries)" in desk.verify("--remember", str(note)).stdout
    assert note.read_bytes() == desk.ledger.head()
    kept = note.read_bytes()
    del desk.ledger.records[4:]
    desk.write()
    found = desk.verify("--remember", str(note))
    assert (found.exit_code, "truncated" in found.stdout) == (1, True)
    assert note.read_bytes() == kept


def test_a_pinned_key(desk: Desk) -> None:
    key = VerifierKey(name=ORIGIN, public=desk.ledger.world.services[Role.LEDGER].public.raw)
    assert desk.verify("--ledger-key", key.text()).exit_code == 0
    assert desk.verify("--ledger-key", "nonsense").exit_code == 2


@pytest.mark.parametrize("missing", ["root", "export", "held"])
def test_it_cannot_begin_without(desk: Desk, missing: str) -> None:
    options = ["--held", str(desk.folder / "none")] if missing == "held" else []
    if missing == "root":
        desk.root.unlink()
    if missing == "export":
        desk.export.unlink()
    found = desk.verify(*options)
    assert found.exit_code == 2
    assert "No such file" in found.stderr


def test_an_export_cannot_draw_on_the_screen(desk: Desk) -> None:
    lines = desk.export.read_bytes().splitlines(keepends=True)
    header = json.loads(lines[0])
    header["origin"] = "placet\x1b[2J\u202e.test"
    desk.export.write_bytes(b"".join([json.dumps(header).encode() + b"\n", *lines[1:]]))
    found = desk.verify()
    assert found.exit_code == 1
    assert "\x1b" not in found.stdout
    assert "\u202e" not in found.stdout
