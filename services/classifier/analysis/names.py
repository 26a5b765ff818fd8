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

PASSWORD_NAMES: Final = (
    "password", "passwords", "passwd", "pwd", "pw", "pass", "passphrase", "passcode", "userpass", "storepass",
    "keypass", "pgpassword", "requirepass", "masterauth", "sshpass", "psk", "preshared_key", "pre_shared_key",
    "seed_phrase", "mnemonic",
    # As people write it elsewhere: German, French, Spanish, Italian, Portuguese, Polish, Dutch, the Nordic languages,
    # Czech, Russian, Japanese, Chinese, Korean.
    "passwort", "kennwort", "mot_de_passe", "motdepasse", "mdp", "contraseña", "contrasena", "parola_chiave", "senha",
    "hasło", "haslo", "wachtwoord", "lösenord", "losenord", "passord", "adgangskode", "heslo", "пароль", "パスワード",
    "暗証番号", "密码", "密碼", "口令", "비밀번호",
)  # fmt: skip
SECRET_NAMES: Final = (
    "secret", "secrets", "token", "apitoken", "authtoken", "accesstoken", "apikey", "apikeys", "api_key", "api_keys",
    "app_key", "application_key", "access_key", "account_key", "private_key", "secret_key", "auth_key", "signing_key",
    "encryption_key", "decryption_key", "master_key", "shared_key", "ssh_key", "deploy_key", "service_key",
    "storage_key", "license_key", "licence_key", "session_key", "webhook_key", "integration_key", "ingest_key",
    "write_key", "admin_key", "recovery_key", "hmac_key", "jwt_key", "client_key", "client_key_data", "secretkey",
    "accesskey", "privatekey", "signingkey", "encryptionkey", "authkey", "shared_access_key",
    "shared_access_signature", "secret_access_key", "secret_key_base", "secret_string", "authorization",
    "credential", "credentials",
    "snmp_community", "community_string", "ro_community", "rw_community", "pagerduty_routing_key", "creds", "bearer",
    "cookie", "jwt", "jsessionid", "phpsessid", "sessionid", "security_answer",
)  # fmt: skip
CODE_NAMES: Final = (
    "otp", "totp", "otp_code", "mfa_code", "verification_code", "one_time_code", "recovery_code", "recovery_codes",
    "backup_code", "backup_codes", "authorization_code", "device_code",
)  # fmt: skip
"""Codes that are typed once: what stands under the name has digits."""
ADDRESS_NAMES: Final = ("connection_string", "conn_str", "connstr", "dsn")
"""Addresses that may hold a secret: a value that reads as an address is looked into instead."""
_NOT_SECRET: Final = frozenset({
    # Places in a list, and marks by which a request happens once.
    "page", "next", "prev", "previous", "continuation", "continue", "cursor", "pagination", "paging", "starting",
    "start", "sequence", "resume", "scroll", "skip", "sync", "delta", "marker", "request", "idempotency", "dedup",
    "fencing", "lock", "cancellation",
    # Units of language models and parsers, and counts of them.
    "max", "min", "num", "count", "number", "input", "output", "prompt", "completion", "total", "stop", "pad", "eos",
    "bos", "unk", "cls", "sep", "mask", "special", "design", "cached", "reasoning",
    # Where a secret is, whether there is one, what may be shown to anybody.
    "existing", "has", "is", "use", "require", "requires", "required", "enable", "enabled", "allow", "allowed",
    "public", "publishable", "pull", "checksum", "fingerprint",
})  # fmt: skip
"""In front of `token` and the like. In front of a password nothing takes its meaning away."""
_CONTAINERS: Final = frozenset({"value", "data", "current", "new", "old", "plain", "text", "plaintext", "default"})
_SQL_NAMES: Final = frozenset({"sql", "statement", "statements", "query", "queries"})
_KEYS: Final = frozenset({"key", "keys", "auth", "sig", "signature", "hmac", "salt", "seed", "pin", "nonce"})
_OTHER_KEYS: Final = frozenset({
    "cache", "partition", "primary", "foreign", "public", "sort", "range", "object", "idempotency", "dedup", "group",
    "routing", "file", "image", "hash", "index", "row", "s3", "source", "config", "translation", "i18n", "label",
    "lookup", "unique", "record", "issue", "project", "message", "event", "join", "map", "ordering", "site",
})  # fmt: skip


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a key name, lower case; empty for what is too long to be a name."""
    if len(name) > MAX_NAME_CHARACTERS:
        return ()
    return tuple(word.lower() for word in _WORD.findall(name))


_PASSWORDS: Final = frozenset(map(words, PASSWORD_NAMES))
_CODES: Final = frozenset(map(words, CODE_NAMES))
_ADDRESSES: Final = frozenset(map(words, ADDRESS_NAMES))
_SECRETS: Final = frozenset({*map(words, SECRET_NAMES), *_CODES, *_ADDRESSES})
_LONGEST_ENDING: Final = max(map(len, _SECRETS | _PASSWORDS))


@lru_cache(maxsize=4096)
def is_secret(hints: tuple[str, ...]) -> bool:
    """Whether a value under this name is a secret whatever it looks like."""
    if is_password(hints):
        return True
    hints = _unnumbered(hints)
    found = _ending(hints, _SECRETS)
    return bool(found) and _NOT_SECRET.isdisjoint(hints[: -len(found)])


@lru_cache(maxsize=4096)
def is_password(hints: tuple[str, ...]) -> bool:
    """Whether a name says `password`: then any word, however weak, is one."""
    return bool(_ending(_unnumbered(hints), _PASSWORDS))


def is_code(hints: tuple[str, ...]) -> bool:
    """Whether a name says that its value is typed once."""
    return bool(_ending(_unnumbered(hints), _CODES))


def is_address(hints: tuple[str, ...]) -> bool:
    """Whether a name says that its value is an address with a secret in it, perhaps."""
    return bool(_ending(hints, _ADDRESSES))


@lru_cache(maxsize=4096)
def is_key(hints: tuple[str, ...]) -> bool:
    """Whether a value under this name is a secret if it looks like one: `key` may as well be a path or a column, and a
    `salt` that belongs to nothing is one of an experiment.
    """
    return bool(hints) and hints[-1] in _KEYS and _OTHER_KEYS.isdisjoint(hints) and hints != ("salt",)


def _unnumbered(hints: tuple[str, ...]) -> tuple[str, ...]:
    """`API_KEY_2` is an API key."""
    while hints and hints[-1].isdigit():
        hints = hints[:-1]
    return hints


def _ending(hints: tuple[str, ...], endings: frozenset[tuple[str, ...]]) -> tuple[str, ...]:
    """The longest of some endings that a name has, or nothing."""
    for size in range(min(len(hints), _LONGEST_ENDING), 0, -1):
        if hints[-size:] in endings:
            return hints[-size:]
    return ()


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
