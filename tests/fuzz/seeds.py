"""What fuzzing starts from: everything valid, and documents bent from it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from placet.canonical import canonical_bytes
from placet.catalogue import Role, Topic
from placet.checkpoint import Checkpoint, sign_checkpoint
from placet.merkle import Frontier, MemoryNodes, leaf_hash
from placet.outcomes import Ticket
from placet.trust import Trust
from schemas import cases, generate
from tests.factories import World
from tests.fuzz.mutate import bend_bytes, bend_json, spell
from tests.ledgers import ORIGIN, MemoryLedger

EXAMPLES: Final = Path(generate.__file__).parent / "examples"
SIZES: Final = 33


@dataclass(frozen=True)
class Seeds:
    """Everything valid, made once per process, the same in each."""

    values: dict[Topic, list[bytes]]
    documents: list[Any]
    trust: Trust
    trust_payload: Any
    tokens: list[str]
    ticket: bytes
    ledger: MemoryLedger
    export: list[bytes]
    note: bytes
    nodes: MemoryNodes
    roots: list[bytes]


@cache
def seeds() -> Seeds:
    values: dict[Topic, list[bytes]] = {}
    for path in sorted(EXAMPLES.glob("*/valid/*.json")):
        values.setdefault(Topic(path.parts[-3]), []).append(path.read_bytes())
    documents = [json.loads(value) for group in values.values() for value in group]
    trust = Trust.verify((EXAMPLES / "trust.json").read_bytes(), cases.ROOT.public)
    data = {kind: json.loads(values[kind][0])["data"] for kind in values}
    approved, proposed = data[Topic.RESOLVED], data[Topic.PROPOSED]
    tokens = [proposed["commitment"], data[Topic.DECIDED]["verdict"], approved["grant"]]
    payload = {name: proposed[name] for name in ("preview", "purpose", "nonce")}
    ticket = Ticket(
        action_id=approved["action_id"],
        commitment=proposed["commitment"],
        payload=canonical_bytes({**payload, "arguments": proposed["action"]["arguments"]}),
        grant=approved["grant"],
    )
    ledger = MemoryLedger(World())
    ledger.ran(ledger.allowed())
    nodes, frontier, roots = MemoryNodes(), Frontier(), [Frontier().root()]
    for number in range(SIZES):
        for level, index, digest in frontier.append(leaf_hash(bytes([number]))):
            nodes.add(level, index, digest)
        roots.append(frontier.root())
    head = Checkpoint(origin=ORIGIN, size=SIZES, root=roots[SIZES])
    return Seeds(
        values=values,
        documents=documents,
        trust=trust,
        trust_payload=trust.document.model_dump(mode="json"),
        tokens=tokens,
        ticket=ticket.to_json().encode(),
        ledger=ledger,
        export=ledger.export(),
        note=sign_checkpoint(head, cases.SERVICES[Role.LEDGER]),
        nodes=nodes,
        roots=roots,
    )


def bent_document(value: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.6:
        return spell(bend_json(json.loads(value), chance, seeds().documents), chance)
    return bend_bytes(value, chance, [value])
