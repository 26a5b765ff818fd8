"""An executor that runs what is granted to it as it is resolved, without an agent handing it tickets.

Rules:
- A consumer group per executor; an outcome is committed after what it led to is on disk.
- The original is fetched by the position in ActionResolved and believed only with the hash named there and its agent's
  signature.
- Passed over without a word: outcomes without a grant, for other executors, under names not registered here, and what
  this store redeemed with the same grant before (a redelivery). Everything else is an attempt, and reported.
- A broker that fails once it had answered is waited for; what was not committed is delivered again.
- A group's first start begins where grants may still be alive, not with history.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from kafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError

from placet.canonical import payload_bytes, sha256_hex
from placet.catalogue import Topic
from placet.errors import ContractError, VerificationError
from placet.events import ActionProposed, ActionResolved, Position
from placet.executor.report import Execution
from placet.executor.store import Store
from placet.grants import VerifiedGrant, check_commitment, verify_grant
from placet.kafka_client import KafkaClient, explain, take_up_join, to_message
from placet.kafka_producer import close_quietly
from placet.limits import GRANT_SECONDS
from placet.messages import Message
from placet.outcomes import ClientError, Ticket
from placet.trust import Trust
from placet.trust_store import TrustStore
from placet.verify import verify

_log = logging.getLogger(__name__)
_POLL_MS: Final = 200
_AGAIN_SECONDS: Final = 1.0
SESSION_SECONDS: Final = 6
"""How long the broker keeps partitions for an executor that was killed: the least that a broker takes by default, since
whoever comes after it waits that long."""


class Attempts(Protocol):
    """What following needs of an executor."""

    executor: str
    trust: TrustStore
    store: Store
    client: KafkaClient | None

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""

    def has(self, name: str) -> bool:
        """Whether a function is registered under an action's name."""

    def attempt(self, ticket: Ticket) -> Execution:
        """Run a ticket, once; whatever comes of it is a value."""

    def refuse(self, ticket: Ticket, code: str, sentence: str) -> Execution:
        """Report a refused attempt; nothing is run."""

    def send_reports(self) -> None:
        """Send what the broker may not have."""


def follow(executor: Attempts, stop: threading.Event) -> None:
    """Run until `stop` is set; raise `ClientError`."""
    client = executor.client
    if client is None:
        raise ClientError("This executor has no Kafka settings, so there is nothing to follow. Give it `kafka`.")
    connected = False
    while not stop.is_set():
        consumer: Any = None
        try:
            consumer = _subscribed(executor, client)
            connected = True
            executor.send_reports()
            _read(consumer, _Follower(executor, client, stop), stop)
        except (AuthorizationError, SaslAuthenticationFailedError) as error:
            raise explain(client.settings, f"follow {Topic.RESOLVED}", error) from error
        except (KafkaError, OSError) as error:
            if not connected:
                raise explain(client.settings, f"follow {Topic.RESOLVED}", error) from error
            _log.warning("following broke off (%s); beginning again", type(error).__name__)
            stop.wait(_AGAIN_SECONDS)
        finally:
            close_quietly(consumer)


def _subscribed(executor: Attempts, client: KafkaClient) -> Any:
    consumer = client.consumer(
        group_id=f"executor-{executor.executor}",
        fetch_max_wait_ms=50,
        max_poll_records=16,
        session_timeout_ms=SESSION_SECONDS * 1_000,
        heartbeat_interval_ms=SESSION_SECONDS * 250,
    )
    consumer.subscribe([str(Topic.RESOLVED)], listener=_Pause(consumer))
    return consumer


def _read(consumer: Any, follower: _Follower, stop: threading.Event) -> None:
    while not stop.is_set():
        for where, records in consumer.poll(timeout_ms=_POLL_MS).items():
            follower.handle_all(consumer, where, records)
        take_up_join(consumer)
        if consumer.paused():
            _begin(consumer, now=follower.now())


