"""The agent's journal: private, durable before anything is sent, whole after any crash, shared by processes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.catalogue import Topic
from placet.events import Outcome, Retry
from placet.journal import Entry, Journal, Place
from placet.messages import Outgoing
from placet.outcomes import Approved, ClientError, Settled
from placet.testing import FakeGate
from placet.testing.broker import MemoryBroker
from tests.factories import NOW, new_action_id


def entry(**changes: Any) -> Entry:
    content: dict[str, Any] = {
        "action_id": new_action_id(),
        "agent": "nightly-export",
        "digest": "0" * 64,
        "commitment": "a.b.c",
        "payload": '{"arguments":{"name":"Zoë \u202e"}}',
        "deadline": NOW + timedelta(hours=1),
        "place": Place(partition=3, offset=42),
        "event": Outgoing("actions.proposed.v1", b"k", '{"é":"\\u0000"}'.encode(), b"s"),
        "files": {"0" * 64: "/data/a.csv"},
    }
    return Entry(**{**content, **changes})


def settled(action_id: str, outcome: Outcome = Outcome.DENIED) -> Settled:
    return Settled(
        action_id=action_id, outcome=outcome, code="because", sentence="Because.", retry=Retry.NEVER, rules=("a/b",)
    )


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of lines without thousands of waits for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def test_what_is_written_is_read_back_the_same_by_another(tmp_path: Path) -> None:
    journal, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    first = entry()
    journal.proposed(first)
    assert other.get(first.action_id) == first
    other.published(first.action_id)
    assert [each.published for each in journal.unresolved()] == [True]
    said = settled(first.action_id)
    other.settled(said, now=NOW)
    found = journal.get(first.action_id)
    assert found is not None
    assert found.settled == said
    assert journal.unresolved() == []
    assert journal.get(new_action_id()) is None


def test_assent_is_read_back_with_its_ticket(tmp_path: Path) -> None:
    first = entry()
    said = first.with_outcome(settled(first.action_id, Outcome.APPROVED), "g.g.g").settled
    assert isinstance(said, Approved)
    Journal(tmp_path / "j").proposed(first)
    Journal(tmp_path / "j").settled(said, now=NOW)
    found = Journal(tmp_path / "j").get(first.action_id)
    assert found is not None
    assert found.settled == said
    assert said.ticket.payload == first.payload.encode()


def test_it_is_private_and_so_is_its_folder(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Journal(tmp_path / "new" / "j").proposed(entry())
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new" / "j").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_file_left_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "j").touch(mode=0o666)
    (tmp_path / "j").chmod(0o666)
    Journal(tmp_path / "j")
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600


def test_a_proposal_is_forced_to_disk_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    forced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: forced.append((tmp_path / "j").read_bytes()))
    first = entry()
    journal.proposed(first)
    assert len(forced) == 1
    assert first.action_id.encode() in forced[0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cut_off_anywhere_it_keeps_every_whole_line_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    first, second, third = entry(), entry(), entry()
    journal = Journal(path)
    journal.proposed(first)
    whole = path.stat().st_size
    journal.proposed(second)
    journal.close()
    cut = data.draw(st.integers(whole, path.stat().st_size - 1))
    os.truncate(path, cut)
    after = Journal(path)
    assert [each.action_id for each in after.unresolved()] == [first.action_id]
    after.proposed(third)
    assert [each.action_id for each in Journal(path).unresolved()] == [first.action_id, third.action_id]


def test_compacting_drops_only_what_has_ended_and_is_past_its_deadline(tmp_path: Path) -> None:
    journal, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    ended, recent = entry(), entry(deadline=NOW + timedelta(hours=9))
    pending = entry()
    for each in (ended, recent, pending):
        journal.proposed(each)
    journal.settled(settled(ended.action_id), now=NOW)
    journal.settled(settled(recent.action_id), now=NOW)
    journal.published(pending.action_id)
    journal.compact(now=NOW + timedelta(hours=2))
    assert ended.action_id.encode() not in (tmp_path / "j").read_bytes()
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600
    kept = journal.get(recent.action_id)
    assert kept is not None
    assert kept.settled == settled(recent.action_id)
    late = entry()
    other.proposed(late)  # a process that still had the old file open
    assert {each.action_id for each in journal.unresolved()} == {pending.action_id, late.action_id}
    assert all(each.published == (each.action_id == pending.action_id) for each in journal.unresolved())


@pytest.mark.usefixtures("no_fsync")
def test_neither_file_nor_memory_grows_with_history(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    sizes = []
    for number in range(5_000):
        each = entry(action_id=str(number), deadline=NOW)
        journal.proposed(each)
        journal.settled(settled(each.action_id), now=NOW + timedelta(seconds=1))
        if number % 1_000 == 500:
            sizes.append((tmp_path / "j").stat().st_size)
    assert max(sizes) <= sizes[0] * 2
    assert len(journal._entries) <= 1_000


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ClientError, match=r"journal .*file/j cannot be used.*Nothing was sent"):
        Journal(tmp_path / "file" / "j")


PROPOSER = """
import os, signal, sys
from pathlib import Path
from placet.gate.gate import Gate
from placet.journal import Journal
from placet.testing.broker import MemoryBroker, MemoryLog
from placet.trust_store import TrustStore, load_root

