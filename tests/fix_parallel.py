"""Which tests run side by side: `make test` gives each core a worker, and each worker whole files.

Rules:
- A file stays in one worker, so that its fixtures are made once. What is in e2e/ stays in one worker too: most of it
  shares one running system, and a second would cost more than it saves.
- What waits longest goes first, so that no worker is left alone with it at the end.
- Run without workers, the order is pytest's own.
- Each run has a temporary folder to itself. The one that pytest shares between runs is closed again to everybody but
  its owner by whichever run starts next, and the embedded PostgreSQL, which root starts as nobody, loses its way in.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

ORDER = ("e2e", "crash", "integration", "browser", "contract", "unit", "architecture")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None:
        folder = tempfile.mkdtemp(prefix="placet-tests-")
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole scopes. The scheduler for marked groups is no help: it cannot mark the ids of this pytest."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where there are workers

    class Files(LoadScopeScheduling):  # type: ignore[misc]  # its types are not published
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    return Files(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=rank)


def scope(nodeid: str) -> str:
    """The name under which tests stay together."""
    file = nodeid.partition("::")[0]
    return "tests/e2e" if file.startswith("tests/e2e/") else file


def rank(item: pytest.Item) -> int:
    kind = item.path.relative_to(Path(__file__).parent).parts[0]
    return ORDER.index(kind) if kind in ORDER else len(ORDER)
