"""Cooperative mode: gate and executor in one process, around one function.

A process that holds the credential can go round a gate that it calls itself. `@gate.guard` is therefore for programs
that cooperate: it gives them policy, review and a ledger, with the same commitment, grant, single use and report. What
must not be able to go round belongs behind an `Executor` in a process of its own, with a credential of its own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from placet.gate.pending import Pending
from placet.outcomes import Ticket

Function = TypeVar("Function", bound=Callable[..., Any])


class Proposes(Protocol):
    """What the guard needs of a gate."""

    def propose(
        self,
        name: str,
        resource: str,
        arguments: Mapping[str, Any],
        purpose: str = "",
        *,
        deadline: timedelta = timedelta(hours=1),
        on_behalf_of: str | None = None,
    ) -> Pending:
        """Propose an action."""


class Runs(Protocol):
    """What the guard needs of an executor."""

    def action(self, name: str) -> Callable[[Function], Function]:
        """Register a function."""

    def execute(self, ticket: Ticket) -> Any:
        """Run a ticket; the result carries `result`."""


def guard(
    gate: Proposes,
    executor: Runs,
    name: str,
    *,
    resource: str | Callable[..., str],
    purpose: str = "",
    deadline: timedelta = timedelta(hours=1),
    timeout: float | None = None,
    on_behalf_of: str | None = None,
) -> Callable[[Function], Function]:
    """Make every call of a function an action: proposed, waited for, run by the executor, its result returned.

    `resource` may be a function of the call's arguments, by name. A call raises what waiting and
    executing raise.
    """

    def wrap(function: Function) -> Function:
        executor.action(name)(function)
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            bound = signature.bind(*given, **named)
            bound.apply_defaults()
            where = resource if isinstance(resource, str) else resource(**bound.arguments)
            pending = gate.propose(
                name,
                where,
                {key: _plain(value) for key, value in bound.arguments.items()},
                purpose,
                deadline=deadline,
                on_behalf_of=on_behalf_of,
            )
            return executor.execute(pending.wait(timeout).ticket).result

        return call  # type: ignore[return-value]  # the wrapper has the function's own signature

    return wrap


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
