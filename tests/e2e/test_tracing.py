"""One trace per action, from the gate's call through every service and the human wait to the ledger's last entry."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
from pathlib import Path

import pytest
import tenacity

from examples.nightly_export.scenarios import World, _export
from placet import tracing
from services.chassis import telemetry
from tests.otlp import OtlpReceiver, Span
from tests.systems import RunningSystem

pytestmark = pytest.mark.timeout(180)

EDGES = {
    ("", "nightly-export placet.propose"),
    ("nightly-export placet.propose", "classifier placet.process"),
    ("nightly-export placet.propose", "nightly-export placet.wait"),
    ("classifier placet.process", "classifier placet.classify"),
    ("classifier placet.process", "policy placet.process"),
    ("classifier placet.process", "ledger placet.append"),
    ("policy placet.process", "policy placet.decide"),
    ("policy placet.process", "settle placet.process"),
    ("policy placet.process", "ledger placet.append"),
    ("settle placet.process", "ledger placet.append"),
    ("settle placet.process", "desk placet.vote"),
    ("settle placet.process", "settle placet.judge"),
    ("settle placet.process", "settle placet.review"),
    ("settle placet.review", "ledger placet.append"),
    ("settle placet.review", "warehouse placet.execute"),
    ("warehouse placet.execute", "ledger placet.append"),
}
"""Parent → child, each a service and a span."""


def edges(spans: list[Span]) -> set[tuple[str, str]]:
    names = {span.span_id: f"{span.service} {span.name}" for span in spans}
    return {(names.get(span.parent_id, span.parent_id), names[span.span_id]) for span in spans}


def settle_pid(system: RunningSystem) -> int | None:
    found = json.loads(Path(system.endpoints["status_file"]).read_text())["settle"]
    return int(found["pid"]) if found["state"] == "healthy" else None


def kill_settle(system: RunningSystem) -> None:
    before = settle_pid(system)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    for again in tenacity.Retrying(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.1), reraise=True):
        with again:
            assert settle_pid(system) not in {None, before}


def test_one_trace_holds_the_whole_action_whatever_restarts_and_no_value(
    system: RunningSystem, world: World, otlp: OtlpReceiver
) -> None:
    canary = f"canary{secrets.token_hex(12)}"
    proposal = _export()
    proposal["purpose"] = f"monthly report {canary}"
    proposal["arguments"] = {**proposal["arguments"], "destination": f"s3://partner-bucket/{canary}.csv"}

    action_id = str(world.agent.ask("propose", **proposal)["action_id"])
    opened = world.people["alice"].open_review(action_id)
    proposed = proposing(otlp, action_id)
    # What is finished is sent within a second; a kill before that would lose it, and it is not the wait's span.
    otlp.until(lambda: "settle" in {span.service for span in otlp.spans(trace_id=proposed.trace_id)})
    kill_settle(system)
    with contextlib.suppress(AssertionError):  # the approval may find settle still joining its group
        world.people["alice"].approve(action_id, f"as agreed, {canary}")
    outcome = world.agent.ask("wait", action_id=action_id, seconds=60)
    assert (opened["state"], outcome["outcome"]) == ("open", "approved")
    assert world.agent.ask("run", action_id=action_id)["status"] == "succeeded"

    with contextlib.suppress(AssertionError):  # which edge is missing is said below
        otlp.until(lambda: edges(otlp.spans(trace_id=proposed.trace_id)) >= EDGES, within=30)
    trace = otlp.spans(trace_id=proposed.trace_id)
    assert edges(trace) == EDGES

    (review,) = [span for span in trace if span.name == "placet.review"]
    (closing,) = [span for span in trace if span.name == "placet.judge"]
    (vote,) = [span for span in trace if span.name == "placet.vote"]
    # The killed process may not have acknowledged it: then another one reads it again, to no effect.
    took = [span for span in trace if (span.service, span.name) == ("settle", "placet.process")]
    received = min(took, key=lambda span: span.start)
    assert review.attributes["placet.outcome"] == "approved"
    assert received.start <= review.start <= received.end, "the wait begins when the review opened, not at the restart"
    assert closing.start <= review.end <= closing.end
    (link,) = vote.links
    otlp.until(lambda: any(span.span_id == link.span_id and span.name == "placet.http" for span in otlp.spans()))

    known = {*telemetry.Attribute, *tracing.Attribute}
    names = {*telemetry.SpanName, *tracing.SpanName}
    # Users' programs, with whatever they instrument besides, and what a test has put there to be found.
    outside = {"nightly-export", "other-agent", "warehouse", "planted"}
    for span in [span for span in otlp.spans() if span.service not in outside]:
        assert span.name in names
        assert set(span.attributes) <= known, span
        assert (span.events, span.status_message, span.trace_state) == ((), "", "")
    assert not [path for path, body in otlp.bodies if canary.encode() in body]


def proposing(otlp: OtlpReceiver, action_id: str) -> Span:
    """The one span of the gate's call, as soon as the agent has sent it."""

    def found() -> list[Span]:
        sent = [span for span in otlp.spans() if span.name == "placet.propose"]
        return [span for span in sent if span.attributes["placet.action_id"] == action_id]

    otlp.until(lambda: bool(found()))
    (one,) = found()
    return one
