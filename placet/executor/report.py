"""What an executor says about a grant: `ActionExecuted`, and what its caller gets. Pure.

Rules: closed codes, counts and hashes; never a value, never exception text. A run has one report id for ever, each
refused attempt its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from placet.base import Code, Sha256
from placet.catalogue import derived_id
from placet.errors import PlacetError
from placet.events import ActionExecuted, ExecutionStatus
from placet.executor.store import Redemption

DONE: Final = "done"
RAISED: Final = "raised"
CRASHED: Final = "crashed"
INTERRUPTED: Final = "interrupted"
NOT_STARTED: Final = "not_started"
ALREADY_REDEEMED: Final = "already_redeemed"
UNKNOWN_ACTION: Final = "unknown_action"
BAD_ARGUMENTS: Final = "bad_arguments"

_COUNTS: Final = TypeAdapter(dict[Code, int])
_HASHES: Final = TypeAdapter(dict[Code, Sha256])


@dataclass(frozen=True, slots=True)
class Result:
    """What a function may return instead of a bare value: counts and hashes go into the report, the value does not."""

    value: Any = field(default=None, repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Name → SHA-256, hexadecimal."""

    def __post_init__(self) -> None:
        try:
            _COUNTS.validate_python(dict(self.counts), strict=True)
            _HASHES.validate_python(dict(self.hashes), strict=True)
        except ValidationError:
            raise TypeError("counts are whole numbers and hashes SHA-256, under short lower-case names") from None


@dataclass(frozen=True, slots=True)
class Execution:
    """How an attempt went."""

    result: Any = field(repr=False)
    report: ActionExecuted | None
    """None only where nothing in the ticket says reliably whose it is."""
    error: PlacetError | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the function ran to its end."""
        return self.error is None


class ExecutionError(PlacetError):
    """The action did not run to its end; `report` is what was reported."""

    def __init__(self, code: str, sentence: str, report: ActionExecuted | None) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence, self.report = code, sentence, report


class RefusedError(ExecutionError):
    """The executor refused: nothing was run."""


class BadArgumentsError(RefusedError, TypeError):
    """An argument is not of its declared type: nothing was run."""


class FunctionError(ExecutionError):
    """The function raised (see `__cause__`); what it did before is done."""


def run_attempt(action_id: str, executor: str, grant_id: str) -> str:
    """The one report id of running an action."""
    return derived_id(action_id, "placet.run", f"{executor}/{grant_id}")


def refused_attempt(action_id: str, executor: str, token: str) -> str:
    """A report id for a refused attempt; `token` tells two of them apart."""
    return derived_id(action_id, "placet.refusal", f"{executor}/{token}")


def refusal(
    *,
    action_id: str,
    agent: str,
    digest: str,
    executor: str,
    attempt: str,
    grant_id: str | None,
    code: str,
    at: datetime,
) -> ActionExecuted:
    """The report of an attempt that was refused."""
    return ActionExecuted(
        action_id=action_id,
        agent=agent,
        digest=digest,
        executor=executor,
        attempt=attempt,
        grant_id=grant_id,
        status=ExecutionStatus.REFUSED,
        code=code,
        started_at=None,
        finished_at=at,
    )


def run_report(
    used: Redemption, *, executor: str, status: ExecutionStatus, code: str, at: datetime, result: Result | None = None
) -> ActionExecuted:
    """The report of what became of a redeemed grant."""
    return ActionExecuted(
        action_id=used.action_id,
        agent=used.agent,
        digest=used.digest,
        executor=executor,
        attempt=used.attempt,
        grant_id=used.grant_id,
        status=status,
        code=code,
        counts=dict(result.counts) if result else {},
        hashes=dict(result.hashes) if result else {},
        started_at=used.started_at,
        finished_at=at,
    )


def abandoned_report(used: Redemption, *, executor: str, at: datetime) -> ActionExecuted:
    """What is said of a redemption whose process died: unknown once started, refused before."""
    if used.started_at is None:
        return run_report(used, executor=executor, status=ExecutionStatus.REFUSED, code=NOT_STARTED, at=at)
    return run_report(used, executor=executor, status=ExecutionStatus.UNKNOWN, code=CRASHED, at=at)
