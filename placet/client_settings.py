"""Where an agent's or executor's process finds its key, its trust and its broker: PLACET_… variables.

Rules: secrets are paths to files; what is missing is named all at once, with what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from placet.errors import ContractError
from placet.kafka_settings import KafkaSettings
from placet.keys import Signer
from placet.outcomes import ClientError
from placet.trust_store import Memory, TrustStore, load_root

T = TypeVar("T")

KEY: Final = "PLACET_SIGNING_KEY_FILE"
TRUST: Final = "PLACET_TRUST_FILE"
ROOT: Final = "PLACET_TRUST_ROOT_FILE"
KAFKA: Final = "PLACET_KAFKA_BOOTSTRAP"
JOURNAL: Final = "PLACET_JOURNAL"
STORE: Final = "PLACET_STORE"
_MEANING: Final = {
    KEY: "this process's private key",
    TRUST: "the trust file",
    ROOT: "the root's public key, which signs the trust file",
    KAFKA: "the broker, host:port (or PLACET_KAFKA_FILE)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """What every client needs."""

    key_file: Path
    trust_file: Path
    trust_root_file: Path
    kafka: KafkaSettings
    state: Path | None
    """Journal of a gate, store of an executor; None where the variable is not set."""


def client_settings(environ: Mapping[str, str], *, state: str) -> ClientSettings:
    """Read the variables; raise `ClientError` that names everything missing. `state` is `JOURNAL` or `STORE`."""
    try:
        kafka = KafkaSettings.from_env(environ)
    except (OSError, ValidationError) as error:
        raise ClientError(
            f"The Kafka settings do not load: {type(error).__name__}. Check the PLACET_KAFKA_… variables."
        ) from error
    missing = [name for name in (KEY, TRUST, ROOT) if not environ.get(name)] + ([] if kafka else [KAFKA])
    if missing or kafka is None:
        listed = "; ".join(f"{name}: {_MEANING[name]}" for name in missing)
        raise ClientError(f"Not configured. Set {listed}. `placet up` prints a development set.")
    return ClientSettings(
        key_file=Path(environ[KEY]),
        trust_file=Path(environ[TRUST]),
        trust_root_file=Path(environ[ROOT]),
        kafka=kafka,
        state=Path(environ[state]) if environ.get(state) else None,
    )


def load_signer(path: Path, *, folder: str, name: str | None) -> tuple[str, Signer]:
    """The id and key of an agent (`folder` "agents") or executor; raise `ClientError` where the key is another's."""
    signer = _explained(lambda: Signer.load(path))
    prefix = f"/{folder}/"
    if not signer.principal.startswith(prefix) or name not in {None, signer.principal.removeprefix(prefix)}:
        wanted = f"{prefix}{name}" if name else f"one of {prefix}…"
        raise ClientError(f"The key in {path} is {signer.principal}'s, not {wanted}. Name that principal's key file.")
    return signer.principal.removeprefix(prefix), signer


def load_trust(given: TrustStore | None, trust_file: Path | str | None, root_file: Path | str | None) -> TrustStore:
    """The store given, or that of its two files; raise `ClientError`, or `TypeError` where neither is there."""
    if given is not None:
        return given
    if trust_file is None or root_file is None:
        raise TypeError("needs trust, or trust_file and trust_root_file")
    return _explained(lambda: TrustStore(Path(trust_file), load_root(Path(root_file))))


def remember_trust(trust: TrustStore, memory: Memory) -> None:
    """Let the trust be remembered in a client's own state; raise `ClientError` where that knows a newer one."""
    try:
        trust.remember(memory)
    except ContractError as error:
        raise ClientError(f"Not started: {error.sentence}.") from error


def state_file(given: Path | None, kind: str, name: str) -> Path:
    """Where a client keeps its state when nobody says: ~/.placet/<kind>-<name>."""
    return given or Path.home() / ".placet" / f"{kind}-{name}"


def _explained(load: Callable[[], T]) -> T:
    try:
        return load()
    except ContractError as error:
        raise ClientError(f"{error.sentence}. Check the path, or make a set with `placet keys init`.") from error
