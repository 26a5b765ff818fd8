"""Which tests run side by side: `make test` gives each core a worker, and each worker whole files.

Rules:
- A file stays in one worker, so that its fixtures are made once. Everything that uses the shared system stays in one
  worker too: a second system would cost more than it saves.
- What waits longest goes first, so that no worker is left alone with it at the end.
- Run without workers, the order is pytest's own.
- Each run has a temporary folder to itself. The one that pytest shares between runs is closed again to everybody but
  its owner by whichever run starts next, and the embedded PostgreSQL, which root starts as nobody, loses its way in.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

ORDER = ("e2e", "crash", "integration", "browser", "contract", "unit", "architecture")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None:
        folder = tempfile.mkdtemp(prefix="placet-tests-")
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=rank)


def group(item: pytest.Item) -> str:
    """The name under which tests stay together."""
    return "system" if "system" in getattr(item, "fixturenames", ()) else item.nodeid.partition("::")[0]


def rank(item: pytest.Item) -> tuple[bool, int]:
    kind = item.path.relative_to(Path(__file__).parent).parts[0]
    return group(item) != "system", ORDER.index(kind) if kind in ORDER else len(ORDER)
