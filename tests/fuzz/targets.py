"""What is fuzzed: a target turns chance into an input (bytes), and an input into nothing or a named error.

Rules:
- A target's `run` is a function of the bytes alone, so that a failing input can be tried again.
- Only `ContractError` may come out, with the error types each docstring names. Anything else is a failure, and so is
  a bent thing that is believed: the oracles are `AssertionError`s.
- Where a signature would stop every bent input at the door, the input says that it is to be signed by the key that
  should sign it (first byte 1): so what lies behind the signature is reached as well.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from placet.audit.verifier import verify_export
from placet.canonical import canonical_bytes, strict_loads
from placet.catalogue import CATALOGUE, Role, Topic
from placet.checkpoint import VerifierKey, parse_checkpoint, parse_note, verify_checkpoint
from placet.errors import ContractError
from placet.grants import Commitment, GrantClaims, VerdictClaims, verify_claims, verify_commitment, verify_grant
from placet.keys import Signer, decode_base64url, encode_base64url
from placet.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from placet.messages import Message, decode
from placet.outcomes import Ticket
from placet.requirement import assignment, parse
from placet.requirement import spell as spell_expression
from placet.trust import TRUST_TYPE, Trust
from placet.verify import verify
from schemas import cases
from tests.fuzz import hiding
from tests.fuzz.mutate import bend_bytes, spell
from tests.fuzz.seeds import EXAMPLES, SIZES, bent_document, seeds
from tests.ledgers import ORIGIN


@dataclass(frozen=True, slots=True)
class Target:
    make: Callable[[random.Random], bytes]
    run: Callable[[bytes], None]
    weight: int
    """Its share of the inputs."""


# JSON --------------------------------------------------------------------------------------------------------------


def make_json(chance: random.Random) -> bytes:
    return bent_document(spell(chance.choice(seeds().documents), chance), chance)


def run_json(value: bytes) -> None:
    parsed = strict_loads(value)
    once = canonical_bytes(parsed)  # what is read strictly can be hashed
    assert canonical_bytes(strict_loads(once)) == once


# Events ------------------------------------------------------------------------------------------------------------

_TOPICS: Final = tuple(Topic)


def make_event(chance: random.Random) -> bytes:
    number = chance.randrange(len(_TOPICS))
    return bytes([number]) + bent_document(chance.choice(seeds().values[_TOPICS[number]]), chance)


def run_codec(value: bytes) -> None:
    spec = CATALOGUE[_TOPICS[value[0] % len(_TOPICS)]]
    envelope = decode(value[1:], spec)
    assert decode(envelope.model_dump_json().encode(), spec) == envelope


def run_verify(value: bytes) -> None:
    """Signed by the topic's rightful producer, whatever it says."""
    spec, content = CATALOGUE[_TOPICS[value[0] % len(_TOPICS)]], value[1:]
    signer = _PRODUCER[min(spec.producers)]
    signature = f"{signer.key_id}:{encode_base64url(signer.sign(spec.type, content))}".encode()
    message = Message(spec.topic, 0, 0, cases.ACTION_ID.encode(), content, signature)
    found = verify(message, seeds().trust, now=cases.NOW)
    assert found.envelope.source == signer.principal


_PRODUCER: Final[dict[Role, Signer]] = {
    **cases.SERVICES,
    Role.AGENT: cases.AGENT_KEY,
    Role.EXECUTOR: cases.EXECUTOR_KEY,
}


def make_headers(chance: random.Random) -> bytes:
    header = next(iter(EXAMPLES.glob("actions.resolved.v1/valid/*.signature"))).read_bytes()
    return bend_bytes(header, chance, [header])


def run_headers(value: bytes) -> None:
    """A signature header bent over a true event: believed only where it is the true one."""
    path = next(iter(EXAMPLES.glob("actions.resolved.v1/valid/*.json")))
    message = Message(Topic.RESOLVED, 0, 0, cases.ACTION_ID.encode(), path.read_bytes(), value)
    verify(message, seeds().trust, now=cases.NOW)
    assert value == path.with_suffix(".signature").read_bytes()


# Trust file --------------------------------------------------------------------------------------------------------


