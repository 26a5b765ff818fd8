"""`provider` (an identity provider, one per session) and `desk` (one that runs, with settle's judge behind it)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import desks
from tests.desks import DeskUnderTest
from tests.settling import Bench


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """Its issuer."""
    with desks.provider() as issuer:
        yield issuer


@pytest.fixture
def desk(bench: Bench, tmp_path: Path, provider: str) -> Iterator[DeskUnderTest]:
    with desks.running(bench, tmp_path, provider) as made:
        yield made
