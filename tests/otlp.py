"""A collector for tests: takes what OTLP/HTTP exporters send, and keeps every span and every metric point.

- It listens on a free port of the loopback, in threads of its own. What it was sent is kept as bytes (`bodies`,
  decompressed, for whoever searches them) and read when asked.
- `spans()` and `points()` are everything so far. Exporters send in batches: wait for what you assert (`until`).
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import tenacity
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACES, METRICS = "/v1/traces", "/v1/metrics"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened inside a span."""

    name: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Another span that a span names without being its child."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """A finished span. Ids are hexadecimal, `parent_id` is empty for a root, times are nanoseconds since the epoch."""

    resource: Mapping[str, Any]
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    status: int
    status_message: str
    trace_state: str

    @property
    def service(self) -> str:
        """The process that made it."""
        return str(self.resource["service.name"])

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e9


@dataclass(frozen=True, slots=True)
class Point:
    """A metric's value under one set of attributes; of a histogram, its sum, and how many went into it."""

    resource: Mapping[str, Any]
    name: str
    kind: str
    attributes: Mapping[str, Any]
    value: float
    count: int

    @property
    def service(self) -> str:
        return str(self.resource["service.name"])


class OtlpReceiver:
    """Listens from its making to `close`."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        """Path and decompressed body of every request, as they came."""
        self._spans: list[Span] = []
        self._points: list[Point] = []
        self._read = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="otlp-receiver", daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """For PLACET_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def spans(self, *, trace_id: str | None = None) -> list[Span]:
        """Every span so far, in the order of arrival; of one trace where it is named."""
        self._catch_up()
        return [span for span in self._spans if trace_id in {None, span.trace_id}]

    def points(self, *, name: str | None = None) -> list[Point]:
        """Every metric point so far; of one metric where it is named. Exporters send sums since their start."""
        self._catch_up()
        return [point for point in self._points if name in {None, point.name}]

    def until(self, holds: Callable[[], bool], *, within: float = 60.0) -> None:
        """Wait for a condition; AssertionError where it does not come true."""
        waiting = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda found: not found),
            wait=tenacity.wait_fixed(0.1),
            stop=tenacity.stop_after_delay(within),
            retry_error_callback=lambda _: False,
        )
        assert waiting(holds), f"what was waited for did not reach the collector within {within:.0f} s"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _catch_up(self) -> None:
        with self._lock:
            fresh = self.bodies[self._read :]
            self._read += len(fresh)
            for path, body in fresh:
                if path == TRACES:
                    self._spans += _spans(body)
                elif path == METRICS:
                    self._points += _points(body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # exporters keep their connection

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.bodies.append((self.path, body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _spans(body: bytes) -> Iterable[Span]:
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield Span(
                    resource=resource,
                    name=span.name,
                    kind=span.kind,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    attributes=_attributes(span.attributes),
                    events=tuple(Event(each.name, _attributes(each.attributes)) for each in span.events),
                    links=tuple(
                        Link(each.trace_id.hex(), each.span_id.hex(), _attributes(each.attributes))
                        for each in span.links
                    ),
                    status=span.status.code,
                    status_message=span.status.message,
                    trace_state=span.trace_state,
                )


def _points(body: bytes) -> Iterable[Point]:
    for group in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points:
                    several = kind == "histogram"
                    value = point.sum if several else getattr(point, point.WhichOneof("value"))
                    count = point.count if several else 1
                    yield Point(resource, metric.name, kind, _attributes(point.attributes), float(value), count)


def _attributes(found: Iterable[Any]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in found}


def _value(any_value: Any) -> Any:
    match any_value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(each) for each in any_value.array_value.values]
        case "kvlist_value":
            return _attributes(any_value.kvlist_value.values)
        case kind:
            return getattr(any_value, kind)
