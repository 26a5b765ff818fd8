"""For tests of programs that propose: `FakeGate`, `FakeExecutor`, and the pytest fixture `fake_gate`.

    def test_export(fake_gate):
        fake_gate.answer("export.customers", "approved")
        assert nightly_export(fake_gate) == 42

pytest loads this module on every run where Placet is installed, so it imports nothing until it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from placet.testing.fakes import FakeExecutor, FakeGate
    from placet.testing.settle import Answer

__all__ = ["Answer", "FakeExecutor", "FakeGate"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from placet.testing import fakes  # noqa: PLC0415 - see the module's docstring

    return getattr(fakes, name)


with suppress(ImportError):  # the fakes serve other test runners too
    import pytest

    @pytest.fixture
    def fake_gate(tmp_path: Path) -> Iterator[FakeGate]:
        """A gate whose actions end as the test says; denied where it says nothing."""
        from placet.testing.fakes import FakeGate  # noqa: PLC0415 - see the module's docstring

        with FakeGate(tmp_path / "placet") as gate:
            yield gate
