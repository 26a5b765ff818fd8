"""Traces and metrics.

Rules:
- Names of spans and metrics are closed sets; attributes are identifiers of bounded number, never values.
- Trace context comes in a Kafka header and goes out in a Kafka header, outside the signature: nothing is decided by it
  (see `placet.tracing`, whose one form it must have).
- Only spans and metrics of this module are recorded. Libraries make their own where they find a provider (FastAPI),
  with paths, queries and texts of errors in them: they are given none.
- Without an OTLP endpoint no span is recorded, but a context that came in still goes out.
- Metrics are always on the Prometheus page (`page`), and sent by OTLP as well where there is an endpoint.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias

from opentelemetry import metrics, trace
from opentelemetry.trace import Link, SpanKind

from placet.messages import Message
from placet.tracing import context_of

Attributes: TypeAlias = Mapping[str, str | int | bool]
LONGEST_SECONDS: Final = 86_400.0
"""Ids of agents whose clock is wrong, or who lie about it, count as no older than that."""
NAME: Final = "placet"
"""Of the tracer and the meter, of ours and of nobody else's."""
EXPORT_SECONDS: Final = 2
"""A collector that does not answer costs a stopping process no longer than this, for spans and for metrics."""

MOST_CODES: Final = 64
"""So many different values of an attribute that comes from outside are counted by name, the rest as `other`."""


class SpanName(StrEnum):
    """Every span."""

    PROCESS = "placet.process"
    """One message: from its receipt to the acknowledgement of what came of it."""
    CLASSIFY = "placet.classify"
    """An action in the classifier's workers; those of one batch share its time."""
    DECIDE = "placet.decide"
    """An action under the policy's rules."""
    REVIEW = "placet.review"
    """The human wait: from the opening of a review to its closing, by PostgreSQL's clock."""
    VOTE = "placet.vote"
    """A person's vote at the desk, in the action's trace; linked to the HTTP request that carried it."""
    JUDGE = "placet.judge"
    """Settle judges the waiting votes of one review."""
    APPEND = "placet.append"
    """A message on its way into the ledger, until its entry is durable; those of one batch share its time."""
    CHECKPOINT = "placet.checkpoint"
    """A head is published; a trace of its own."""
    HTTP = "placet.http"
    """One request to the desk; a trace of its own."""


class Attribute(StrEnum):
    """Every attribute of a span: identifiers, counts and codes, never what an action holds."""

    ACTION_ID = "placet.action_id"
    RESULT = "placet.result"
    OUTCOME = "placet.outcome"
    CODE = "placet.code"
    DECISION = "placet.decision"
    CHANNEL = "placet.channel"
    COUNTED = "placet.counted"
    TREE_SIZE = "placet.tree_size"
    TOPIC = "messaging.destination.name"
    PARTITION = "messaging.destination.partition.id"
    OFFSET = "messaging.kafka.offset"
    ROUTE = "http.route"
    STATUS = "http.response.status_code"
    ERROR_TYPE = "error.type"


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
    STAGE_SECONDS = "placet_stage_seconds"
    """Histogram {topic}: from the time in the action's id (the agent's clock) to a message's acknowledgement here."""
    TRUST_REFUSED = "placet_trust_refused"
    """Counter {code}: trust files that were not accepted."""
    DECISIONS = "placet_decisions"
    """Counter {decision}."""
    POLICY_RULES = "placet_policy_rules"
    """Gauge: rules in force; 0: no set is loaded and everything is denied."""
    POLICY_REFUSED = "placet_policy_refused"
    """Counter {code}: problems for which a set of policies did not load."""
    CONFIGURATION_REFUSED = "placet_configuration_refused"
    """Counter: changes of the classifier's files that were not taken; the earlier configuration stays in force."""
    CLASSIFIED = "placet_classified"
    """Counter {sensitivity, incomplete}."""
    FINDINGS = "placet_findings"
    """Counter {type}: what was found in actions, by type; a value found twice counts twice."""
    UNINSPECTED = "placet_uninspected"
    """Counter {reason}: places of actions that were not looked into, by cause."""
    TIER_SECONDS = "placet_tier_seconds"
    """Histogram {tier = all | rules | own | engine | sql}: the classifier's time on one action; what was remembered
    costs a tier nothing."""
    REMEMBERED = "placet_remembered"
    """Counter {memory = texts | statements, remembered}: whether the classifier had seen it before."""
    OUTCOMES = "placet_outcomes"
    """Counter {outcome}."""
    DENIALS = "placet_denials"
    """Counter {code}: actions that ended denied, by cause."""
    REVIEW_SECONDS = "placet_review_seconds"
    """Histogram {outcome}: time in review, by PostgreSQL's clock."""
    VOTES = "placet_votes"
    """Counter {vote, channel, counted, code}."""
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

        class OnlyOurs(TracerProvider):
            def get_tracer(self, instrumenting_module_name: str, *given: Any, **named: Any) -> trace.Tracer:
                ours = instrumenting_module_name == NAME
                return super().get_tracer(NAME, *given, **named) if ours else trace.NoOpTracer()

        tracing = OnlyOurs(resource=resource)
        tracing.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(f"{base}/v1/traces", timeout=EXPORT_SECONDS),
                schedule_delay_millis=1_000,
                max_queue_size=8_192,
            )
        )
        trace.set_tracer_provider(tracing)
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics", timeout=EXPORT_SECONDS)))

    class OnlyOursCounted(MeterProvider):
        def get_meter(self, name: str, *given: Any, **named: Any) -> metrics.Meter:
            return super().get_meter(name, *given, **named) if name == NAME else metrics.NoOpMeter(name)

    metrics.set_meter_provider(OnlyOursCounted(readers, resource=resource))


