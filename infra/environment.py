"""Build `.venv` from the lock: what `make setup` runs, with the machine's own Python and nothing installed yet.

- Everything is pinned by SHA-256: uv by infra/tools.lock, the rest by requirements.lock. No registry is named.
- A stamp holds the digest of all inputs: when nothing changed, a second run does nothing and needs no network.
- The warm cache is asked first, the network only for what is missing. uv itself is kept in Placet's cache.
- With neither cache nor network there is one error, and it names the ways out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS_LOCK = ROOT / "infra" / "tools.lock"
LOCK = ROOT / "requirements.lock"
_ADAPTERS = ROOT / "services" / "classifier" / "adapters"
RECIPE = (_ADAPTERS / "eight_bits.py", _ADAPTERS / "language.py")
"""How the name model's weights are made, and where they lie."""
PROJECTS = (ROOT / "pyproject.toml", ROOT / "infra" / "pyproject.toml")
INPUTS = (LOCK, TOOLS_LOCK, *PROJECTS, *RECIPE, Path(__file__).resolve())
OLDEST = (3, 11)

WAYS_OUT = """
Three ways out:
  1. run `make setup` once with network access to a package registry; later runs need none;
  2. have Kafka elsewhere: point PLACET_KAFKA_BOOTSTRAP at it and install Placet from wheels you already have;
  3. use the images: docker compose up
"""


class SetupError(Exception):
    """The environment could not be built; the text says why."""


def say(sentence: str) -> None:
    """Progress, for people."""
    sys.stderr.write(sentence + "\n")


def cache_folder() -> Path:
    """The same folder that infra.embedded.cache names; this file cannot import it yet."""
    if chosen := os.environ.get("PLACET_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "placet"


def fingerprint() -> str:
    """Digest of everything the environment is made from."""
    found = hashlib.sha256(repr((sys.version_info[:3], str(ROOT))).encode())
    for path in INPUTS:
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def run(*command: str | Path) -> tuple[bool, str]:
    """Run quietly; returns whether it succeeded, and the end of what it said."""
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(  # noqa: S603 - commands are built here
        [os.fspath(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    return done.returncode == 0, "\n".join(done.stdout.strip().splitlines()[-2:])


def uv() -> Path:
    """The pinned uv: from the cache, or fetched into it."""
    pin = next(line for line in TOOLS_LOCK.read_text().splitlines() if line.startswith("uv=="))
    version = pin.split("==")[1].split()[0]
    kept = cache_folder() / f"uv-{version}" / "uv"
    if kept.is_file():
        return kept
    on_path = shutil.which("uv")
    if on_path is not None and run(on_path, "--version")[1].split()[1:2] == [version]:
        return Path(on_path)
    say(f"Fetching uv {version} (once)")
    kept.parent.mkdir(parents=True, exist_ok=True)
    tools = ROOT / ".placet" / "tools"
    made, said = run(sys.executable, "-m", "venv", "--clear", tools)
    if not made:
        raise SetupError(f"Python's venv module does not work here (Debian: apt-get install python3-venv): {said}")
    pip = (tools / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    fetched, said = run(*pip, "--retries", "2", "--require-hashes", "--only-binary", ":all:", "-r", TOOLS_LOCK)
    if not fetched:
        raise SetupError(f"uv {version} is not in the cache and could not be fetched.\n{said}")
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as staged:
        staged.write((tools / "bin" / "uv").read_bytes())
    Path(staged.name).chmod(0o755)
    Path(staged.name).replace(kept)
    return kept


def install(tool: Path) -> None:
    """Make `.venv` equal to the lock, from the cache when it can."""
    made, said = run(tool, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV)
    if not made:
        raise SetupError(said)
    python = VENV / "bin" / "python"
    sync = (tool, "pip", "sync", "--quiet", "--require-hashes", "--python", python, LOCK)
    done, _ = run(*sync, "--offline")
    if not done:
        say("Fetching Python packages (once; about 400 MB)")
        done, said = run(*sync)
        if not done:
            raise SetupError(f"Not everything is in the cache, and the rest could not be fetched.\n{said}")
    ours = ("-e", ROOT, "-e", ROOT / "infra")
    editable = ("--quiet", "--offline", "--no-build-isolation", "--no-deps", "--python", python)
    done, said = run(tool, "pip", "install", *editable, *ours)
    if not done:
        raise SetupError(said)


def fetch_kafka() -> None:
    """Put the embedded Kafka into the cache too, so that whatever comes next needs no network."""
    if os.environ.get("PLACET_KAFKA_BOOTSTRAP") or os.environ.get("PLACET_KAFKA_FILE"):
        return
    say("Preparing the embedded Kafka (once)")
    done, said = run(VENV / "bin" / "python", "-m", "infra.embedded.warm")
    if not done:
        raise SetupError(said.splitlines()[-1] if said else "Apache Kafka could not be fetched.")


def make_weights() -> None:
    """Write the name model's weights out as the processor multiplies them."""
    done, said = run(VENV / "bin" / "python", "-m", "services.classifier.adapters.eight_bits")
    if not done:
        raise SetupError(f"The classifier's name model could not be prepared: {said}")


def main() -> int:
    """Bring `.venv` up to date; returns the exit status."""
    if sys.version_info < OLDEST:
        say(f"Placet needs Python {OLDEST[0]}.{OLDEST[1]} or newer; {sys.executable} is {sys.version.split()[0]}.")
        return 1
    stamp = VENV / "placet.stamp"
    wanted = fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    started = time.monotonic()
    say("Setting up the environment in .venv")
    try:
        install(uv())
        make_weights()
        fetch_kafka()
    except SetupError as error:
        say(f"Placet could not be set up: {error}\n{WAYS_OUT}")
        return 1
    stamp.write_text(wanted)
    say(f"Environment ready ({time.monotonic() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
