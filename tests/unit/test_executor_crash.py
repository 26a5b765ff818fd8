"""An executor killed at every point between redeeming and reporting: nothing runs twice, everything is reported."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from placet.events import ExecutionStatus
from placet.executor import RefusedError, Result
from placet.executor.store import Redemption, Store
from placet.messages import Outgoing
from placet.outcomes import ClientError, Ticket
from placet.tracing import traceparent_of
from tests.factories import now
from tests.fix_executor import RESOURCE, Workbench

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
VICTIM = """
import json, os, signal, sys
from pathlib import Path
from placet.executor import Executor
from placet.executor.store import Store
from placet.outcomes import Ticket
from placet.testing.broker import MemoryBroker, MemoryLog
from placet.trust_store import TrustStore, load_root

point, folder = sys.argv[1], Path(sys.argv[2])

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(method):
    def call(*given, **named):
        method(*given, **named)
        die()
    return call

if point == "redeemed":
    Store.start = die
elif point == "started":
    Store.start = after(Store.start)
elif point == "ran":
    Store.finish = die
elif point == "reported":
    Executor.send_reports = lambda self: None
    Store.finish = after(Store.finish)
elif point == "sent":
    Store.published = die

executor = Executor(
    key_file=folder / "keys/executors/warehouse.key.json",
    trust=TrustStore(folder / "keys/trust.json", load_root(folder / "keys/root.pub.json")),
    publisher=MemoryBroker(MemoryLog()),
    store=folder / "store",
)

@executor.action("db.query")
def query(limit: int) -> None:
    with open(folder / "calls", "a") as calls:
        calls.write(f"{limit}\\n")
        calls.flush()
        os.fsync(calls.fileno())
    if point == "running":
        die()

