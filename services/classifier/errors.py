"""The errors of the classifier.

ServiceError
├── SettingsError
│   └── ConfigurationError   a taxonomy, catalogue or key file that cannot be used; names file and place
├── DetectorError        a detector that could not look into a text; its place becomes `incomplete`
├── UnmaskableError      a secret stands where nothing can be masked: name, resource or session of the action
└── PoolError            the worker processes are gone; the batch is tried again

Rules: no sentence quotes a value of an action.
"""

from __future__ import annotations

from services.chassis.errors import ServiceError, SettingsError


class ConfigurationError(SettingsError):
    """A file that the service cannot start with."""


class DetectorError(ServiceError):
    """A text that was not looked into. `reason` is a code of `placet.events.Uninspected`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnmaskableError(ServiceError):
    """A credential in a part of the action that everybody may read."""


class PoolError(ServiceError):
    """No worker process could be had."""
