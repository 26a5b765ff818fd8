"""The errors of the classifier.

ServiceError
├── SettingsError
│   └── ConfigurationError   a file of the owner or of the key that cannot be used; names file, line and reason
├── GivenError           what a person handed in cannot be looked into, or is no test
├── DetectorError        a detector that could not look into a text; its place becomes `incomplete`
├── UnmaskableError      a secret stands where nothing can be masked: name, resource or session of the action
└── PoolError            the worker processes are gone; the batch is tried again

Rules: no sentence quotes a value of an action.
"""

from __future__ import annotations

from services.chassis.errors import ServiceError, SettingsError


class ConfigurationError(SettingsError):
    """A file that the service cannot start with, or go on with; `file` is its name."""

    def __init__(self, sentence: str, *, file: str = "") -> None:
        super().__init__(sentence)
        self.file = file


class GivenError(ServiceError):
    """What a person handed in cannot be used; the sentence names the place and quotes nothing of it."""


class DetectorError(ServiceError):
    """A text that was not looked into. `reason` is a code of `placet.events.Uninspected`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnmaskableError(ServiceError):
    """A credential in a part of the action that everybody may read."""


class PoolError(ServiceError):
    """No worker process could be had."""
