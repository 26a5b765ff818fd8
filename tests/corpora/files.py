"""The corpora's files, read and checked.

Rules: closed and strict, with file and place of the first fault; ids are unique over all files; a file stands in the
folder of its half, and each of its templates belongs there (`halves`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from tests.corpora.halves import half_of
from tests.corpora.model import Half, Template, TemplateFile

ACTIONS: Final = Path(__file__).parent / "actions"
HALVES: Final[tuple[Half, ...]] = ("dev", "test")


class CorpusError(ValueError):
    """A file that is not what the format says; the text names file and place."""


def paths(half: Half, folder: Path = ACTIONS) -> list[Path]:
    return sorted((folder / half).glob("*.yaml"))


def read(half: Half, folder: Path = ACTIONS) -> Iterator[tuple[str, Template]]:
    """Kind and template, in the order of the files; raise `CorpusError`."""
    seen: set[str] = set()
    for path in paths(half, folder):
        kind, templates = _file(path)
        for template in templates:
            if template.id in seen:
                raise CorpusError(f"{path.name}: the id {template.id} stands twice")
            if half_of(template.id) != half:
                raise CorpusError(f"{path.name}: {template.id} belongs to the other half by its id")
            seen.add(template.id)
            yield kind, template


def _file(path: Path) -> tuple[str, list[Template]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = TemplateFile.model_validate(content)
    except yaml.YAMLError as error:
        raise CorpusError(f"{path.name}: no YAML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise CorpusError(f"{path.name} at {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if file.kind != path.stem:
        raise CorpusError(f"{path.name}: says it is of kind {file.kind}")
    return file.kind, file.templates
