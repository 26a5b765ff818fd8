"""Sets the demonstration's stage on a running system: enrols its agents and its executor, hands each its own secrets.

`python -m infra.stage ENDPOINTS [--interactive]` is run by `placet demo` as a process of its own, so that Ctrl-C can
end it at any moment; its exit status is the demonstration's.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from examples.nightly_export.demo import Stage, play
from infra import development, guard
from placet.key_folder import KeyFolder

AGENTS: Final = ("nightly-export", "other-agent")
EXECUTOR: Final = "warehouse"


def build(endpoints: Mapping[str, Any], *, folder: Path, now: datetime, mark: str) -> Stage:
    """Enrol, and return the stage. `folder` is the demonstration's own; `mark` is what the guard looks for."""
    keys = KeyFolder(Path(endpoints["keys"]))
    for name in AGENTS:
        keys.enrol_agent(name, owner=development.OWNER, now=now)
    keys.enrol_executor(EXECUTOR, now=now)
    secrets = Path(endpoints["run"]) / "secrets"

    def variables(kind: str, name: str) -> dict[str, str]:
        return {
            "PLACET_KAFKA_FILE": endpoints["kafka_files"][kind.removesuffix("s")],
            "PLACET_SIGNING_KEY_FILE": str(keys.key_file(kind, name)),
            "PLACET_TRUST_FILE": endpoints["trust_file"],
            "PLACET_TRUST_ROOT_FILE": endpoints["trust_root_file"],
            guard.MARK: mark,
        }

    return Stage(
        desk=endpoints["desk"],
        ledger=endpoints["ledger"],
        issuer=endpoints["identity_provider"],
        client_id=development.CLIENT_ID,
        client_secret=(secrets / "oidc-client").read_text().strip(),
        superuser_dsn=Path(endpoints["dsn_files"]["superuser"]).read_text().strip(),
        agents={name: variables("agents", name) for name in AGENTS},
        executor=variables("executors", EXECUTOR),
        root_file=Path(endpoints["trust_root_file"]),
        folder=folder,
    )


def main(arguments: list[str]) -> int:
    """Play; returns the exit status."""
    endpoints = json.loads(Path(arguments[0]).read_text())
    folder = Path(endpoints["run"]) / "demonstration"
    folder.mkdir(mode=0o700)
    stage = build(endpoints, folder=folder, now=datetime.now(UTC), mark=os.environ.get(guard.MARK, ""))
    return play(stage, interactive="--interactive" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
