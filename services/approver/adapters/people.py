"""The directory of people, from a JSON file: {"people": {id: {"name", "groups", "active"}}}.

Rules: looked at again at most once a second; a file that does not read leaves the people in force and says so, loudly;
without any readable file the process does not start. Nobody is in a group, or active, unless the file says so.
"""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic
from typing import Annotated

from pydantic import StringConstraints, ValidationError

from placet.base import PersonId, Strict
from placet.canonical import strict_loads
from placet.errors import ContractError
from placet.requirement import GroupId
from services.approver.model import Directory, Person
from services.chassis import logs
from services.chassis.errors import SettingsError

LOOK_AGAIN_SECONDS = 1.0
MAX_DIRECTORY_BYTES = 16_000_000


class _Entry(Strict):
    name: Annotated[str, StringConstraints(max_length=256)]
    groups: list[GroupId]
    active: bool


class _File(Strict):
    people: dict[PersonId, _Entry]


class FileOfPeople:
    """The people in force; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._next_look = 0.0
        self._seen: tuple[int, int] | None = None
        self._people: Directory = {}
        try:
            self._load()
        except (ContractError, OSError, ValidationError) as error:
            raise SettingsError(f"The directory {path} cannot be read: {type(error).__name__}.") from None

    def current(self) -> Directory:
        """The people as they are now."""
        with self._lock:
            if monotonic() >= self._next_look:
                try:
                    self._load()
                except (ContractError, OSError, ValidationError) as error:
                    logs.get_logger().error("directory_refused", error=type(error).__name__)
            return self._people

    def _load(self) -> None:
        self._next_look = monotonic() + LOOK_AGAIN_SECONDS
        stat = self._path.stat()
        stamp = stat.st_mtime_ns, stat.st_ino
        if stamp == self._seen:
            return
        self._seen = stamp
        content = _File.model_validate(strict_loads(self._path.read_bytes(), max_bytes=MAX_DIRECTORY_BYTES))
        self._people = {
            person: Person(name=entry.name, groups=frozenset(entry.groups), active=entry.active)
            for person, entry in content.people.items()
        }
