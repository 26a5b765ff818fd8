"""`python -m services.approver settle|desk`: load settings, build, run. Two processes, two roles, one package."""

from __future__ import annotations

import sys

from services.chassis import process
from services.chassis.errors import SettingsError


def settle() -> None:
    """Run settle: the judge, and the only producer of outcomes."""
    # Each process imports its own half: the desk never loads what can sign or publish.
    from services.approver import wiring  # noqa: PLC0415
    from services.approver.settings import SettleSettings  # noqa: PLC0415

    settings = SettleSettings.load()
    process.begin(settings)
    wiring.run(settings)


def desk() -> None:
    """Run the desk: it carries votes."""
    from services.approver.desk.main import main as run_desk  # noqa: PLC0415

    run_desk()


def main() -> None:
    """Run the half that is named; raise `SettingsError` where none is."""
    match sys.argv[1:]:
        case ["settle"]:
            settle()
        case ["desk"]:
            desk()
        case _:
            raise SettingsError("Say which half to run: `python -m services.approver settle` or `… desk`.")


if __name__ == "__main__":
    process.run(main)
