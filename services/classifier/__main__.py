"""`python -m services.classifier`: load settings, build, run."""

from __future__ import annotations


def main() -> None:
    """Run the classifier."""
    # Imported here: worker processes import this module too, and need none of it.
    from services.chassis import process  # noqa: PLC0415
    from services.classifier import wiring  # noqa: PLC0415
    from services.classifier.settings import ClassifierSettings  # noqa: PLC0415

    settings = ClassifierSettings.load()
    process.begin(settings)
    wiring.run(settings)


if __name__ == "__main__":
    from services.chassis import process

    process.run(main)