def make_trust(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        content = (EXAMPLES / "trust.json").read_bytes()
        return b"\x00" + bent_document(content, chance)
    return b"\x01" + bent_document(spell(seeds().trust_payload, chance), chance)


def run_trust(value: bytes) -> None:
    content = value[1:]
    if value[:1] == b"\x01":
        sig = encode_base64url(cases.ROOT.sign(TRUST_TYPE, content))
        signatures = [{"keyid": cases.ROOT.key_id, "sig": sig}]
        envelope = {"payloadType": TRUST_TYPE, "payload": encode_base64url(content), "signatures": signatures}
        Trust.verify(json.dumps(envelope).encode(), cases.ROOT.public).executor_for("postgres://warehouse/customers")
    else:
        found = Trust.verify(content, cases.ROOT.public)
        assert found.digest == seeds().trust.digest, "another payload under the root's signature"


# Commitment, verdict, grant ----------------------------------------------------------------------------------------

_KINDS: Final = (Commitment, VerdictClaims, GrantClaims)
_ISSUERS: Final = (cases.AGENT_KEY, cases.SERVICES[Role.POLICY], cases.SERVICES[Role.SETTLE])
_TYPES: Final = ("placet-commitment+jws", "placet-verdict+jwt", "placet-grant+jwt")


def _claims(number: int) -> bytes:
    payload = seeds().tokens[number].split(".")[1]
    return decode_base64url(payload)


def make_claims(chance: random.Random) -> bytes:
    number = chance.randrange(3)
    if chance.random() < 0.4:
        token = seeds().tokens[number].encode()
        return bytes([number]) + bend_bytes(token, chance, [token.encode() for token in seeds().tokens])
    return bytes([number + 3]) + bent_document(_claims(number), chance)


def run_claims(value: bytes) -> None:
    number = value[0] % 6
    if number >= 3:
        token = _ISSUERS[number - 3].sign_jws(value[1:], _TYPES[number - 3])
        if number == 3:
            verify_commitment(token, seeds().trust, at=cases.NOW)
        elif number == 4:
            verify_claims(token, VerdictClaims, seeds().trust, at=cases.NOW)
        else:
            verify_grant(token, seeds().trust, at=cases.NOW)
        return
    token = value[1:].decode("utf-8", "surrogateescape")
    kind: Any = _KINDS[number]
    verify_claims(token, kind, seeds().trust, at=cases.NOW)
    assert token in seeds().tokens, "a bent token is believed"


def make_ticket(chance: random.Random) -> bytes:
    return bent_document(seeds().ticket, chance)


def run_ticket(value: bytes) -> None:
    ticket = Ticket.from_json(value)
    assert Ticket.from_json(ticket.to_json()) == ticket


# Checkpoints and proofs --------------------------------------------------------------------------------------------


def make_checkpoint(chance: random.Random) -> bytes:
    note = seeds().note
    if chance.random() < 0.5:
        return b"\x00" + bend_bytes(note, chance, [note])
    if chance.random() < 0.5:
        key = VerifierKey(ORIGIN, cases.SERVICES[Role.LEDGER].public.raw).text().encode()
        return b"\x02" + bend_bytes(key, chance, [key])
    return b"\x01" + bend_bytes(note.split(b"\n\n")[0] + b"\n", chance, [note])


def run_checkpoint(value: bytes) -> None:
    key = VerifierKey(ORIGIN, cases.SERVICES[Role.LEDGER].public.raw)
    if value[:1] == b"\x01":
        head = parse_checkpoint(value[1:].decode("utf-8", "surrogateescape"))
        assert head.text().encode() == value[1:]
        return
    if value[:1] == b"\x02":
        text = value[1:].decode("utf-8", "surrogateescape")
        assert VerifierKey.parse(text).text() == text.strip()
        return
    assert parse_note(value[1:]).serialise() == value[1:]
    head = verify_checkpoint(value[1:], [key])
    assert (head.size, head.root) == (SIZES, seeds().roots[SIZES]), "a bent checkpoint is believed"


def make_proof(chance: random.Random) -> bytes:
    new = chance.randint(1, SIZES)
    old = chance.randint(0, new)
    if chance.random() < 0.5:
        old = min(old, new - 1)
        kind, proof = 0, inclusion_proof(seeds().nodes, old, new)
    else:
        kind, proof = 1, consistency_proof(seeds().nodes, old, new)
    head, body = bytes([kind, old, new]), b"".join(proof)
    return head + bend_bytes(body, chance, [body]) if chance.random() < 0.7 else bend_bytes(head + body, chance, [body])


def run_proof(value: bytes) -> None:
    kind, old, new = (value + bytes(3))[:3]
    body, roots = value[3:], seeds().roots
    proof = [body[start : start + 32] for start in range(0, len(body), 32)]
    root = roots[new % len(roots)]
    if kind == 0:
        verify_inclusion(leaf=leaf_hash(bytes([old])), index=old, size=new, proof=proof, root=root)
        assert proof == inclusion_proof(seeds().nodes, old, new), "a second proof of inclusion"
    else:
        verify_consistency(old=old, new=new, old_root=roots[old % len(roots)], new_root=root, proof=proof)
        assert proof == consistency_proof(seeds().nodes, old, new), "a second proof of consistency"


# Expressions, exports ----------------------------------------------------------------------------------------------

_EXPRESSIONS: Final = (
    b"1 from a",
    b"2 from data-owners and 1 from security",
    b"(1 from a or 2 from b) and (1 from c or 1 from d)",
    b"((1 from a))",
)


def make_expression(chance: random.Random) -> bytes:
    return bend_bytes(chance.choice(_EXPRESSIONS), chance, _EXPRESSIONS)


def run_expression(value: bytes) -> None:
    expression = parse(value.decode("utf-8", "surrogateescape"))
    assert spell_expression(parse(spell_expression(expression))) == spell_expression(expression)
    assert assignment(expression, {}) is None


def make_export(chance: random.Random) -> bytes:
    lines = list(seeds().export)
    here = chance.randrange(len(lines))
    lines[here] = bent_document(lines[here].rstrip(b"\n"), chance).replace(b"\n", b" ") + b"\n"
    return b"".join(lines)


def run_export(value: bytes) -> None:
    """An audit never raises: whatever it is given, it reports."""
    verify_export(value.splitlines(keepends=True), seeds().ledger.world.root.public)


TARGETS: Final[dict[str, Target]] = {
    "json": Target(make_json, run_json, 20),
    "codec": Target(make_event, run_codec, 20),
    "verify": Target(make_event, run_verify, 10),
    "header": Target(make_headers, run_headers, 5),
    "trust": Target(make_trust, run_trust, 5),
    "claims": Target(make_claims, run_claims, 10),
    "ticket": Target(make_ticket, run_ticket, 5),
    "checkpoint": Target(make_checkpoint, run_checkpoint, 10),
    "proof": Target(make_proof, run_proof, 10),
    "expression": Target(make_expression, run_expression, 10),
    "export": Target(make_export, run_export, 1),
    "hidden": Target(hiding.make, hiding.run, 5),
}


def attempt(name: str, value: bytes) -> str:
    """Run one input; the named error's code, or `accepted`. Anything else comes out as it is."""
    try:
        TARGETS[name].run(value)
    except ContractError as error:
        return error.code
    return "accepted"
