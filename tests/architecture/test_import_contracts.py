"""The walls between packages: they hold in this tree, and each of them falls where it should.

The contracts are those of pyproject.toml; a small tree of empty modules with the same names stands in for the real one
when a wall is to fall.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract["name"] for contract in CONFIGURATION["contracts"]}
SERVICES = ("approver", "classifier", "ledger", "policy")
LINT = (str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache")


def lint(folder: Path, configuration: Path) -> tuple[int, set[str], str]:
    """Exit status, the ids of the contracts that are broken, and what was printed."""
    done = subprocess.run(
        [*LINT, "--config", str(configuration)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "300", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    said = {match[1].strip(): match[2] for match in re.finditer(r"^(.+?) (KEPT|BROKEN)", printed, re.MULTILINE)}
    assert set(CONTRACTS.values()) <= set(said), printed
    return done.returncode, {name for name, title in CONTRACTS.items() if said[title] == "BROKEN"}, printed


def test_the_walls_hold() -> None:
    status, broken, printed = lint(ROOT, ROOT / "pyproject.toml")
    assert broken == set(), printed
    assert status == 0


class Stand:
    """A tree of empty modules under the contracts of this project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for module in sorted(self._named()):
            self.add(module)
        text = (ROOT / "pyproject.toml").read_text()
        # In an empty tree nothing imports what the exceptions except.
        start = text.index("[tool.importlinter]")
        walls = re.sub(r"ignore_imports = \[.*?\n\]\n", "", text[start:], flags=re.DOTALL)
        (folder / "pyproject.toml").write_text(walls)

    def _named(self) -> Iterator[str]:
        yield from ("placet", "infra", "placet.base", "infra.commands", "services.chassis.runner")
        for service in SERVICES:
            for module in ("adapters", "decide", "handle", "model", "ports", "wiring"):
                yield f"services.{service}.{module}"
        for contract in CONFIGURATION["contracts"]:
            for module in [*contract.get("source_modules", ()), *contract.get("modules", ())]:
                if "*" not in module:
                    yield module

    def add(self, module: str, line: str = "") -> None:
        *packages, name = module.split(".")
        path = self.folder
        for package in packages:
            path /= package
            path.mkdir(exist_ok=True)
            (path / "__init__.py").touch()
        file = path / name / "__init__.py" if (path / name).is_dir() else path / f"{name}.py"
        if not packages:
            (path / name).mkdir(exist_ok=True)
            file = path / name / "__init__.py"
        with file.open("a") as opened:
            opened.write(f"{line}\n")

    def broken(self) -> set[str]:
        return lint(self.folder, self.folder / "pyproject.toml")[1]


FALLS = {
    "library": ("placet.base", "import services.chassis.runner"),
    "light": ("placet.base", "import faust"),
    "apart": ("services.ledger.wiring", "import services.policy.model"),
    "chassis": ("services.chassis.runner", "import services.policy.wiring"),
    "unaware": ("services.policy.wiring", "import infra.commands"),
    "pure": ("services.policy.decide", "import socket"),
    "wiring": ("services.classifier.handle", "import services.classifier.adapters"),
}


def test_every_contract_has_a_case_in_which_it_falls() -> None:
    assert set(FALLS) == set(CONTRACTS)


def test_the_empty_tree_stands(tmp_path: Path) -> None:
    assert Stand(tmp_path).broken() == set()


@pytest.mark.parametrize("contract", FALLS)
def test_each_wall_falls_alone(tmp_path: Path, contract: str) -> None:
    stand = Stand(tmp_path)
    stand.add(*FALLS[contract])
    assert stand.broken() == {contract}


def test_what_a_decision_must_not_touch_is_found_behind_other_modules(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    for module in ("kafka", "time", "random", "threading", "pathlib"):
        stand.add("placet.base", f"import {module}")
    stand.add("services.ledger.model", "import placet.base")
    assert stand.broken() == {"pure"}


# Imports are not enough: a clock and chance also hide in modules that a decision does need.

IMPURE = {"now", "today", "utcnow", "uuid1", "uuid4", "uuid7", "open", "print", "input", "exec", "eval", "__import__"}
PURE = sorted(
    path
    for pattern in next(c for c in CONFIGURATION["contracts"] if c["id"] == "pure")["source_modules"]
    for path in ROOT.glob(f"{pattern.replace('.', '/')}.py")
)


def impure(source: str) -> set[str]:
    """Names of calls that read a clock, ask chance or touch the world."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return names & IMPURE


@pytest.mark.parametrize("path", PURE, ids=[str(path.relative_to(ROOT)) for path in PURE])
def test_pure_modules_ask_neither_clock_nor_chance(path: Path) -> None:
    assert impure(path.read_text()) == set()


def test_every_decide_is_held_pure() -> None:
    assert {path.parent.name for path in PURE if path.name == "decide.py"} == set(SERVICES)


@pytest.mark.parametrize("line", ["datetime.now(UTC)", "date.today()", "uuid.uuid4()", "open('x')", "print(1)"])
def test_a_call_of_the_clock_is_found(line: str) -> None:
    assert impure(f"x = [{line}]")
