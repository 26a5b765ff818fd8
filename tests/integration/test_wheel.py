"""The published wheel: holds the library and nothing else, and alone it proposes, votes, executes and verifies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import HeaderParser
from importlib.metadata import PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from placet.client_settings import JOURNAL, KEY, ROOT, TRUST
from tests.fix_gate import KafkaStage

SOURCE = Path(__file__).parents[2]
CLIENT = """
import sys
from pathlib import Path
import placet
from placet.gate import Gate

assert Path(placet.__file__).is_relative_to(sys.prefix), placet.__file__
with Gate.from_env() as gate:
    pending = gate.propose("db.query", "postgres://warehouse/customers", {"limit": 1}, "from the wheel alone")
    print(pending.action_id, flush=True)
    granted = pending.wait(60)
print(granted.outcome, len(granted.ticket.payload))
for name in ("services", "infra", "tests", "faust", "fastapi", "sqlalchemy", "cedarpy", "presidio_analyzer", "spacy"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(f"{name} is there")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built here, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    builder = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", builder, str(folder)],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and what it declares to need, and nothing else; its Python.

    What it needs is copied by link from the environment of the tests, closed over its own requirements: the very
    versions of the lock, and no network.
    """
    folder = tmp_path_factory.mktemp("alone") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    paths = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    target = Path(paths.stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    for name in needed(target):
        for path in distribution_files(name):
            link = target / path
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(Path(sysconfig.get_path("purelib")) / path)
    return python


def needed(site: Path) -> set[str]:
    """The names of every distribution the wheel needs, directly or not."""
    (info,) = site.glob("placet-*.dist-info")
    found: set[str] = set()
    waiting = PathDistribution(info).requires or []
    while waiting:
        requirement = Requirement(waiting.pop())
        if (requirement.marker is None or requirement.marker.evaluate({"extra": ""})) and requirement.name not in found:
            found.add(requirement.name)
            waiting += distribution(requirement.name).requires or []
    return found


def distribution_files(name: str) -> list[Path]:
    """What a distribution has installed, below site-packages."""
    return [Path(str(path)) for path in distribution(name).files or () if ".." not in path.parts]


def test_it_holds_the_library_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = HeaderParser().parsestr(archive.read(next(n for n in names if n.endswith("METADATA"))).decode())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"placet"}
    assert "placet/py.typed" in names
    modules = {str(path.relative_to(SOURCE)) for path in (SOURCE / "placet").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert metadata["Name"] == "placet"
    heavy = {"faust", "fastapi", "sqlalchemy", "psycopg", "presidio", "spacy", "cedarpy", "pyyaml"}
    assert not any(part in need.lower() for need in metadata.get_all("Requires-Dist") or [] for part in heavy)


def test_alone_it_proposes(alone: Path, kafka_stage: KafkaStage, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        **kafka_stage.kafka.settings("agent").to_env(),
        KEY: str(kafka_stage.stand_in.agent_key("nightly-export")),
        TRUST: str(kafka_stage.stand_in.trust_file),
        ROOT: str(kafka_stage.stand_in.root_file),
        JOURNAL: str(tmp_path / "journal.of.the.wheel"),
    }
    process = subprocess.Popen(
        [alone, "-c", CLIENT],
        env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    action_id = process.stdout.readline().strip()
    assert action_id, process.communicate()[1]
    assert kafka_stage.proposed(action_id).purpose == "from the wheel alone"
    kafka_stage.resolve(action_id, "approved")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("approved ")


@pytest.mark.parametrize("command", ["keys", "agents", "propose", "execute", "reviews", "ledger"])
def test_alone_it_has_the_commands_of_the_library(alone: Path, tmp_path: Path, command: str) -> None:
    done = placet(alone, tmp_path, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: placet {command}")


def test_alone_it_makes_keys_and_verifies_but_runs_no_system(alone: Path, tmp_path: Path) -> None:
    assert placet(alone, tmp_path, "keys", "init", "--folder", "keys", "--json").returncode == 0
    made = placet(alone, tmp_path, "agents", "add", "nightly", "--owner", "dave", "--folder", "keys", "--json")
    assert json.loads(made.stdout)["agent"] == "nightly"
    assert placet(alone, tmp_path, "ledger", "verify", "--help").returncode == 0
    up = placet(alone, tmp_path, "up")
    assert (up.returncode, up.stdout) == (1, "")
    assert "it comes with the platform" in up.stderr


def placet(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's command line."""
    program = [str(python), "-c", "from placet.cli import main; main()", *arguments]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(program, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
