"""The digest of the rules tells one set of them from another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.classifier import analysis, decide
from services.classifier.adapters import rules


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "analysis"
    shutil.copytree(analysis.__path__[0], folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(analysis, "__path__", [str(folder)])
    monkeypatch.setattr(decide, "__file__", str(tmp_path / "decide.py"))
    (tmp_path / "decide.py").write_text("RULES = ()\n")
    (tmp_path / "lexicon").mkdir()
    return folder


def test_the_same_rules_have_the_same_digest_wherever_they_lie(copy: Path) -> None:
    first = rules.digest.__wrapped__()
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "spans.pyc").write_bytes(b"compiled")
    assert rules.digest.__wrapped__() == first
    assert len(first) == 12


@pytest.mark.parametrize(
    "changed", ["identifiers/money.py", "spans.py", "../decide.py", "new_rules.py", "../lexicon/new.txt"]
)
def test_another_rule_is_another_digest(copy: Path, changed: str) -> None:
    first = rules.digest.__wrapped__()
    with (copy / changed).open("a") as file:
        file.write("# changed\n")
    assert rules.digest.__wrapped__() != first
