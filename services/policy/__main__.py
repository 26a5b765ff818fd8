"""`python -m services.policy`: load settings, build, run."""

from __future__ import annotations

from services.chassis import process
from services.policy import wiring
from services.policy.settings import PolicySettings


def main() -> None:
    """Run the policy service."""
    settings = PolicySettings.load()
    process.begin(settings)
    wiring.run(settings)


if __name__ == "__main__":
    process.run(main)
