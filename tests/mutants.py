"""`make mutants`: takes each guard away, one at a time, and looks whether the test that is named for it fails.

- `tests/mutants.toml` is the list: one `[[mutant]]` per guard, with the change that removes it and the test that must
  then fail.
- The change is made in a scratch copy of the tree (`tests/scratch.py`), and the test runs there.
- Before that, every named test passes unchanged in the same copy; a mutant whose test does not is not judged.
- Caught means that the test itself failed. An import, a syntax or a fixture that breaks, a skip, a hang: not caught.
- Exit status: 0 when every mutant is caught, 1 with the list of the others.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.scratch import Copy

ROOT: Final = Path(__file__).resolve().parents[1]
LIST: Final = Path("tests/mutants.toml")
JOBS: Final = 2
BROKEN: Final = (
    *("SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError"),
    *("NameError", "UnboundLocalError", "Failed: Timeout"),
)
"""How a failure begins that is the change's own fault, or none of the test's."""


class Verdict(StrEnum):
    """What became of a mutant."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    BROKEN = "broken"
    """The test ended, but not by failing: the change is no mutant."""
    UNPROVEN = "unproven"
    """Its test does not pass without the change either."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard, and the change that removes it."""

    guard: str
    invariant: int
    """Of the design, 1 to 8."""
    file: str
    old: str
    """Stands in the file exactly once."""
    new: str
    test: str
    """The node id of the test that must then fail."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutant and what became of it; `said` is the end of what pytest said, where it was not caught."""

    mutant: Mutant
    verdict: Verdict
    seconds: float
    said: str = ""


def load(path: Path) -> list[Mutant]:
    """Read the list. Raises OSError, tomllib.TOMLDecodeError, or TypeError for a missing or unknown field."""
    return [Mutant(**entry) for entry in tomllib.loads(path.read_text())["mutant"]]


def fault(mutant: Mutant, root: Path) -> str | None:
    """What is wrong with an entry of the list, without running anything; None when nothing is."""
    source = root / mutant.file
    if not source.is_file():
        return f"{mutant.file} is no file"
    text = source.read_text()
    if (found := text.count(mutant.old)) != 1:
        return f"the old text stands in {mutant.file} {found} times"
    if source.suffix == ".py":
        try:
            changed = ast.dump(ast.parse(text.replace(mutant.old, mutant.new)))
        except SyntaxError as error:
            return f"the new text does not compile: {error.msg}"
        if changed == ast.dump(ast.parse(text)):
            return "the change changes nothing"
    if not is_there(mutant.test, root):
        return f"there is no test {mutant.test}"
    return None


def is_there(node: str, root: Path) -> bool:
    """Whether the file holds a function of that name, in the classes the node id names."""
    path, *names = node.split("[", maxsplit=1)[0].split("::")
    if not names or not (root / path).is_file():
        return False
    body: Sequence[ast.stmt] = ast.parse((root / path).read_text()).body
    *classes, function = names
    for name in classes:
        inner = next((each for each in body if isinstance(each, ast.ClassDef) and each.name == name), None)
        body = [] if inner is None else inner.body
    return any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == function for each in body)


def judge(copy: Copy, mutant: Mutant) -> Judged:
    """Run a mutant's test against the mutant."""
    began = time.monotonic()
    with copy.changed(mutant.file, mutant.old, mutant.new):
        report = copy.run([mutant.test])
    seconds = time.monotonic() - began
    if any(case.result == "failure" and not case.message.startswith(BROKEN) for case in report.cases):
        return Judged(mutant, Verdict.CAUGHT, seconds)
    return Judged(mutant, Verdict.SURVIVED if report.passed else Verdict.BROKEN, seconds, report.said)


def doubtful(copy: Copy, nodes: Sequence[str]) -> dict[str, str]:
    """Find the tests that do not pass unchanged, and what was said: all at once, in halves where that does not pass."""
    report = copy.run(nodes)
    if report.passed:
        return {}
    if len(nodes) == 1:
        return {nodes[0]: report.said}
    middle = len(nodes) // 2
    return doubtful(copy, nodes[:middle]) | doubtful(copy, nodes[middle:])


