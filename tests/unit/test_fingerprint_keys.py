"""The keys of fingerprints and likenesses: what their file may hold, how it is rotated, what is said of a key."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from placet.cli.main import run
from placet.errors import DecodeError
from placet.fingerprint_file import renew
from placet.fingerprint_keys import FingerprintKeys

OLD, NEW = "a" * 64, "b" * 64


def keys(*lines: str) -> FingerprintKeys:
    return FingerprintKeys.read("\n".join(lines).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a" * 31,
        b"a" * 64 + b"\n\n" + b"b" * 64,
        b"\n".join([b"a" * 64] * 3),
        b"a" * 64 + b"\n" + b"b" * 31,
        b"a" * 40 + b" " + b"b" * 40,
        b"a" * 40 + b"\t",
        b"\xe4" * 64,
        b"a" * 10_001,
    ],
)
def test_what_is_no_file_of_keys_is_refused_without_a_word_of_it(content: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        FingerprintKeys.read(content)
    assert "aaa" not in str(refused.value)
    assert "placet keys fingerprint" in str(refused.value)


def test_the_first_line_marks_values_and_the_last_one_actions() -> None:
    before, after = keys(OLD), keys(NEW, OLD)
    assert before == keys(OLD + "\n") == keys(OLD, OLD)
    assert after.mark("finding", b"x") == keys(NEW).mark("finding", b"x") != before.mark("finding", b"x")
    assert after.mark("likeness", b"x") == before.mark("likeness", b"x") != keys(NEW).mark("likeness", b"x")


def test_the_id_of_a_key_is_no_mark_of_anything_and_shows_nothing() -> None:
    one = keys(OLD)
    assert one.id == keys(OLD).id != keys(NEW).id
    assert len(one.id) == 16
    assert not any(one.mark(domain, b"").startswith(one.id) for domain in ("finding", "likeness", ""))
    assert one.id not in one.fingerprints.hex()
    assert one.fingerprints.hex() not in repr(one)
    assert repr(one) == "FingerprintKeys()"


def test_a_file_is_made_and_rotated(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = renew(path)
    first = FingerprintKeys.read(path.read_bytes())
    assert (made.id, made.before) == (first.id, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for _ in range(3):  # however often
        before = FingerprintKeys.read(path.read_bytes())
        rotated = renew(path)
        now = FingerprintKeys.read(path.read_bytes())
        assert (rotated.id, rotated.before) == (now.id, before.id)
        assert now.id != before.id
        assert now.mark("likeness", b"x") == first.mark("likeness", b"x")
    renew(path, likenesses=True)
    assert FingerprintKeys.read(path.read_bytes()).mark("likeness", b"x") != first.mark("likeness", b"x")
    assert len(path.read_text().splitlines()) == 1, "nothing of what leaked is left"
    assert [one.name for one in tmp_path.iterdir()] == ["keys"]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("somebody's notes\n")
    with pytest.raises(DecodeError):
        renew(path)
    assert path.read_text() == "somebody's notes\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_file_stays_its_owner_s(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(OLD)
    os.chown(path, 10_001, 10_001)
    renew(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (10_001, 10_001)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys"
    assert run(["keys", "fingerprint", str(path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made == {"file": str(path), "fingerprint_key": FingerprintKeys.read(path.read_bytes()).id, "before": None}
    assert run(["keys", "fingerprint", str(path)]) == 0
    said = capsys.readouterr().out
    now = FingerprintKeys.read(path.read_bytes())
    assert f"is {now.id}; before it was {made['fingerprint_key']}" in said
    assert not any(line in said for line in path.read_text().splitlines())
    assert run(["keys", "fingerprint", str(path), "--likeness"]) == 0
    assert FingerprintKeys.read(path.read_bytes()).likenesses != now.likenesses
    path.write_text("x\n")
    capsys.readouterr()
    assert run(["keys", "fingerprint", str(path)]) != 0
    assert f"{path} line 1 is no key" in capsys.readouterr().err
    assert run(["keys", "fingerprint", str(tmp_path / "none" / "keys")]) != 0
    assert "No such file" in capsys.readouterr().err
