"""Traces and metrics.

Rules:
- Names of spans and metrics are closed sets; attributes are identifiers of bounded number, never values.
- Trace context comes in Kafka headers and goes out in Kafka headers, outside the signature: nothing is decided by it.
- Without an OTLP endpoint no span is recorded, but a context that came in still goes out.
- Metrics are always on the Prometheus page (`page`), and sent by OTLP as well where there is an endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACE_HEADERS: Final = ("traceparent", "tracestate")
MAX_TRACE_HEADER_BYTES: Final = 512
EXPORT_SECONDS: Final = 2
"""A collector that does not answer costs a stopping process no longer than this, for spans and for metrics."""

_PROPAGATOR: Final = TraceContextTextMapPropagator()


class SpanName(StrEnum):
    """Every span."""

    PROCESS = "placet.process"
    """One message: from its receipt to the acknowledgement of what came of it."""
    HANDLE = "placet.handle"
    """A service's own work on a message or a batch."""
    CLASSIFY = "placet.classify"
    DECIDE = "placet.decide"
    SETTLE = "placet.settle"
    NOTIFY = "placet.notify"
    APPEND = "placet.append"
    CHECKPOINT = "placet.checkpoint"
    HTTP = "placet.http"


class Metric(StrEnum):
    """Every metric, each with its attributes."""

    MESSAGES = "placet_messages"
    """Counter {topic, result = handled | dead_letter | unprocessable}: messages acknowledged."""
    DEAD_LETTERS = "placet_dead_letters"
    """Counter {topic, producer = source of a known key or `unknown`, code}."""
    RETRIES = "placet_retries"
    """Counter {dependency}: attempts that failed for a reason outside the message."""
    RETRYING = "placet_retrying"
    """Gauge {work}: 1 while it is being tried again."""
    HANDLER_ERRORS = "placet_handler_errors"
    """Counter {error = type}: unexpected errors of `handle`."""
    BATCH_MESSAGES = "placet_batch_messages"
    """Histogram: messages per batch."""
    HANDLE_SECONDS = "placet_handle_seconds"
    """Histogram: verification and `handle` of one batch."""
    PROCESS_SECONDS = "placet_process_seconds"
    """Histogram {topic}: one message, from its receipt to its acknowledgement."""
    LAG = "placet_lag_messages"
    """Gauge: messages not acknowledged yet in the partitions of this worker."""
    TRUST_REFUSED = "placet_trust_refused"
    """Counter {code}: trust files that were not accepted."""
    DECISIONS = "placet_decisions"
    """Counter {decision}."""
    POLICY_RULES = "placet_policy_rules"
    """Gauge: rules in force; 0: no set is loaded and everything is denied."""
    POLICY_REFUSED = "placet_policy_refused"
    """Counter {code}: problems for which a set of policies did not load."""
    CLASSIFIED = "placet_classified"
    """Counter {sensitivity, incomplete}."""
    OUTCOMES = "placet_outcomes"
    """Counter {outcome}."""
    VOTES = "placet_votes"
    """Counter {vote, channel, counted}."""
    OPEN_REVIEWS = "placet_open_reviews"
    """Gauge."""
    UNSATISFIABLE_REVIEWS = "placet_unsatisfiable_reviews"
    """Counter: reviews opened that the people who may vote could not approve if they all did."""
    CLAIMS_REFUSED = "placet_claims_refused"
    """Counter {kind = ends | holds | withdraws}: events under an action id that another agent or digest owns."""
    OUTBOX_MESSAGES = "placet_outbox_messages"
    """Gauge: messages settled and not yet published, as the relay last saw it."""
    ENTRIES = "placet_entries"
    """Counter {topic}: ledger entries appended."""
    ENTRIES_REFUSED = "placet_entries_refused"
    """Counter {topic, code}: ledger entries of messages that did not verify, by cause."""
    TREE_SIZE = "placet_tree_size"
    """Gauge: entries under the last checkpoint."""
    REQUESTS = "placet_requests"
    """Counter {route, status}: HTTP requests."""
    REQUEST_SECONDS = "placet_request_seconds"
    """Histogram {route}."""


_started: list[str] = []


def start(*, service: str, instance: str = "", otlp_endpoint: str | None = None) -> None:
    """Set up this process's providers, once."""
    if _started:
        return
    _started.append(service)
    from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 - only processes need an SDK
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    # Built without Resource.create: that one reads host, user and command line.
    resource = Resource({"service.namespace": "placet", "service.name": service, "service.instance.id": instance})
    readers: list[MetricReader] = [PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False)]
    if otlp_endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        base = otlp_endpoint.rstrip("/")
        tracing = TracerProvider(resource=resource)
        tracing.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(f"{base}/v1/traces", timeout=EXPORT_SECONDS), schedule_delay_millis=1_000
            )
        )
        trace.set_tracer_provider(tracing)
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics", timeout=EXPORT_SECONDS)))
    metrics.set_meter_provider(MeterProvider(readers, resource=resource))


def page() -> tuple[bytes, str]:
    """The Prometheus page and its content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415

    return generate_latest(), CONTENT_TYPE_LATEST


def count(metric: Metric, amount: int = 1, **attributes: str | int | bool) -> None:
    """Add to a counter."""
    _counter(metric).add(amount, attributes)


def gauge(metric: Metric, value: float, **attributes: str | int | bool) -> None:
    """Set a gauge."""
    _gauge(metric).set(value, attributes)


def observe(metric: Metric, value: float, **attributes: str | int | bool) -> None:
    """Add to a histogram; seconds unless the metric's name says otherwise."""
    _histogram(metric).record(value, attributes)


@cache
def _counter(metric: Metric) -> Any:
    return metrics.get_meter("placet").create_counter(metric)


@cache
def _gauge(metric: Metric) -> Any:
    return metrics.get_meter("placet").create_gauge(metric)


_SECONDS: Final = (0.001, 0.002, 0.004, 0.006, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MESSAGES: Final = (1, 2, 4, 8, 16, 32, 64)


@cache
def _histogram(metric: Metric) -> Any:
    bounds: Sequence[float] = _MESSAGES if metric is Metric.BATCH_MESSAGES else _SECONDS
    return metrics.get_meter("placet").create_histogram(metric, explicit_bucket_boundaries_advisory=bounds)


def start_span(
    name: SpanName, trace_headers: Mapping[str, str] | None = None, attributes: Mapping[str, str | int] | None = None
) -> trace.Span:
    """A span that the caller ends; child of the context in the headers when they are given."""
    parent = _PROPAGATOR.extract(trace_headers, Context()) if trace_headers is not None else None
    return trace.get_tracer("placet").start_span(name, parent, attributes=attributes)


@contextmanager
def span(
    name: SpanName, trace_headers: Mapping[str, str] | None = None, attributes: Mapping[str, str | int] | None = None
) -> Iterator[trace.Span]:
    """The current span of a block. An error is its type only: texts may quote values."""
    started = start_span(name, trace_headers, attributes)
    with trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield started
        except BaseException as error:
            started.set_status(trace.StatusCode.ERROR)
            started.set_attribute("error.type", type(error).__qualname__)
            raise


def outgoing_headers(current: trace.Span | None = None) -> list[tuple[str, bytes]]:
    """Trace context headers for a Kafka message; of the current span when none is given."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, None if current is None else trace.set_span_in_context(current, Context()))
    return [(name, value.encode()) for name, value in carrier.items()]
