"""Signed cookies: who is signed in, since when, and the proof that a form came from our page. Pure: time is given.

Rules:
- A cookie carries an id, a person, two times and nothing else; groups are looked up at every request.
- It ends when it was idle too long, when it is too old, or when the person signed out.
- Every sign-in makes a new id, so an id planted before it is worth nothing.
- The CSRF token is an HMAC of the session's id: it needs no storage and dies with the session.
- The secret file may hold several lines: the first signs, all of them verify, so that it can be replaced.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeSerializer

from services.chassis.errors import SettingsError

SHORTEST_SECRET: Final = 32
SIGN_IN_SECONDS: Final = 600
"""How long somebody may take at the identity provider."""
_REFRESH_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in. Times are seconds since the epoch."""

    id: str
    person: str
    signed_in_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way: what must come back, and where to go afterwards."""

    state: str
    nonce: str
    verifier: str
    back_to: str
    started_at: int
    ballot: Mapping[str, Any] | None = field(default=None, repr=False)
    """The vote that waits for it; None: an ordinary sign-in."""


class Sessions:
    """Reads and writes both cookies."""

    def __init__(self, secrets: tuple[str, ...], *, idle_seconds: int, seconds: int) -> None:
        newest_last = list(reversed(secrets))
        options: dict[str, Any] = {"serializer": json, "signer_kwargs": {"digest_method": hashlib.sha256}}
        self._sessions = URLSafeSerializer(newest_last, salt="placet.desk.session", **options)
        self._sign_ins = URLSafeSerializer(newest_last, salt="placet.desk.sign-in", **options)
        self._secrets = secrets
        self._idle_seconds = idle_seconds
        self._seconds = seconds
        self._ended: dict[str, int] = {}

    def write(self, session: Session) -> str:
        """The cookie's value."""
        return str(self._sessions.dumps(asdict(session)))

    def read(self, value: str | None, now: int) -> Session | None:
        """The session of a cookie, if it is ours and still good."""
        session: Session | None = _loaded(self._sessions, value, Session)
        if (
            session is None
            or session.id in self._ended
            or not session.signed_in_at <= session.seen_at <= now + _REFRESH_SECONDS
            or now - session.seen_at > self._idle_seconds
            or now - session.signed_in_at > self._seconds
        ):
            return None
        return session

    def refreshed(self, session: Session, now: int) -> Session | None:
        """The session seen again, where its cookie is worth writing anew."""
        return replace(session, seen_at=now) if now - session.seen_at >= _REFRESH_SECONDS else None

    def end(self, session_id: str, now: int) -> None:
        """Forget a session: a copy of its cookie is refused from now on, by this process."""
        self._ended = {name: until for name, until in self._ended.items() if until > now}
        self._ended[session_id] = now + self._seconds

    def write_sign_in(self, sign_in: SignIn) -> str:
        """The cookie's value while somebody is at the identity provider."""
        return str(self._sign_ins.dumps(asdict(sign_in)))

    def read_sign_in(self, value: str | None, now: int) -> SignIn | None:
        """The sign-in under way, if it is ours and not too old."""
        sign_in: SignIn | None = _loaded(self._sign_ins, value, SignIn)
        if sign_in is None or not 0 <= now - sign_in.started_at <= SIGN_IN_SECONDS:
            return None
        return sign_in

    def csrf(self, session: Session) -> str:
        """The token a page of this session puts into its forms."""
        return _csrf(self._secrets[0], session.id)

    def csrf_holds(self, session: Session, token: str | None) -> bool:
        """Whether a token is this session's."""
        return token is not None and any(
            hmac.compare_digest(_csrf(secret, session.id).encode(), token.encode()) for secret in self._secrets
        )


def load_secrets(path: Path) -> tuple[str, ...]:
    """The lines of a session secret file; raise `SettingsError`."""
    try:
        lines = tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    except (OSError, UnicodeDecodeError):
        raise SettingsError("desk cannot start: PLACET_SESSION_SECRET_FILE cannot be read.") from None
    if not lines or min(len(line) for line in lines) < SHORTEST_SECRET:
        raise SettingsError(
            f"desk cannot start: every line of PLACET_SESSION_SECRET_FILE needs {SHORTEST_SECRET} characters or more."
        )
    return lines


def _csrf(secret: str, session_id: str) -> str:
    return hmac.new(secret.encode(), b"placet.desk.csrf\n" + session_id.encode(), hashlib.sha256).hexdigest()


def _loaded(serializer: Any, value: str | None, kind: Any) -> Any:
    if value is None:
        return None
    try:
        found = serializer.loads(value)
        return kind(**found) if isinstance(found, Mapping) else None
    except (BadSignature, TypeError, ValueError):
        return None
