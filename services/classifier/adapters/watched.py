"""The configuration's files on disk, read again when they change.

Rules:
- At the start there is nothing to keep: files that cannot be used are a `ConfigurationError`. Later the configuration
  in force stays, and the refusal is told.
- When a change is read, `settled_files` says. Dictionaries are looked at too, also one that is named and not there yet.
- The keys of fingerprints are part of it: a new key has workers of its own, and no action is marked by two.
- What the new configuration is handed to may refuse it (workers that do not start): then, too, the old one stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from placet.fingerprint_keys import FingerprintKeys
from services.chassis.settled_files import SettledFiles, Stamps, stamp_of
from services.classifier.adapters import files
from services.classifier.adapters.files import Configuration
from services.classifier.errors import ConfigurationError, PoolError


@dataclass(frozen=True, slots=True)
class State:
    """What is in force, and why the files as they lie there are not."""

    digest: str
    key: str
    """The id of the key of fingerprints."""
    refused: str = ""
    """A sentence; empty where they are what is in force."""


class ConfigurationFiles:
    """Reads, and reads again; thread-safe. `keys` reads those, and adds what it looked at to the list."""

    def __init__(
        self,
        taxonomy: Path,
        catalogue: Path,
        own: Path | None,
        keys: Callable[[list[Path]], FingerprintKeys],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._paths, self._keys = (taxonomy, catalogue, own), keys
        self._hand_over: Callable[[Configuration], None] = lambda _: None
        self._on_change: Callable[[State], None] = lambda _: None
        read: list[Path] = []
        self.first = files.load(taxonomy, catalogue, keys(read), own, read=read)
        """What it starts with."""
        self._looked_at = frozenset(read)
        self._settled = SettledFiles(self._stamps, self._take, judged=self._stamps(), clock=clock)
        self._in_force = self.first
        self.state = State(self.first.digest, self.first.keys.id)

    def follow(self, hand_over: Callable[[Configuration], None], on_change: Callable[[State], None]) -> None:
        """Hand every later configuration over, which may raise; tell what came of each change."""
        self._hand_over, self._on_change = hand_over, on_change

    def look(self) -> None:
        """Look at the files, at most once a second, unless another thread is looking."""
        self._settled.look()

    def _take(self, stamps: Stamps) -> Stamps:
        taxonomy, catalogue, own = self._paths
        read: list[Path] = []
        refused = ""
        try:
            configuration = files.load(taxonomy, catalogue, self._keys(read), own, read=read)
            if (configuration.digest, configuration.keys) != (self._in_force.digest, self._in_force.keys):
                self._hand_over(configuration)
        except (ConfigurationError, PoolError) as error:
            refused = str(error)
        else:
            self._in_force = configuration
        self.state = State(self._in_force.digest, self._in_force.keys.id, refused)
        # What a refused attempt did not get to is still looked at: the fault may be mended there.
        self._looked_at = frozenset(read) if not self.state.refused else self._looked_at | frozenset(read)
        self._on_change(self.state)
        # What was known already is judged as it was before it was read.
        return {path: stamps.get(path, stamp) for path, stamp in self._stamps().items()}

    def _stamps(self) -> Stamps:
        return {path: stamp_of(path) for path in self._looked_at}
