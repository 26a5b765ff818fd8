"""Which half a template is in, and the lock on the half that nobody writes rules against.

Rules:
- The half is a hash of the template's id: it stays whatever is added. The salt was chosen once, so that each kind and
  its clean templates fall about evenly; it never changes again.
- Rules are written against `dev` alone. The files of `test`, and those of the package that joins it, stand in
  `test_half.lock` by digest, and with them what counts as right about a label. Changing one needs a decision record in
  infra/adr/, and then the lock is written anew: `python -m tests.corpora.halves`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.corpora.model import Half
from tests.corpora.vocabulary import vocabulary

SALT: Final = "placet-59535"
LOCK: Final = Path(__file__).parent / "test_half.lock"
_TITLE: Final = """# What the test half of the corpora is, by SHA-256. Changing it needs a decision record, as
# infra/adr/0012-what-accuracy-is-measured-on.md is one.
# Written by `python -m tests.corpora.halves`.
"""


def half_of(template: str) -> Half:
    """The half of a template's id."""
    return "test" if hashlib.sha256(f"{SALT}/{template}".encode()).digest()[0] & 1 else "dev"


def digests() -> dict[str, str]:
    """Of every file that the test half is made of, as they are now."""
    from tests.corpora import evaluator, files  # noqa: PLC0415 - both ask this module for halves

    own = {path.relative_to(files.ACTIONS).as_posix(): path for path in files.paths("test")}
    every = {**own, **evaluator.paths()}
    meaning = vocabulary().accepting.encode()
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in every.items()} | {
        "types.yaml, what is accepted": hashlib.sha256(meaning).hexdigest()
    }


def locked(path: Path = LOCK) -> Mapping[str, str]:
    """What the lock says they are."""
    files: dict[str, str] = tomllib.loads(path.read_text())["sha256"]
    return files


def changed(now: Mapping[str, str], lock: Mapping[str, str]) -> list[str]:
    """The files that are new, gone or different."""
    return sorted(name for name in {*now, *lock} if now.get(name) != lock.get(name))


if __name__ == "__main__":
    LOCK.write_text(_TITLE + "[sha256]\n" + "".join(f'"{name}" = "{digest}"\n' for name, digest in digests().items()))
