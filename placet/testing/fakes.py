"""`FakeGate` and `FakeExecutor`: the real gate and the real executor, with a broker in memory and a stand-in settle.

For tests of programs that propose. Rules:
- An action nobody told the fake about is denied, as everywhere.
- What the fake grants is signed, journalled, verified and redeemed as real grants are: only the services are missing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from placet.catalogue import Topic
from placet.events import ActionExecuted, ActionFollowed, ActionProposed, Outcome
from placet.executor.executor import Executor
from placet.gate.gate import Gate, utc_now
from placet.gate.pending import Pending
from placet.messages import Message
from placet.testing.broker import MemoryBroker, MemoryLog
from placet.testing.settle import Answer, StandIn
from placet.verify import verify

PENDING: Final = "pending"
_UNTOLD: Final = Answer(
    Outcome.DENIED, "no_answer", "The fake was not told how actions of this name end: see FakeGate.answer.", rules=()
)
_WITHDRAWN: Final = Answer(Outcome.WITHDRAWN, "withdrawn", "The agent withdrew the action.", rules=())


class FakeGate(Gate):
    """A gate whose actions end as the test says."""

    def __init__(self, folder: Path | None = None, *, agent: str = "nightly-export") -> None:
        """State lies in `folder`, or in a temporary folder of its own."""
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="placet-fake-")
        place = folder or Path(self._temporary.name if self._temporary else "")
        self.stand_in = StandIn(place / "keys", at=utc_now(), agents=(agent,))
        self.log = MemoryLog()
        """What was published; `log.down = True` makes the broker fail."""
        self.proposed: list[ActionProposed] = []
        """What was proposed, in order, in clear."""
        self._answers: dict[str, Answer | None] = {}
        super().__init__(
            agent,
            key_file=self.stand_in.agent_key(agent),
            trust=self.stand_in.trust,
            broker=MemoryBroker(self.log),
            journal=place / "journal",
        )
        self.log.listeners.append(self._published)

    def answer(self, name: str, outcome: Outcome | str, **more: Any) -> None:
        """Let actions of this name end so from now on; `pending` holds them until `resolve`.

        `more` are fields of `Answer`: code, sentence, retry, rules, labels, reviewers.
        """
        self._answers[name] = None if outcome == PENDING else Answer(Outcome(outcome), **more)

    def resolve(self, pending: Pending | str, outcome: Outcome | str, **more: Any) -> None:
        """End a held action."""
        action_id = pending if isinstance(pending, str) else pending.action_id
        proposed = next(each for each in self.proposed if each.action_id == action_id)
        self._resolve(proposed, Answer(Outcome(outcome), **more))

    def executor(self, store: Path | None = None) -> FakeExecutor:
        """An executor that accepts this gate's grants."""
        return FakeExecutor(self, store)

    def close(self) -> None:
        """As `Gate.close`."""
        super().close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _published(self, message: Message) -> None:
        """What the services would do with it, at once."""
        if message.topic not in {Topic.PROPOSED, Topic.FOLLOWED}:
            return
        data = verify(message, self.stand_in.trust.current(), now=self.now()).data
        if isinstance(data, ActionProposed):
            self.proposed.append(data)
            answer = self._answers.get(data.action.name, _UNTOLD)
            if answer is not None:
                self._resolve(data, answer)
        elif isinstance(data, ActionFollowed) and not self._has_outcome(data.action_id):
            self._resolve(next(p for p in self.proposed if p.action_id == data.action_id), _WITHDRAWN)

    def _has_outcome(self, action_id: str) -> bool:
        return any(message.key == action_id.encode() for message in self.log.of(Topic.RESOLVED))

    def _resolve(self, proposed: ActionProposed, answer: Answer) -> None:
        self.log.append(self.stand_in.resolve(proposed, answer, now=self.now()))


class FakeExecutor(Executor):
    """An executor whose reports stay in memory."""

    def __init__(self, gate: FakeGate, store: Path | None = None) -> None:
        self._log = gate.log
        super().__init__(
            key_file=gate.stand_in.executor_key("warehouse"),
            trust=gate.stand_in.trust,
            publisher=MemoryBroker(gate.log),
            store=store or gate.stand_in.folder / "executor",
        )

    @property
    def reports(self) -> list[ActionExecuted]:
        """What was reported, in order."""
        trust = self.trust.current()
        return [verify(message, trust, now=self.now()).data for message in self._log.of(Topic.EXECUTED)]
