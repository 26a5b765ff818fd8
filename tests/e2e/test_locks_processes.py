"""What each process of a whole system shows to whoever looks at it from outside: no secret, no core, no stray file."""

from __future__ import annotations

import json
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.programs import SERVICES
from tests.systems import RunningSystem

WRITES = 0o3
"""The access mode in a file's flags; 0 is reading."""


def secrets(folder: Path) -> dict[str, Path]:
    """Every secret value of a run folder → a file that holds it."""
    found: dict[str, Path] = {}
    for path in [*(folder / "secrets").rglob("*"), *folder.rglob("*.password")]:
        if path.is_file():
            found[path.read_text().strip()] = path
    for path in folder.rglob("*.dsn"):
        found[str(psycopg.conninfo.conninfo_to_dict(path.read_text().strip())["password"])] = path
    for path in folder.rglob("*.key.json"):
        found[json.loads(path.read_text())["key"]["d"]] = path
    return found


@pytest.fixture(scope="module")
def held(system: RunningSystem) -> dict[str, Path]:
    return secrets(system.folder)


def services(system: RunningSystem) -> Iterator[tuple[str, psutil.Process]]:
    """Our services' processes, with those that they started."""
    status = json.loads(Path(system.endpoints["status_file"]).read_text())
    for service in SERVICES:
        own = psutil.Process(status[service.name]["pid"])
        for process in (own, *own.children(recursive=True)):
            yield service.name, process


def everything(system: RunningSystem) -> list[psutil.Process]:
    """Whoever started the services, and all that it started: broker, database and identity provider too."""
    _, first = next(services(system))
    top = first.parent()
    assert top is not None
    return [top, *top.children(recursive=True)]


def test_the_secrets_are_found(held: dict[str, Path], system: RunningSystem) -> None:
    """Otherwise the others would look for nothing."""
    kinds = {path.name for path in held.values()} | {path.parent.name for path in held.values()}
    assert {"session", "oidc-client", "fingerprint", "kafka", "dsn", "services"} <= kinds
    assert all(len(value) >= 32 for value in held)
    names = {part for process in everything(system) for part in process.cmdline()}
    assert {"kafka.Kafka", *(service.module[0] for service in SERVICES)} <= names


def test_no_secret_stands_in_a_command_line_or_an_environment(held: dict[str, Path], system: RunningSystem) -> None:
    for process in everything(system):
        try:
            shown = b"".join((Path("/proc") / str(process.pid) / name).read_bytes() for name in ("cmdline", "environ"))
        except FileNotFoundError:
            continue  # a connection's process that has ended since
        for value, path in held.items():
            assert value.encode() not in shown, (process.pid, path)


def test_no_secret_stands_in_a_log(held: dict[str, Path], system: RunningSystem) -> None:
    logs = [path for path in system.folder.rglob("*") if path.is_file() and is_a_log(path)]
    assert {f"{service.name}.log" for service in SERVICES} | {"broker.log"} <= {path.name for path in logs}
    for log in logs:
        content = log.read_bytes()
        for value, path in held.items():
            assert value.encode() not in content, (log, path)


def is_a_log(path: Path) -> bool:
    return path.suffix in {".log", ".out"} or path.name in {"log", "status.json", "endpoints.json"}


def test_a_secret_is_its_owners_alone(held: dict[str, Path], system: RunningSystem) -> None:
    for path in held.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path.parent
        for folder in path.parents:
            if folder.is_relative_to(system.folder):
                # Run by root, the database server is another user's, who walks through and lists nothing.
                assert stat.S_IMODE(folder.stat().st_mode) & 0o076 == 0, folder
    for path in system.folder.rglob("*"):
        # The broker's data are hundreds of megabytes, mostly empty.
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077 and "data" not in path.parts:
            content = path.read_bytes()
            assert not any(value.encode() in content for value in held), path


def test_no_service_leaves_a_core(system: RunningSystem) -> None:
    for name, process in services(system):
        assert process.rlimit(resource.RLIMIT_CORE) == (0, 0), name


def test_a_service_writes_to_its_log_and_to_temporary_files_alone(system: RunningSystem) -> None:
    """So the rest of its file system may be read-only."""
    allowed = (str(system.folder / "logs") + "/", str(system.folder / "tmp") + "/", "/dev/", "/memfd:")
    seen = set()
    for name, process in services(system):
        for file in (Path("/proc") / str(process.pid) / "fd").iterdir():
            try:
                target = str(file.readlink())
                flags = (file.parent.parent / "fdinfo" / file.name).read_text().split("flags:")[1].split()[0]
            except FileNotFoundError:
                continue  # closed since
            if target.startswith("/") and int(flags, 8) & WRITES:
                assert target.startswith(allowed), (name, target)
                seen.add(target)
    assert {str(system.folder / "logs" / f"{service.name}.log") for service in SERVICES} <= seen
