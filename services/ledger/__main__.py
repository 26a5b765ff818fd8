"""`python -m services.ledger writer | api`: load settings, build, run."""

from __future__ import annotations

import sys

from services.chassis import process
from services.chassis.errors import SettingsError


def main() -> None:
    """Run one of the ledger's two processes."""
    from services.ledger import settings, wiring  # noqa: PLC0415 - slow imports; a wrong word need not wait for them

    match sys.argv[1:]:
        case ["writer"]:
            writer = settings.WriterSettings.load()
            process.begin(writer)
            wiring.run_writer(writer)
        case ["api"]:
            reader = settings.ReaderSettings.load()
            process.begin(reader)
            wiring.run_api(reader)
        case _:
            raise SettingsError("Say which process: python -m services.ledger writer | api")


if __name__ == "__main__":
    process.run(main)
