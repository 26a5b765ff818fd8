"""Propose without the library: what a client in any language has to do, spelled out with a Kafka client and Ed25519.

    python -m examples.any_kafka_client    with the PLACET_… variables that `placet up` prints

It proposes one aggregate read and prints the outcome's event. Nothing of `placet` is imported. The steps:
1. canonical bytes (RFC 8785) of {arguments, nonce, preview, purpose}, and their SHA-256: the digest;
2. the commitment: a compact JWS (`typ` placet-commitment+jws) over who, what, where, until when, and the digest;
3. a CloudEvent in structured JSON mode whose id is a UUIDv5 of action id, type and digest, keyed by the action id;
4. a header `placet-signature`: KEYID:SIGNATURE, Ed25519 over the DSSE pre-authentication encoding of (type, value);
5. the outcome arrives in `actions.resolved.v1` under the same key; verify who signed it, as the library does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

PROPOSED, RESOLVED = "actions.proposed.v1", "actions.resolved.v1"
TYPE = f"placet.{PROPOSED}"
PATIENCE_SECONDS = 30


def base64url(value: bytes) -> str:
    """RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def canonical(value: Any) -> bytes:
    """RFC 8785 for values without fractions and with ASCII keys, for which sorting is all there is to it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def uuid7() -> str:
    """RFC 9562 §5.7: 48 bits of milliseconds, then random."""
    bits = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return str(uuid.UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def proposal(key_file: Path, trust_file: Path) -> tuple[str, bytes, bytes]:
    """Action id, event and signature header."""
    held = json.loads(key_file.read_bytes())
    jwk, agent = held["key"], held["principal"].removeprefix("/agents/")
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(jwk["d"] + "=="))
    thumbprint = hashlib.sha256(canonical({name: jwk[name] for name in ("crv", "kty", "x")})).digest()
    key_id = base64url(thumbprint)
    trust = base64.urlsafe_b64decode(json.loads(trust_file.read_bytes())["payload"] + "==")

    action_id, now = uuid7(), datetime.now(UTC)
    arguments = {"sql": "SELECT count(*) FROM customers"}
    payload = {
        "arguments": arguments,
        "nonce": base64url(secrets.token_bytes(16)),
        "preview": None,
        "purpose": "census",
    }
    digest = hashlib.sha256(canonical(payload)).hexdigest()
    deadline = (now + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    about = {"action_id": action_id, "agent": agent, "digest": digest, "on_behalf_of": None, "edit_of": None}
    place = {"name": "db.query", "resource": "postgres://warehouse/customers"}
    header = {"alg": "Ed25519", "kid": key_id, "typ": "placet-commitment+jws"}
    signed = f"{base64url(canonical(header))}.{base64url(canonical({**about, **place, 'deadline': deadline}))}"
    commitment = f"{signed}.{base64url(private.sign(signed.encode()))}"

    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "urn:placet:event")
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(namespace, f"{action_id}\n{TYPE}\n{digest}")),
        "source": f"/agents/{agent}",
        "type": TYPE,
        "subject": action_id,
        "time": now.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "trustdigest": hashlib.sha256(trust).hexdigest(),
        "data": {
            **about,
            "commitment": commitment,
            "action": {**place, "arguments": arguments},
            "purpose": payload["purpose"],
            "preview": None,
            "session": None,
            "nonce": payload["nonce"],
            "deadline": deadline,
        },
    }
    value = json.dumps(event).encode()
    encoding = b"DSSEv1 %d %b %d %b" % (len(TYPE), TYPE.encode(), len(value), value)
    return action_id, value, f"{key_id}:{base64url(private.sign(encoding))}".encode()


def main() -> int:
    """Propose, wait, print."""
    kafka = json.loads(Path(os.environ["PLACET_KAFKA_FILE"]).read_bytes())
    options = {
        "bootstrap_servers": kafka["bootstrap"],
        "security_protocol": kafka["security_protocol"],
        "sasl_mechanism": kafka["sasl_mechanism"],
        "sasl_plain_username": kafka["username"],
        "sasl_plain_password": Path(kafka["password_file"]).read_text().strip(),
    }
    consumer = KafkaConsumer(**options)
    consumer.assign([TopicPartition(RESOLVED, each) for each in consumer.partitions_for_topic(RESOLVED)])
    consumer.seek_to_end()
    for each in consumer.assignment():
        consumer.position(each)
    action_id, value, signature = proposal(
        Path(os.environ["PLACET_SIGNING_KEY_FILE"]), Path(os.environ["PLACET_TRUST_FILE"])
    )
    producer = KafkaProducer(**options)
    producer.send(PROPOSED, key=action_id.encode(), value=value, headers=[("placet-signature", signature)]).get(10)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    if record.key == action_id.encode():
                        print(record.value.decode())
                        return 0
        print(f"no outcome within {PATIENCE_SECONDS} s", file=sys.stderr)
        return 1
    finally:
        producer.close()
        consumer.close()


if __name__ == "__main__":
    sys.exit(main())
