"""Taxonomy, catalogue, the owner's own detectors, function list and keys, from files.

Rules: what cannot be used is a `ConfigurationError` that names file, line and reason; neither a key nor a term of a
dictionary is ever part of it. Either all of it is read, or nothing is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from placet.errors import DecodeError
from placet.fingerprint_keys import FingerprintKeys
from placet.keys import Signer
from services.classifier.adapters import documents
from services.classifier.analysis.owners import dictionaries, recognizers
from services.classifier.analysis.owners import form as own
from services.classifier.analysis.owners.dictionaries import BadTermError, Terms
from services.classifier.analysis.owners.form import NOTHING, Dictionary, Own
from services.classifier.analysis.taxonomy import DataCatalogue, Taxonomy
from services.classifier.errors import ConfigurationError

_DICTIONARY_BYTES: Final = 20_000_000
_FUNCTIONS: Final = Path(__file__).parent.parent / "postgres_functions.txt"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything read from files."""

    taxonomy: Taxonomy
    """With the owner's own types."""
    catalogue: DataCatalogue
    reading_functions: frozenset[str]
    digest: str
    """SHA-256 over all of it: what ActionClassified names."""
    keys: FingerprintKeys
    own: Own = NOTHING
    terms: tuple[Terms, ...] = field(default=(), repr=False)


def load(
    taxonomy_file: Path,
    catalogue_file: Path,
    keys: FingerprintKeys,
    own_file: Path | None = None,
    *,
    read: list[Path] | None = None,
) -> Configuration:
    """Read and check; raise `ConfigurationError`. `read` takes every path that was looked at, also then."""
    looked_at = read if read is not None else []
    contents = [_read(path, looked_at) for path in (taxonomy_file, catalogue_file, _FUNCTIONS)]
    taxonomy = documents.parse(taxonomy_file.name, contents[0]).read(Taxonomy)
    catalogue = documents.parse(catalogue_file.name, contents[1]).read(DataCatalogue)
    owned, terms = NOTHING, tuple[Terms, ...]()
    if own_file is not None:
        contents.append(_read(own_file, looked_at))
        document = documents.parse(own_file.name, contents[-1])
        owned = _own(document, taxonomy)
        files = [_dictionary(document, at, one, own_file, looked_at) for at, one in enumerate(owned.dictionaries)]
        contents += [content for content, _ in files]
        terms = tuple(each for _, each in files)
        taxonomy = Taxonomy(
            format=taxonomy.format,
            default=taxonomy.default,
            types={**taxonomy.types, **owned.types},
            fields=taxonomy.fields,
        )
    lines = contents[2].decode("utf-8").splitlines()
    return Configuration(
        taxonomy=taxonomy,
        catalogue=catalogue,
        reading_functions=frozenset(line for line in lines if line and not line.startswith("#")),
        digest=_digest(contents),
        keys=keys,
        own=owned,
        terms=terms,
    )


def read_keys(path: Path | None, signer: Signer, *, read: list[Path] | None = None) -> FingerprintKeys:
    """The keys in the file; without one, a key from the signing key, which alone can make this signature.

    Raise `ConfigurationError`. `read` takes the path that was looked at, also then.
    """
    if path is None:
        signature = signer.sign("application/vnd.placet.fingerprint-key", b"")
        return FingerprintKeys.single(hashlib.sha256(signature).digest())
    content = _read(path, read if read is not None else [])
    try:
        return FingerprintKeys.read(content)
    except DecodeError as error:
        raise ConfigurationError(f"{path} {error.sentence}", file=path.name) from None


def _own(document: documents.Document, taxonomy: Taxonomy) -> Own:
    found = document.read(Own)
    for place, reason in own.faults(found, taxonomy):
        raise document.fault(place, reason)
    for index, recognizer in enumerate(found.recognizers):
        if (refused := recognizers.refusal(recognizer.pattern)) is not None:
            raise document.fault(("recognizers", index, "pattern"), refused)
    return found


def _dictionary(
    document: documents.Document, index: int, dictionary: Dictionary, own_file: Path, looked_at: list[Path]
) -> tuple[bytes, Terms]:
    path = own_file.parent / dictionary.file
    try:
        content = _read(path, looked_at, most=_DICTIONARY_BYTES)
    except ConfigurationError as error:
        raise document.fault(("dictionaries", index, "file"), str(error)) from None
    try:
        return content, dictionaries.read(dictionary, content)
    except BadTermError as error:
        raise ConfigurationError(f"{path.name} {error}", file=path.name) from None


def _read(path: Path, looked_at: list[Path], *, most: int = documents.MAX_BYTES) -> bytes:
    looked_at.append(path)
    return documents.read_bytes(path, most=most)


def _digest(contents: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
