"""A client that imports nothing of the library is answered like any other."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import examples.any_kafka_client as example
from tests.systems import RunningSystem


@pytest.mark.timeout(300)
def test_a_proposal_made_by_hand_is_allowed(system: RunningSystem) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "examples.any_kafka_client"],
        env={**os.environ, **system.stage.agents["nightly-export"]},
        cwd=Path(example.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    event = json.loads(finished.stdout)
    assert event["data"]["outcome"] == "allowed"
    assert event["data"]["grant"]


def test_it_really_imports_nothing_of_the_library() -> None:
    tree = ast.parse(Path(example.__file__).read_text())
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in names if name.split(".")[0] in {"placet", "services", "infra"}]
