"""Trace context and the library's spans: OpenTelemetry's API alone, so that without an SDK nothing is made or sent.

Rules:
- Telemetry is no evidence: it is outside every signature, nothing is decided by it, and a trace context that has not
  its one form (W3C traceparent, 55 characters) counts as none. `tracestate` is free text that anybody may have written:
  it is neither taken over nor passed on.
- Names of spans and attributes are closed sets; values are ids, outcomes and codes, never what an action holds. An
  error is its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT: Final = "traceparent"
_FORM: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class SpanName(StrEnum):
    """Every span of the library."""

    PROPOSE = "placet.propose"
    """The gate's call: until the broker has the proposal. The root of an action's trace, unless the caller has one."""
    WAIT = "placet.wait"
    """The agent waits for the outcome."""
    EXECUTE = "placet.execute"
    """The executor's attempt: checks, run, report."""


class Attribute(StrEnum):
    """Every attribute of the library's spans."""

    ACTION_ID = "placet.action_id"
    OUTCOME = "placet.outcome"
    STATUS = "placet.status"
    CODE = "placet.code"
    ERROR_TYPE = "error.type"


def valid(traceparent: str) -> str:
    """The trace context if it has its form, else nothing."""
    return traceparent if _FORM.fullmatch(traceparent) else ""


def context_of(traceparent: str) -> Context | None:
    """The context in which a span is the child of `traceparent`; None where there is none."""
    return _PROPAGATOR.extract({TRACEPARENT: traceparent}, Context()) if valid(traceparent) else None


def of_headers(headers: Iterable[tuple[str, bytes | None]]) -> str:
    """The trace context among a record's headers; empty where none has the form of one."""
    found = (valid((content or b"").decode("ascii", "replace")) for name, content in headers if name == TRACEPARENT)
    return next(filter(None, found), "")


def headers_of(traceparent: str) -> list[tuple[str, bytes]]:
    """A record's headers that carry a trace context; none where it is empty."""
    return [(TRACEPARENT, traceparent.encode())] if traceparent else []


def traceparent_of(span: trace.Span | None = None) -> str:
    """The trace context of a span, or of the current one; empty where there is none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, None if span is None else trace.set_span_in_context(span, Context()))
    return carrier.get(TRACEPARENT, "")


@contextmanager
def within(traceparent: str) -> Iterator[None]:
    """Let what is published in this block carry a trace context; none keeps the one there is."""
    found = context_of(traceparent)
    if found is None:
        yield
        return
    token = contexts.attach(found)
    try:
        yield
    finally:
        contexts.detach(token)


@contextmanager
def span(
    name: SpanName,
    *,
    parent: str = "",
    start: datetime | None = None,
    kind: trace.SpanKind = trace.SpanKind.INTERNAL,
    **attributes: str,
) -> Iterator[trace.Span]:
    """The current span of a block: child of `parent`, or of the current span where that is none. Attributes by the
    name of their `Attribute`, lower case.
    """
    started = trace.get_tracer("placet").start_span(
        name,
        context_of(parent),
        kind=kind,
        attributes={Attribute[key.upper()]: value for key, value in attributes.items()},
        start_time=None if start is None else int(start.timestamp() * 1e9),
    )
    with trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield started
        except BaseException as error:
            started.set_status(trace.StatusCode.ERROR)
            started.set_attribute(Attribute.ERROR_TYPE, type(error).__qualname__)
            raise
