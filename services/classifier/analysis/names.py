"""What the name of a key tells about the value under it.

Rules: names are compared as words (`clientSecret`, `client-secret` and `CLIENT_SECRET` are one name); a name that
only mentions a secret (`token_count`, `password_policy`) tells nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
MAX_NAME_CHARACTERS: Final = 200
"""Longer keys are not names."""

_SECRET_ENDINGS: Final = frozenset({
    ("password",), ("passwd",), ("pwd",), ("passphrase",), ("passcode",), ("secret",), ("secrets",), ("token",),
    ("apikey",), ("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"),
    ("account", "key"), ("signing", "key"), ("encryption", "key"), ("master", "key"), ("shared", "key"),
    ("ssh", "key"), ("deploy", "key"), ("service", "key"), ("storage", "key"), ("auth", "key"), ("license", "key"),
    ("secretkey",), ("accesskey",), ("privatekey",), ("authorization",), ("credential",), ("credentials",),
    ("bearer",), ("cookie",), ("otp",), ("jwt",), ("pgpassword",), ("passwords",), ("connection", "string"), ("dsn",),
    ("api", "keys"), ("pass",), ("secret", "access", "key"),
})  # fmt: skip
_NOT_SECRET: Final = frozenset({
    "page", "next", "prev", "previous", "continuation", "cursor", "pagination", "max", "min", "num", "count", "sync",
    "idempotency", "dedup", "input", "output", "prompt", "completion", "total", "stop",
})  # fmt: skip
_CONTAINERS: Final = frozenset({"value", "data", "current", "new", "old", "plain", "text", "plaintext", "default"})
_SQL_NAMES: Final = frozenset({"sql", "statement", "statements", "query", "queries"})


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a key name, lower case; empty for what is too long to be a name."""
    if len(name) > MAX_NAME_CHARACTERS:
        return ()
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=4096)
def is_secret(hints: tuple[str, ...]) -> bool:
    """Whether a value under this name is a secret whatever it looks like."""
    while hints and hints[-1].isdigit():
        hints = hints[:-1]
    ends = any(hints[-size:] in _SECRET_ENDINGS for size in (1, 2, 3) if len(hints) >= size)
    return ends and _NOT_SECRET.isdisjoint(hints[:-1])


@lru_cache(maxsize=4096)
def is_sql(hints: tuple[str, ...]) -> bool:
    """Whether a value under this name is SQL whatever it looks like; `query` alone may be something else."""
    return "sql" in hints or (bool(hints) and hints[-1] in {"statement", "statements"})


@lru_cache(maxsize=4096)
def may_be_sql(hints: tuple[str, ...]) -> bool:
    """Whether a value under this name is SQL where the action goes to a database."""
    return is_sql(hints) or (bool(hints) and hints[-1] in _SQL_NAMES)


def is_container(hints: tuple[str, ...]) -> bool:
    """Whether a name says nothing itself, so that the one above it holds: `{"password": {"value": …}}`."""
    return len(hints) == 1 and hints[0] in _CONTAINERS
