"""YAML as owners write it, read strictly: a key given twice is refused, for one of the two would silently not hold."""

from __future__ import annotations

from typing import Any

import yaml


class DuplicateKeyError(yaml.constructor.ConstructorError):
    """A mapping has a key twice; a `yaml.YAMLError` with its place."""


class StrictLoader(yaml.SafeLoader):
    """For `yaml.load`; raise `DuplicateKeyError`."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - yaml's
        """A mapping; no key of it twice, also not as `1` and `"1"`: they would be one in JSON."""
        seen = set[str]()
        for key, _ in node.value:
            name = str(self.construct_object(key, deep=True))
            if name in seen:
                raise DuplicateKeyError(None, None, "a key stands twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)