executor.execute(Ticket.from_json(sys.stdin.read()))
"""


def kill_at(point: str, workbench: Workbench, ticket: Ticket) -> None:
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, point, str(workbench.folder)],
        input=ticket.to_json(),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    ("point", "ran", "status", "code"),
    [
        ("redeemed", False, ExecutionStatus.REFUSED, "not_started"),
        ("started", False, ExecutionStatus.UNKNOWN, "crashed"),
        ("running", True, ExecutionStatus.UNKNOWN, "crashed"),
        ("ran", True, ExecutionStatus.UNKNOWN, "crashed"),
        ("reported", True, ExecutionStatus.SUCCEEDED, "done"),
        ("sent", True, ExecutionStatus.SUCCEEDED, "done"),
    ],
)
def test_killed(workbench: Workbench, point: str, ran: bool, status: ExecutionStatus, code: str) -> None:
    ticket = replace(workbench.ticket(), trace=f"00-{TRACE_ID}-b7ad6b7169203331-01")
    kill_at(point, workbench, ticket)
    calls = workbench.folder / "calls"
    assert calls.exists() is ran
    assert workbench.reports == []
    traces: list[str] = []
    workbench.log.listeners.append(lambda _: traces.append(traceparent_of()[3:35]))
    next_one = workbench.make("warehouse")
    (report,) = workbench.reports
    assert (report.status, report.code, report.action_id) == (status, code, ticket.action_id)
    assert (report.started_at is None) == (status is ExecutionStatus.REFUSED)
    assert traces == [TRACE_ID], "what a later process sends for it still belongs to the action's trace"
    with pytest.raises(RefusedError, match="already_redeemed"):
        next_one.execute(ticket)
    assert workbench.calls == []
    next_one.close()
    workbench.make("warehouse").close()
    assert [each.code for each in workbench.reports] == [code, "already_redeemed"]


def test_what_a_live_process_runs_is_not_abandoned(workbench: Workbench) -> None:
    during: list[list[str]] = []

    @workbench.executor.action("db.slow")
    def slow(limit: int) -> Result:
        other = workbench.make("warehouse")
        during.append([report.code for report in workbench.reports])
        other.close()
        return Result(limit)

    assert workbench.executor.execute(workbench.ticket(name="db.slow")).result == 10
    assert during == [[]]
    assert [report.code for report in workbench.reports] == ["done"]


def test_a_report_that_cannot_be_sent_is_kept_and_sent_the_same(workbench: Workbench) -> None:
    first, second = workbench.ticket(), workbench.ticket()
    workbench.log.down = True
    assert workbench.executor.execute(first).succeeded
    assert workbench.reports == []
    ((_, _, kept),) = workbench.executor.store.unpublished()
    workbench.log.down = False
    workbench.executor.execute(second)
    assert [report.action_id for report in workbench.reports] == [first.action_id, second.action_id]
    assert kept.value in [message.value for message in workbench.log.messages]
    assert workbench.executor.store.unpublished() == []


def test_a_function_that_raises_is_reported_without_its_words(workbench: Workbench) -> None:
    @workbench.executor.action("db.fail")
    def fail(limit: int) -> None:
        raise ValueError(f"canary-{limit}")

    ticket = workbench.ticket(name="db.fail")
    with pytest.raises(Exception, match="raised ValueError") as raised:
        workbench.executor.execute(ticket)
    assert isinstance(raised.value.__cause__, ValueError)
    assert "canary" not in str(raised.value)
    (report,) = workbench.reports
    assert (report.status, report.code) == (ExecutionStatus.FAILED, "raised")
    assert not any(b"canary" in message.value for message in workbench.log.messages)


def test_a_function_that_is_interrupted_is_reported_as_unknown(workbench: Workbench) -> None:
    @workbench.executor.action("db.stop")
    def stop(limit: int) -> None:
        raise KeyboardInterrupt(limit)

    with pytest.raises(KeyboardInterrupt):
        workbench.executor.execute(workbench.ticket(name="db.stop"))
    (report,) = workbench.reports
    assert (report.status, report.code) == (ExecutionStatus.UNKNOWN, "interrupted")


def test_a_changed_object_in_the_callers_hands_changes_nothing(workbench: Workbench) -> None:
    held = {"limit": 10}
    pending = workbench.gates["nightly-export"].propose("db.query", RESOURCE, held)
    held["limit"] = 820_000
    entry = workbench.gates["nightly-export"]._journal.get(pending.action_id)
    assert entry is not None
    assert json.loads(entry.payload)["arguments"] == {"limit": 10}


class TestStore:
    def test_its_files_are_private(self, tmp_path: Path) -> None:
        old = os.umask(0)
        try:
            store = Store(tmp_path / "deep" / "store")
            store.redeem(Redemption("a", "b", "c", "d", "e"))
            for path in (tmp_path / "deep").iterdir():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            store.close()
        finally:
            os.umask(old)

    def test_every_commit_is_forced_to_disk(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        assert store._database.execute("PRAGMA synchronous").fetchone() == (2,)
        store.close()

    def test_one_redemption_per_action_among_connections(self, tmp_path: Path) -> None:
        stores = [Store(tmp_path / "store") for _ in range(3)]
        used = Redemption("a", "b", "c", "d", "e")
        assert [store.redeem(used) for store in stores] == [True, False, False]
        assert stores[2].redeemed_with("a") == "d"
        assert stores[2].redeemed_with("b") is None
        for store in stores:
            store.close()

    def test_only_what_was_redeemed_starts_and_only_once(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        with pytest.raises(ClientError, match="was not run"):
            store.start("a", at=now())
        store.redeem(Redemption("a", "b", "c", "d", "e"))
        store.start("a", at=now())
        with pytest.raises(ClientError, match="was not run"):
            store.start("a", at=now())
        store.close()

    def test_what_a_closed_store_left_is_abandoned_once_finished_no_more(self, tmp_path: Path) -> None:
        first, second = Store(tmp_path / "store"), Store(tmp_path / "store")
        used = Redemption("a", "b", "c", "d", "e")
        first.redeem(used)
        assert second.abandoned() == []
        first.close()
        assert second.abandoned() == [used]
        started = replace(used, action_id="x", attempt="y")
        second.redeem(started)
        assert second.abandoned() == [used]
        report = Outgoing("actions.executed.v1", b"a", b"{}", b"s")
        second.finish(used, report)
        assert second.abandoned() == []
        assert second.unpublished() == [("e", "", report)]
        second.published("e")
        assert second.unpublished() == []
        second.close()

    def test_a_file_that_is_no_store_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "store").write_text("not a database, but long enough to be told from an empty one" * 20)
        with pytest.raises(ClientError, match=r"store cannot be used"):
            Store(tmp_path / "store")

    def test_a_state_outside_the_set_is_refused_by_the_database(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        store.redeem(Redemption("a", "b", "c", "d", "e"))
        with pytest.raises(sqlite3.IntegrityError):
            store._database.execute("UPDATE redemptions SET state = 'again'")
        store.close()