class _Pause(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Holds a newly assigned partition still until it is known where to begin. A listener may not ask the broker."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: object) -> None:
        """Nothing to do: what was handled is committed."""

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Pause."""
        self._consumer.pause(*assigned)


def _begin(consumer: Any, *, now: datetime) -> None:
    """Let paused partitions go: where the group stood, or at its first start where grants may still be alive."""
    paused = consumer.paused()
    new = [where for where in paused if consumer.committed(where) is None]
    if new:
        since = int((now - timedelta(seconds=GRANT_SECONDS)).timestamp() * 1000)
        ends = consumer.end_offsets(new)
        for where, found in consumer.offsets_for_times(dict.fromkeys(new, since)).items():
            consumer.seek(where, ends[where] if found is None else found.offset)
    consumer.resume(*paused)


class _Follower:
    """One run of `follow`."""

    def __init__(self, executor: Attempts, client: KafkaClient, stop: threading.Event) -> None:
        self._executor, self._client, self._stop = executor, client, stop

    def now(self) -> datetime:
        """The executor's clock."""
        return self._executor.now()

    def handle_all(self, consumer: Any, where: TopicPartition, records: list[Any]) -> None:
        """Handle records in order; what was handled is committed."""
        for record in records:
            if self._stop.is_set():
                return
            self._handle(record)
            consumer.commit({where: OffsetAndMetadata(record.offset + 1, "", -1)})

    def _handle(self, record: Any) -> None:
        executor = self._executor
        now, trust = executor.now(), executor.trust.current()
        try:
            message = to_message(record)
            data = verify(message, trust, now=now).data
            if not isinstance(data, ActionResolved) or data.grant is None:
                return
            granted = verify_grant(data.grant, trust, at=now)
        except ContractError as error:
            _log.warning("passed over an outcome at %s/%s: %s", record.partition, record.offset, error.code)
            return
        if not self._is_for_me(granted):
            return
        ticket = Ticket(
            action_id=data.action_id,
            commitment=granted.grant.commitment,
            payload=b"",
            grant=data.grant,
            trace=message.trace,
        )
        try:
            payload = self._original(data.proposal, granted)
        except ContractError as error:
            executor.refuse(ticket, error.code, error.sentence)
            executor.send_reports()
            return
        if payload is not None:
            report = executor.attempt(replace(ticket, payload=payload)).report
            _log.info("action %s: %s", data.action_id, report.status if report else "refused")

    def _is_for_me(self, granted: VerifiedGrant) -> bool:
        executor, grant = self._executor, granted.grant
        if grant.aud != f"/executors/{executor.executor}" or not executor.has(granted.commitment.name):
            return False
        return executor.store.redeemed_with(grant.action_id) != grant.jti

    def _original(self, position: Position | None, granted: VerifiedGrant) -> bytes | None:
        """The canonical bytes of the proposal; None where stopping came first. Raise `VerificationError`."""
        if position is None or position.topic != Topic.PROPOSED:
            raise VerificationError("no_position", "the outcome does not say where the proposal lies")
        while not self._stop.is_set():
            try:
                message = self._client.read(position.topic, position.partition, position.offset)
            except ClientError as error:
                if self._executor.now().timestamp() >= granted.grant.exp:
                    sentence = "the grant expired before the proposal could be read"
                    raise VerificationError("grant_expired", sentence) from error
                _log.warning("could not read the proposal of action %s; trying again", granted.grant.action_id)
                self._stop.wait(_AGAIN_SECONDS)
                continue
            if message is None:
                raise VerificationError("proposal_missing", "the proposal is no longer on the broker")
            trust, now = self._executor.trust.current(), self._executor.now()
            return original_payload(message, position, granted, trust, now=now)
        return None


def original_payload(
    message: Message, position: Position, granted: VerifiedGrant, trust: Trust, *, now: datetime
) -> bytes:
    """The canonical bytes of a proposal fetched by position, if it is the one assented to. Pure; raise
    `VerificationError` or `DecodeError`.
    """
    if sha256_hex(message.value) != position.sha256:
        raise VerificationError("proposal_mismatch", "what lies at the named position is not what was assented to")
    proposed = verify(message, trust, now=now).data
    if not isinstance(proposed, ActionProposed) or proposed.commitment != granted.grant.commitment:
        raise VerificationError("proposal_mismatch", "the proposal at the named position is another")
    check_commitment(proposed, granted.commitment)
    return payload_bytes(
        arguments=proposed.action.arguments,
        preview=proposed.preview,
        purpose=proposed.purpose,
        nonce=proposed.nonce,
    )
