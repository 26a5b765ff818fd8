"""`ruled`: a broker of its own with the catalogue's topics and access rules, and nobody else's. One per session.

The session's `kafka` is open to every principal; whoever asks what a principal may not do asks this one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra import admin
from infra.children import Children
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.secrets import password_files
from infra.principals import PRINCIPALS
from tests.fix_embedded import available


@pytest.fixture(scope="session")
def ruled(tmp_path_factory: pytest.TempPathFactory, children: Children) -> Iterator[EmbeddedKafka]:
    folder = tmp_path_factory.mktemp("ruled")
    broker = EmbeddedKafka(folder / "n", password_files(folder / "p", PRINCIPALS), children=children)
    with available():
        broker.start()
    with admin.operator(broker.settings("ops")) as client:
        assert admin.create(client) == []
    yield broker
    broker.stop()
