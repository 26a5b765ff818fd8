"""Each run of the tests has a temporary folder to itself.

The one that pytest shares between runs is closed again to everybody but its owner by whichever run starts next, and the
embedded PostgreSQL, which root starts as nobody, loses its way in.
"""

from __future__ import annotations

import shutil
import tempfile

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None:
        folder = tempfile.mkdtemp(prefix="placet-tests-")
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
