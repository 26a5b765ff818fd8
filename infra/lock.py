"""Write the lock files anew (`make lock`): Python packages, the tool that installs them, Kafka's jars.

Lock files name versions and SHA-256 digests, never a registry: see infra/adr/0001-requirements-lock.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from infra.environment import LOCK, ROOT, TOOLS_LOCK, uv  # the path above comes first

COMPILE = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header", "--quiet")
NO_HOSTS = ("--no-emit-index-url", "--no-emit-find-links")


def main() -> None:
    """Resolve everything and replace the lock files."""
    tool = str(uv())
    sources = ("pyproject.toml", "infra/pyproject.toml", "--group", "dev")
    _run(tool, "pip", "compile", *sources, *COMPILE, *NO_HOSTS, "-o", str(LOCK))
    pin = next(line.split()[0] for line in TOOLS_LOCK.read_text().splitlines() if line.startswith("uv=="))
    with tempfile.TemporaryDirectory() as folder:
        wanted, resolved = Path(folder) / "tools.in", Path(folder) / "tools.lock"
        wanted.write_text(pin + "\n")
        _run(tool, "pip", "compile", str(wanted), *COMPILE, *NO_HOSTS, "-o", str(resolved))
        title = "# The tool that builds the environment, pinned. Written by `make lock`.\n"
        TOOLS_LOCK.write_text(title + resolved.read_text())
    _run(sys.executable, "-m", "infra.embedded.jars")


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - commands are built here


if __name__ == "__main__":
    main()
