"""`make fuzz-guided`: atheris (libFuzzer) looks for inputs that reach code no input before has reached.

    make fuzz-guided ARGS="--target trust --seconds 600"
    python -m tests.fuzz --target trust --reproduce FILE

Rules:
- The same targets and the same promise as `make fuzz`: nothing but a named error comes out, nothing bent is believed.
- It begins with what `make fuzz` would try, and bends the bytes itself. One process for each target: libFuzzer ends its
  process, whatever it found. Exit status 1 where a target failed; its input is kept in a file.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

SEEDS: Final = 300
LONGEST: Final = 65_536
SECONDS_PER_INPUT: Final = 5
_WORKER: Final = "--worker"


def main(arguments: list[str] | None = None) -> int:
    """See the module."""
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - a worker instruments what it imports, and so is first

    parser = argparse.ArgumentParser(prog="make fuzz-guided", description="Coverage-guided fuzzing of every parser.")
    parser.add_argument("--target", choices=sorted(TARGETS), action="append")
    parser.add_argument("--seconds", type=int, default=30, help="for each target (default: %(default)s)")
    given = parser.parse_args(arguments)
    failed = []
    for name in given.target or list(TARGETS):
        with tempfile.TemporaryDirectory(prefix="placet-fuzz-") as corpus:
            command = [sys.executable, "-m", "tests.fuzz.guided", _WORKER, name, str(given.seconds), corpus]
            if subprocess.run(command, check=False).returncode:
                failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "0 failures")  # noqa: T201
    return 1 if failed else 0


def worker(name: str, seconds: int, corpus: Path) -> None:
    """Fuzz one target in this process, which does not come back."""
    import atheris  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - has no wheel for every interpreter

    with atheris.instrument_imports(include=["placet"]):
        from tests.fuzz.__main__ import KEPT  # noqa: PLC0415 - imported here to be instrumented
        from tests.fuzz.targets import TARGETS, attempt  # noqa: PLC0415 - as above
    KEPT.mkdir(exist_ok=True)
    for number in range(SEEDS):
        (corpus / str(number)).write_bytes(TARGETS[name].make(random.Random(number)))
    bounds = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SECONDS_PER_INPUT}"]
    told = [*bounds, f"-artifact_prefix={KEPT}/{name}-", "-print_final_stats=1", "-verbosity=0"]
    print(f"{name}: {seconds} s", flush=True)  # noqa: T201
    # A target's first byte says what the rest is for: without it there is no input.
    atheris.Setup([sys.argv[0], *told, str(corpus)], lambda data: attempt(name, data) if data else None)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == [_WORKER]:
        worker(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    sys.exit(main())