point, folder = sys.argv[1], Path(sys.argv[2])

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if point == "before the journal":
    Journal.proposed = die
elif point == "before the broker":
    MemoryBroker.publish = die
elif point == "after the broker":
    Journal.published = die

gate = Gate(
    key_file=folder / "keys/agents/nightly-export.key.json",
    trust=TrustStore(folder / "keys/trust.json", load_root(folder / "keys/root.pub.json")),
    broker=MemoryBroker(MemoryLog()),
    journal=folder / "journal",
)
gate.propose("db.query", "postgres://warehouse/customers", {"limit": 10})
"""


@pytest.mark.parametrize(
    ("point", "resumed", "sent"),
    [("before the journal", 0, 0), ("before the broker", 1, 1), ("after the broker", 1, 1)],
)
def test_a_proposer_killed_at_any_point_is_resumed_with_the_same_event(
    tmp_path: Path, point: str, resumed: int, sent: int
) -> None:
    with FakeGate(tmp_path) as gate:
        gate.answer("db.query", "approved")
        done = subprocess.run(
            [sys.executable, "-c", PROPOSER, point, str(tmp_path)],
            capture_output=True,
            timeout=60,
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        found = gate.resume()
        assert len(found) == resumed
        assert len(gate.log.of(Topic.PROPOSED)) == sent
        for pending in found:
            assert pending.wait(5).action_id == pending.action_id
            kept = gate._journal.get(pending.action_id)
            assert kept is not None
            assert gate.log.of(Topic.PROPOSED)[0].value == kept.event.value
        assert gate.resume() == []


def test_a_broker_that_fails_while_sending_leaves_one_action_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeGate(tmp_path) as gate:
        gate.answer("db.query", "allowed")

        def fail(*_: object) -> None:
            raise ClientError("The broker went away.")

        with monkeypatch.context() as patched:
            patched.setattr(MemoryBroker, "publish", fail)
            with pytest.raises(ClientError, match=r"went away\. Action .* is in the journal"):
                gate.propose("db.query", "postgres://warehouse/customers", {})
        (pending,) = gate.resume()
        assert pending.wait(5).outcome == Outcome.ALLOWED
        assert len(gate.proposed) == 1


def test_a_broker_that_is_down_before_leaves_nothing(tmp_path: Path) -> None:
    with FakeGate(tmp_path) as gate:
        gate.log.down = True
        with pytest.raises(ClientError, match="down"):
            gate.propose("db.query", "postgres://warehouse/customers", {})
        gate.log.down = False
        assert gate.resume() == []


def test_an_unsent_proposal_past_its_deadline_is_not_sent_any_more(tmp_path: Path) -> None:
    with FakeGate(tmp_path) as gate:
        gate._journal.proposed(entry(deadline=gate.now() - timedelta(seconds=1)))
        (pending,) = gate.resume()
        assert gate.log.messages == []
        assert pending.outcome() is None
