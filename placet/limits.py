"""Every bound of the contract, in one place.

A limit is a promise to whoever holds the message next: memory, time and screens are sized for these numbers.
Sizes are bytes of UTF-8 unless a name says otherwise; times are seconds.
"""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 900_000
"""A whole event's value. Below Kafka's default 1 MiB, so that headers and batch framing fit."""

MAX_PAYLOAD_BYTES: Final = 256_000
"""Canonical bytes of arguments, preview, purpose and nonce: leaves room for the masked copy and its findings."""

MAX_DEPTH: Final = 32
"""Nesting of JSON arrays and objects in an event."""

MAX_INTEGER: Final = 2**53 - 1
"""RFC 8785 §3.2.2.3 and RFC 7493 §2.2: beyond this, two readers may see two numbers."""

MAX_NAME_CHARACTERS: Final = 128
MAX_RESOURCE_CHARACTERS: Final = 512
MAX_PURPOSE_CHARACTERS: Final = 2_000
MAX_SENTENCE_CHARACTERS: Final = 1_000
MAX_FINDINGS: Final = 2_000
MAX_FORM_CHARACTERS: Final = 64
MAX_RULES: Final = 64

MAX_DEADLINE_SECONDS: Final = 7 * 24 * 3600
"""How far ahead a proposal's deadline may lie; proposals are retained longer than this."""

GRANT_SECONDS: Final = 300
"""A grant's longest life (design: never past the action's deadline either)."""

CLOCK_LEEWAY_SECONDS: Final = 5
"""How far two honest clocks may differ before a signature's time or a grant's window is refused."""

MAX_EXPRESSION_QUORUMS: Final = 16
"""Quorums in one approval expression: keeps finding an assignment cheap."""

MAX_EXPRESSION_CHARACTERS: Final = 2_000
"""The longest text of an approval expression: more than so many quorums of the longest groups need."""

MAX_EXPRESSION_DEPTH: Final = 8
"""Nesting of an approval expression: what a policy loads must fit into an event (`MAX_DEPTH`), two levels for each."""

MAX_TIMEOUT_SECONDS: Final = 7 * 24 * 3600
"""How long a review may wait, and how late an escalation may come."""
