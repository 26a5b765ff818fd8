"""The owner's YAML files: read strictly, and every fault with its line.

Rules:
- YAML and so JSON; a key given twice is a mistake: one of the two would silently not hold.
- Whatever is wrong is a `ConfigurationError` that names file, line, place in the file and reason, and quotes no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from placet.canonical import check_json
from placet.errors import DecodeError
from services.chassis.strict_yaml import DuplicateKeyError, StrictLoader
from services.classifier.errors import ConfigurationError

MAX_BYTES = 1_000_000

Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file, and where in it everything stands."""

    name: str
    content: Any
    _node: yaml.Node | None

    def fault(self, place: Sequence[str | int], reason: str) -> ConfigurationError:
        """What to raise about a place in it."""
        at = ".".join(map(str, place))
        return ConfigurationError(
            f"{self.name} line {self.line(place)}{f' at {at}' if at else ''}: {reason}", file=self.name
        )

    def line(self, place: Sequence[str | int]) -> int:
        """The line of a place; of what is nearest above it where it is not there itself."""
        node = self._node
        line = node.start_mark.line if node is not None else 0
        for part in place:
            found = _member(node, part)
            if found is None:
                break
            line, node = found
        return line + 1

    def read(self, form: type[Form]) -> Form:
        """The content in its form; raise `ConfigurationError` about the first fault."""
        return self._valid(form, self.content, ())

    def read_each(self, form: type[Form]) -> list[Form]:
        """The members of a list, each in its form; raise `ConfigurationError` about the first fault."""
        if not isinstance(self.content, list) or not self.content:
            raise self.fault((), "is not a list")
        return [self._valid(form, one, (index,)) for index, one in enumerate(self.content)]

    def _valid(self, form: type[Form], content: Any, place: tuple[str | int, ...]) -> Form:
        try:
            check_json(content)
            return form.model_validate(_tuples(content))
        except DecodeError as error:
            raise self.fault(place, error.sentence) from None
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            raise self.fault((*place, *first["loc"]), first["msg"]) from None


def read_bytes(path: Path, *, most: int = MAX_BYTES) -> bytes:
    """A file; raise `ConfigurationError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", file=path.name) from None
    if len(content) > most:
        raise ConfigurationError(f"{path} is larger than {most:,} bytes", file=path.name)
    return content


def parse(name: str, content: bytes) -> Document:
    """A file's content; raise `ConfigurationError`."""
    try:
        loader = StrictLoader(content)
        try:
            node = loader.get_single_node()
            return Document(name, loader.construct_document(node) if node is not None else None, node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark is not None else ""
        reason = error.problem if isinstance(error, DuplicateKeyError) else "not the YAML expected here"
        raise ConfigurationError(f"{name}{place}: {reason}", file=name) from None
    except (ValueError, RecursionError):  # a date that is none; more nesting than anybody means
        raise ConfigurationError(f"{name}: not the YAML expected here", file=name) from None


def _member(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """The line and node of a member, by its key or index."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    return None


def _tuples(value: object) -> object:
    """Lists as tuples: the models are strict."""
    match value:
        case list():
            return tuple(_tuples(item) for item in value)
        case dict():
            return {key: _tuples(item) for key, item in value.items()}
        case _:
            return value