def run(
    mutants: Sequence[Mutant], *, root: Path = ROOT, jobs: int = JOBS, say: Callable[[str], object] = lambda _: None
) -> list[Judged]:
    """Judge every mutant, `jobs` at a time, each in a copy of its own; in the order of the list."""
    nodes = sorted({mutant.test for mutant in mutants})
    jobs = max(1, min(jobs, len(nodes)))
    with tempfile.TemporaryDirectory(prefix="placet-mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        for copy in pool.map(lambda number: Copy(Path(folder) / str(number), root), range(jobs)):
            free.put(copy)
        say(f"{len(mutants)} mutants; first their {len(nodes)} tests, unchanged")
        # In blocks of neighbours: what the tests of a file share is started once.
        size = -(-len(nodes) // jobs)
        unproven: dict[str, str] = {}

        def prove(start: int) -> None:
            with lent(free) as copy:
                unproven.update(doubtful(copy, nodes[start : start + size]))

        def one(mutant: Mutant) -> Judged:
            if mutant.test in unproven:
                judged = Judged(mutant, Verdict.UNPROVEN, 0.0, unproven[mutant.test])
            else:
                with lent(free) as copy:
                    judged = judge(copy, mutant)
            say(f"{judged.verdict:9} {judged.seconds:6.1f} s  {mutant.guard}")
            return judged

        list(pool.map(prove, range(0, len(nodes), size)))
        return list(pool.map(one, mutants))


@contextlib.contextmanager
def lent(free: queue.SimpleQueue[Copy]) -> Iterator[Copy]:
    """Take a copy that is free, and give it back."""
    copy = free.get()
    try:
        yield copy
    finally:
        free.put(copy)


def changed_since(commit: str, root: Path) -> frozenset[str]:
    """The files that differ from a commit, below `root`; raises subprocess.CalledProcessError where git refuses."""
    command = ["git", "-C", str(root), "diff", "--name-only", "-z", "--relative", "--end-of-options", commit]
    return frozenset(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")) - {""}


def table(judged: Sequence[Judged]) -> str:
    """One line per mutant, by invariant, and the sum."""
    lines = [
        f"  {each.mutant.invariant}  {each.verdict:9}  {each.mutant.guard}  [{each.mutant.file}]"
        for each in sorted(judged, key=lambda each: each.mutant.invariant)
    ]
    caught = sum(each.verdict is Verdict.CAUGHT for each in judged)
    return "\n".join([*lines, f"{caught} of {len(judged)} mutants caught"])


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="make mutants", description="Take each guard away and see its test fail.")
    parser.add_argument("-k", metavar="WORD", default="", help="only where guard, file or test holds this")
    parser.add_argument("--since", metavar="COMMIT", help="only where file or test has changed since then")
    parser.add_argument("--json", action="store_true", help="a JSON array instead of the table")
    parser.add_argument("--jobs", type=int, default=JOBS, help="at a time (default: %(default)s)")
    given = parser.parse_args(arguments)
    mutants = [each for each in load(root / LIST) if given.k in f"{each.guard}\n{each.file}\n{each.test}"]
    if given.since is not None:
        changed = changed_since(given.since, root)
        mutants = [each for each in mutants if not changed.isdisjoint((each.file, each.test.split("::")[0]))]
    faults = {each.guard: found for each in mutants if (found := fault(each, root)) is not None}
    if faults or not mutants:
        sys.stderr.write("".join(f"{guard}: {found}\n" for guard, found in faults.items()) or "no such mutant\n")
        return 1
    judged = run(mutants, root=root, jobs=given.jobs, say=lambda line: sys.stderr.write(line + "\n"))
    left = [each for each in judged if each.verdict is not Verdict.CAUGHT]
    if given.json:
        sys.stdout.write(json.dumps([asdict(each) for each in judged], indent=2) + "\n")
    else:
        sys.stdout.write(table(judged) + "\n")
    for each in left:
        sys.stderr.write(f"\n{each.verdict}: {each.mutant.guard}\n  {each.mutant.test}\n{each.said}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
