"""What the runtime floor raises: one base, and a class per thing the caller can do about it."""

from __future__ import annotations


class InfraError(Exception):
    """Base of everything raised here on purpose; its text is a sentence for the operator."""


class PartUnavailableError(InfraError):
    """A part (Kafka, PostgreSQL) is not on this machine and could not be fetched: get it another way."""


class PartFailedError(InfraError):
    """A part is there but did not start or did not answer: its log says why."""


class AlreadyRunningError(InfraError):
    """Another system runs in this folder: stop it, or choose another folder."""
