"""Traces of the demonstration's own processes, as any program sets them up: with the OpenTelemetry SDK.

The `placet` library makes spans through OpenTelemetry's API alone: without an SDK they are nothing and go nowhere.
"""

from __future__ import annotations

import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def start(service: str) -> None:
    """Send spans to PLACET_OTLP_ENDPOINT, under a service's name; without that variable do nothing."""
    if not (endpoint := os.environ.get("PLACET_OTLP_ENDPOINT")):
        return
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=2)
    provider = TracerProvider(resource=Resource({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
    trace.set_tracer_provider(provider)