def page() -> tuple[bytes, str]:
    """The Prometheus page and its content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415

    return generate_latest(), CONTENT_TYPE_LATEST


def count(metric: Metric, amount: int = 1, **attributes: str | int | bool) -> None:
    """Add to a counter. A `code` or `producer` may stem from another process: of those only so many are named."""
    for name in ("code", "producer"):
        if name in attributes:
            attributes[name] = _bounded(metric, name, str(attributes[name]))
    _counter(metric).add(amount, attributes)


_seen: dict[tuple[Metric, str], set[str]] = {}


def _bounded(metric: Metric, name: str, value: str) -> str:
    seen = _seen.setdefault((metric, name), set())
    if value not in seen and len(seen) >= MOST_CODES:
        return "other"
    seen.add(value)
    return value


def gauge(metric: Metric, value: float, **attributes: str | int | bool) -> None:
    """Set a gauge."""
    _gauge(metric).set(value, attributes)


def observe(metric: Metric, value: float, **attributes: str | int | bool) -> None:
    """Add to a histogram; seconds unless the metric's name says otherwise."""
    _histogram(metric).record(value, attributes)


@cache
def _counter(metric: Metric) -> Any:
    return metrics.get_meter(NAME).create_counter(metric)


@cache
def _gauge(metric: Metric) -> Any:
    return metrics.get_meter(NAME).create_gauge(metric)


_SECONDS: Final = (0.001, 0.002, 0.004, 0.006, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 14_400, 86_400)
_SHORT: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.006, 0.01, 0.025, 0.1, 0.5, 1, 3, 6)
_MESSAGES: Final = (1, 2, 4, 8, 16, 32, 64)


_BOUNDS: Final[Mapping[Metric, Sequence[float]]] = {
    Metric.BATCH_MESSAGES: _MESSAGES,
    Metric.STAGE_SECONDS: _LONG,
    Metric.REVIEW_SECONDS: _LONG,
    Metric.TIER_SECONDS: _SHORT,
}


@cache
def _histogram(metric: Metric) -> Any:
    bounds = _BOUNDS.get(metric, _SECONDS)
    return metrics.get_meter(NAME).create_histogram(metric, explicit_bucket_boundaries_advisory=bounds)


def since_proposal(key: bytes | None) -> float | None:
    """Seconds since the time in an action's id (UUIDv7), which its agent's clock set; None where the key is none."""
    try:
        found = uuid.UUID((key or b"").decode("ascii", "replace"))
    except ValueError:
        return None
    if found.version != 7:  # noqa: PLR2004 - the version that holds a time
        return None
    return min(max(0.0, time.time() - (found.int >> 80) / 1_000), LONGEST_SECONDS)


def place_of(message: Message) -> Attributes:
    """Where a message lies, as attributes of a span about it."""
    return {
        Attribute.TOPIC: message.topic,
        Attribute.PARTITION: str(message.partition),
        Attribute.OFFSET: message.offset,
    }


def start_span(
    name: SpanName,
    parent: str = "",
    attributes: Attributes | None = None,
    *,
    start: datetime | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    links: Sequence[Link] = (),
) -> trace.Span:
    """A span that the caller ends; child of a W3C traceparent where that is one, else of the current span. One that
    is never ended is never sent.
    """
    moment = None if start is None else int(start.timestamp() * 1e9)
    return trace.get_tracer(NAME).start_span(
        name, context_of(parent), kind=kind, attributes=attributes, links=links, start_time=moment
    )


@contextmanager
def span(name: SpanName, parent: str = "", attributes: Attributes | None = None, **more: Any) -> Iterator[trace.Span]:
    """The current span of a block. An error is its type only: texts may quote values."""
    started = start_span(name, parent, attributes, **more)
    with trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield started
        except BaseException as error:
            started.set_status(trace.StatusCode.ERROR)
            started.set_attribute(Attribute.ERROR_TYPE, type(error).__qualname__)
            raise


@contextmanager
def spans(name: SpanName, each: Sequence[tuple[str, Attributes]]) -> Iterator[None]:
    """One span for each message of a batch that is worked on as a whole: (parent, attributes); none without parent."""
    started = [start_span(name, parent, attributes) for parent, attributes in each if parent]
    try:
        yield
    except BaseException as error:
        for one in started:
            one.set_status(trace.StatusCode.ERROR)
            one.set_attribute(Attribute.ERROR_TYPE, type(error).__qualname__)
        raise
    finally:
        for one in started:
            one.end()
