"""Taxonomy, catalogue, function list and key, from files.

Rules: what cannot be used is a `ConfigurationError` that names file and place; a key's content is never part of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from placet.keys import Signer
from services.classifier.analysis import taxonomy
from services.classifier.analysis.taxonomy import DataCatalogue, Taxonomy
from services.classifier.errors import ConfigurationError

MIN_KEY_BYTES: Final = 32
_MAX_BYTES: Final = 1_000_000
_FUNCTIONS: Final = Path(__file__).parent.parent / "postgres_functions.txt"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything read from files."""

    taxonomy: Taxonomy
    catalogue: DataCatalogue
    reading_functions: frozenset[str]
    digest: str
    """SHA-256 over all of it: what ActionClassified names."""
    key: bytes = field(repr=False)


def load(taxonomy_file: Path, catalogue_file: Path, key: bytes) -> Configuration:
    """Read and check; raise `ConfigurationError`."""
    contents = [_bytes(path) for path in (taxonomy_file, catalogue_file, _FUNCTIONS)]
    lines = contents[2].decode("utf-8").splitlines()
    return Configuration(
        taxonomy=taxonomy.read(Taxonomy, _yaml(contents[0], taxonomy_file), name=taxonomy_file.name),
        catalogue=taxonomy.read(DataCatalogue, _yaml(contents[1], catalogue_file), name=catalogue_file.name),
        reading_functions=frozenset(line for line in lines if line and not line.startswith("#")),
        digest=hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest(),
        key=key,
    )


def key_from(path: Path | None, signer: Signer) -> bytes:
    """32 bytes from the key file; without one, from the signing key, which alone can make this signature."""
    if path is None:
        return hashlib.sha256(signer.sign("application/vnd.placet.fingerprint-key", b"")).digest()
    content = _bytes(path)
    if len(content.strip()) < MIN_KEY_BYTES:
        raise ConfigurationError(f"{path} holds fewer than {MIN_KEY_BYTES} bytes; make one with `openssl rand -hex 32`")
    return hashlib.sha256(content).digest()


def _bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"{path} is larger than {_MAX_BYTES} bytes")
    return content


def _yaml(content: bytes, path: Path) -> Any:
    try:
        return yaml.load(content, Loader=_Strict)  # noqa: S506 - a SafeLoader that refuses repeated keys
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark is not None else ""
        raise ConfigurationError(f"{path.name}{place}: not the YAML expected here") from None


class _Strict(yaml.SafeLoader):
    """A key given twice is a mistake: one of the two would silently not hold."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len({str(key) for key in keys}) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)
