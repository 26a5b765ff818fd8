"""The errors of the chassis, named for what the caller does about them.

ServiceError
├── SettingsError      the process cannot start like this: one sentence, exit status 2
│   └── InsecureSettingError  a stand-in that only development may use
└── TransientError     a dependency is away: the same work is tried again in place until it succeeds

Rules: no sentence quotes a value of a message, a secret, or the text of somebody else's exception.
"""

from __future__ import annotations


class ServiceError(Exception):
    """Base of what the chassis and the services raise on purpose."""


class SettingsError(ServiceError):
    """The process cannot start with these settings."""


class InsecureSettingError(SettingsError):
    """A stand-in for something real was asked for outside development."""


class TransientError(ServiceError):
    """A dependency is away or busy; nothing is wrong with the message.

    `dependency` is a static name (`postgres`, `kafka`, …): it is logged and shown on /readyz.
    """

    def __init__(self, dependency: str, sentence: str = "") -> None:
        super().__init__(f"{dependency}: {sentence}" if sentence else dependency)
        self.dependency = dependency
