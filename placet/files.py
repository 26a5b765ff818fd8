"""Files as arguments: what is assented to is their content, not their path.

Rules:
- An argument `File(path)` is hashed when the action is proposed; on the wire it is
  `{"$file": {"bytes": 123, "name": "report.csv", "sha256": "…"}}`, and nothing else of it travels.
- It is run on a private copy (folder 0700, file 0400) that was hashed again while it was copied, so what happens to the
  original in between changes nothing.
- A copy whose size or hash differs is a `VerificationError` (`file_mismatch`, `file_missing`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, StringConstraints, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from placet.base import Sha256, Strict
from placet.errors import DecodeError, VerificationError
from placet.limits import MAX_INTEGER

MEMBER: Final = "$file"
_CHUNK: Final = 1 << 20


def _no_dots(name: str) -> str:
    if name in {".", ".."}:
        raise ValueError("not the name of a file")
    return name


class FileReference(Strict):
    """A file as it travels."""

    bytes: Annotated[int, Field(ge=0, le=MAX_INTEGER)]
    name: Annotated[
        str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\x00-\x1f\x7f]+$"), AfterValidator(_no_dots)
    ]
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class File:
    """A local file as an argument; inside an executor's function, the private copy."""

    path: Path
    sha256: str | None = field(default=None, compare=False)
    """Set on the executor's copy."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def reference(self) -> FileReference:
        """Hash the content now; raise `DecodeError` (`unreadable_file`) that names the file."""
        digest, size = hashlib.sha256(), 0
        try:
            with self.path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
            return FileReference(bytes=size, name=self.path.name, sha256=digest.hexdigest())
        except OSError as error:
            raise DecodeError("unreadable_file", f"{self.path}: {error.strerror}") from None
        except ValidationError:
            raise DecodeError("unreadable_file", "the name of a file holds what a file name may not") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a parameter be declared `File`: its JSON form is read, and the copy made by `info.context`."""
        inner = handler.generate_schema(dict[str, FileReference])
        return core_schema.with_info_after_validator_function(_copied, inner)


def _copied(value: dict[str, FileReference], info: ValidationInfo) -> File:
    if set(value) != {MEMBER} or not isinstance(info.context, Copies):
        raise ValueError("not a file")
    return info.context.copy(value[MEMBER])


def replace_files(value: Any, found: dict[str, str]) -> Any:
    """The JSON form of an argument; adds each file's SHA-256 and absolute path to `found`."""
    match value:
        case File():
            reference = value.reference()
            found[reference.sha256] = str(value.path.absolute())
            return {MEMBER: reference.model_dump()}
        case dict():
            return {key: replace_files(item, found) for key, item in value.items()}
        case list() | tuple():
            return [replace_files(item, found) for item in value]
        case _:
            return value


class Copies:
    """Private copies of the files one action names, in a folder of their own."""

    def __init__(self, folder: Path, *, hints: Mapping[str, str], look_in: Path | None = None) -> None:
        self._folder, self._hints, self._look_in = folder, hints, look_in

    def copy(self, reference: FileReference) -> File:
        """Copy and hash; raise `VerificationError` unless the copy is exactly what was assented to."""
        target = self._folder / reference.sha256 / reference.name
        if target.exists():
            return File(target, reference.sha256)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mismatched = False
        for source in self._sources(reference):
            with suppress(OSError):
                if _copy(source, target, limit=reference.bytes) == (reference.sha256, reference.bytes):
                    target.chmod(0o400)
                    return File(target, reference.sha256)
                mismatched = True
            target.unlink(missing_ok=True)
        if mismatched:
            raise VerificationError("file_mismatch", "the content of a file is not what was assented to")
        raise VerificationError("file_missing", "a file that the action names is not on this machine")

    def _sources(self, reference: FileReference) -> Iterator[Path]:
        if hint := self._hints.get(reference.sha256):
            yield Path(hint)
        if self._look_in is not None:
            yield self._look_in / reference.sha256
            yield self._look_in / reference.name


def _copy(source: Path, target: Path, *, limit: int) -> tuple[str, int]:
    """Copy at most one byte more than expected; (SHA-256, bytes) of what was written."""
    digest, size = hashlib.sha256(), 0
    with (
        source.open("rb") as reading,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as w,
    ):
        while size <= limit and (chunk := reading.read(min(_CHUNK, limit + 1 - size))):
            digest.update(chunk)
            size += len(chunk)
            w.write(chunk)
    return digest.hexdigest(), size
