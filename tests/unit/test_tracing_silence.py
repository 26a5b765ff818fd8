"""Nothing is sent unless an endpoint is set: a process that makes spans and metrics, beside a collector that listens.

The collector stands where exporters send by default (OTEL_… variables, which nothing of Placet's reads): a process
that sent anything without PLACET_OTLP_ENDPOINT would send it there. The case with an endpoint shows that the same
process does speak when it is told to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.layout import Layout
from infra.programs import OTLP, PROVIDER, SERVICES, Addresses, programs
from tests.otlp import METRICS, TRACES, OtlpReceiver

PROCESS = """
import sys
from opentelemetry import metrics, trace
from placet import tracing
from services.chassis import telemetry
from services.chassis.settings import ServiceSettings

settings = ServiceSettings.load()
telemetry.start(service=settings.service, otlp_endpoint=settings.otlp_endpoint)
with tracing.span(tracing.SpanName.PROPOSE):
    telemetry.start_span(telemetry.SpanName.PROCESS, tracing.traceparent_of()).end()
telemetry.count(telemetry.Metric.MESSAGES)
for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
    if flush := getattr(provider, "force_flush", None):
        flush()
"""


@pytest.fixture
def collector() -> Iterator[OtlpReceiver]:
    receiver = OtlpReceiver()
    yield receiver
    receiver.close()


def run(collector: OtlpReceiver, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS],
        env={
            "PATH": os.environ["PATH"],
            "PLACET_ENV": "dev",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            **environment,
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_without_an_endpoint_nothing_is_sent(collector: OtlpReceiver) -> None:
    run(collector)
    assert collector.bodies == []


def test_with_an_endpoint_spans_and_metrics_are_sent(collector: OtlpReceiver) -> None:
    run(collector, PLACET_OTLP_ENDPOINT=collector.endpoint)
    assert {path for path, _ in collector.bodies} == {TRACES, METRICS}
    assert {span.name for span in collector.spans()} == {"placet.propose", "placet.process"}


def test_a_service_is_told_of_an_endpoint_only_where_the_operator_names_one(tmp_path: Path) -> None:
    addresses = Addresses(dict.fromkeys((*(service.name for service in SERVICES), PROVIDER), 1))

    def told(outside: dict[str, str]) -> set[str]:
        made = programs(SERVICES, Layout(tmp_path), addresses, outside=outside, mode="dev")
        return {program.name for program in made if OTLP in program.env}

    assert told({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}) == set()
    assert told({OTLP: ""}) == set()
    assert told({OTLP: "http://127.0.0.1:9"}) == {service.name for service in SERVICES}
