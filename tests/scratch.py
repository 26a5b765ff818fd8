"""Scratch copies of the tree in which something is changed and tests are run, for `tests/mutants.py`.

- A copy holds what belongs to the tree: known to git, or new and not ignored.
- It has an interpreter of its own that finds the copy before anything installed, whatever the working directory; so
  child processes import the changed file too. A copy that would not import itself is refused when it is made.
- A case's result is what pytest's own report says of it, not the exit status alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

PACKAGES: Final = ("placet", "services", "infra", "tests")
LONGEST_SECONDS: Final = 600.0
"""A run of tests, the start of a whole system included."""
OURS: Final = frozenset({"PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER"})
"""Variables that would make a copy another one."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test case of a report: `result` is passed, failure, error or skipped; `message` is how it begins."""

    result: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run. `said` is the end of its output."""

    cases: list[Case]
    said: str

    @property
    def passed(self) -> bool:
        """Whether something ran and everything passed."""
        return bool(self.cases) and all(case.result == "passed" for case in self.cases)


class Copy:
    """A copy of `root` in `folder`, which is made."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.tree = folder / "tree"
        for name in _files(root):
            target = self.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target)
        self._python = _interpreter(folder / "venv", self.tree)
        self._report = folder / "report.xml"
        # Temporary folders of its own: sessions that share a root close it to each other's database server.
        self._temporary = folder / "tmp"
        self._temporary.mkdir()
        self._clock = int(time.time()) - 1_000_000
        self._prove()

    @contextlib.contextmanager
    def changed(self, file: str, old: str, new: str) -> Iterator[None]:
        """The copy with a change in one file."""
        path = self.tree / file
        before = path.read_text()
        self._write(path, before.replace(old, new))
        try:
            yield
        finally:
            self._write(path, before)

    def run(self, nodes: Iterable[str]) -> Report:
        """Run tests, given as node ids."""
        self._report.unlink(missing_ok=True)
        command: list[str | Path] = [
            self._python,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            *nodes,
        ]
        with subprocess.Popen(
            [*command, f"--junitxml={self._report}"],
            cwd=self.tree,
            env=_environment() | {"PYTEST_DEBUG_TEMPROOT": str(self._temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                said, _ = running.communicate()
        cases = _cases(self._report) if self._report.exists() else []
        return Report(cases, "\n".join(said.strip().splitlines()[-12:]))

    def _prove(self) -> None:
        """Raise RuntimeError where something else than the copy is imported."""
        there = [name for name in PACKAGES if (self.tree / name / "__init__.py").exists()]
        for name in there:
            look: list[str | Path] = [self._python, "-P", "-c", f"import {name}; print({name}.__file__)"]
            done = subprocess.run(look, cwd="/", env=_environment(), capture_output=True, text=True, check=True)
            if not Path(done.stdout.strip()).is_relative_to(self.tree):
                raise RuntimeError(f"A copy would not import its own {name} but {done.stdout.strip()}.")

    def _write(self, path: Path, text: str) -> None:
        """No two writings have the same time: byte code of one is never taken for another's."""
        path.write_text(text)
        self._clock += 1
        os.utime(path, (self._clock, self._clock))


def _interpreter(folder: Path, tree: Path) -> Path:
    """Make an environment that holds nothing: first the tree, then everything that is installed here."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    installed = [path for path in sys.path if path.endswith("site-packages")]
    lines = [str(tree), *(f"import site; site.addsitedir({path!r})" for path in installed)]
    made = Path(sys.prefix, "share", "placet")  # what setup made beside what it installed: the name model's weights
    if made.is_dir():
        (folder / "share").mkdir(exist_ok=True)
        (folder / "share" / "placet").symlink_to(made)
    own = next((folder / "lib").glob("python*/site-packages"))
    (own / "copy.pth").write_text("\n".join(lines) + "\n")
    return folder / "bin" / "python"


def _files(root: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file()]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


def _cases(report: Path) -> list[Case]:
    found = []
    for case in ET.parse(report).getroot().iter("testcase"):
        inner = next((each for each in case if each.tag in {"failure", "error", "skipped"}), None)
        found.append(Case("passed") if inner is None else Case(inner.tag, inner.get("message", "")))
    return found
