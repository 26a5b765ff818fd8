"""Who is asking: a session of the console, or a bearer token; never the request's own word.

Rules:
- A person is a token's `sub` that the directory knows as active, looked up at every request; groups come from the
  directory. A `sub` outside the grammar of people is nobody.
- A request with an Authorization header is judged by that header alone.
- A cookie is worth nothing by itself for a change: the request must also come from our origin and carry the
  session's CSRF token.
- Where to go after a sign-in is one of our own pages.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fastapi import Request, Response

from placet.events import Authentication
from services.approver.desk.adapters.provider import Provider
from services.approver.desk.model import Reviewer
from services.approver.desk.people import Directory
from services.approver.desk.problems import Problem
from services.approver.desk.sessions import SIGN_IN_SECONDS, Session, Sessions, SignIn
from services.approver.desk.voting import Caller
from services.chassis import logs

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_TOKEN_CHARACTERS: Final = 8_000
MAX_COOKIE_CHARACTERS: Final = 3_800
"""Browsers keep 4,096 bytes, name and attributes included (RFC 6265 §6.1)."""
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_OUR_PAGES: Final = re.compile(r"/|/open|/history|/reviews/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who came back from the provider."""

    sign_in: SignIn
    person: str
    """The `sub` of the ID token, whoever that is."""
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Reads who is asking, and keeps the cookies."""

    provider: Provider
    sessions: Sessions
    directory: Directory
    origin: str
    secure: bool
    clock: Callable[[], float]

    @property
    def cookie(self) -> str:
        """The session cookie's name; the prefix makes browsers insist on Secure, this host and the root path."""
        return "__Host-placet" if self.secure else "placet"

    def session(self, request: Request) -> Session | None:
        """The session of a request's cookie."""
        return self.sessions.read(request.cookies.get(self.cookie), int(self.clock()))

    async def caller(self, request: Request, channel: Literal["console", "api"]) -> Caller:
        """Who is asking; raise `Problem`."""
        authorization = request.headers.get("authorization")
        if channel == "api" and authorization is not None:
            return Caller(self._person(await self._bearer(authorization)), Authentication.TOKEN, channel)
        session = self.session(request)
        if session is None:
            raise Problem("not_signed_in", "There is no session, or it ended.")
        if request.method not in SAFE_METHODS:
            await self._ours(request, session)
        return Caller(self._person(session.person), Authentication.SESSION, channel)

    def still(self, request: Request, caller: Caller) -> bool:
        """Whether somebody whose stream is open would still be let in."""
        if self.directory.person(caller.person.id) is None:
            return False
        return caller.authentication is not Authentication.SESSION or self.session(request) is not None

    async def begin(
        self,
        back_to: str,
        response: Response,
        *,
        nonce: str | None = None,
        ballot: Mapping[str, Any] | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> str:
        """Start a sign-in; returns the address at the provider. `ballot` waits for it, `asked` goes with the request.

        Raise `Problem`.
        """
        sign_in = SignIn(
            state=secrets.token_urlsafe(24),
            nonce=nonce or secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            back_to=our_page(back_to),
            started_at=int(self.clock()),
            ballot=ballot,
        )
        cookie = self.sessions.write_sign_in(sign_in)
        if len(cookie) > MAX_COOKIE_CHARACTERS:
            raise Problem("too_large", "The reason is longer than can be kept while you are at the identity provider.")
        url = await self.provider.authorization_url(
            state=sign_in.state, nonce=sign_in.nonce, verifier=sign_in.verifier, **(asked or {})
        )
        self._set(response, f"{self.cookie}-sign-in", cookie, SIGN_IN_SECONDS)
        return url

    async def returned(self, request: Request, response: Response) -> Returned:
        """Who came back from the provider, and for what; raise `Problem`."""
        sign_in = self.sessions.read_sign_in(request.cookies.get(f"{self.cookie}-sign-in"), int(self.clock()))
        given = request.query_params
        if sign_in is None or not secrets.compare_digest(given.get("state", "").encode(), sign_in.state.encode()):
            raise Problem("sign_in_failed", "It was not started here, or it took too long.")
        code = given.get("code")
        if code is None or "error" in given:
            if sign_in.ballot is not None:
                raise Problem("step_up_failed", "The identity provider did not confirm it.", review=sign_in.back_to)
            raise Problem("sign_in_failed", "The identity provider did not let you in.")
        found, token = await self.provider.signed_in(code=code, verifier=sign_in.verifier, nonce=sign_in.nonce)
        self._forget(response, f"{self.cookie}-sign-in")
        return Returned(sign_in, found, token)

    def enter(self, request: Request, returned: Returned, response: Response) -> str:
        """Finish a sign-in with a new session; returns where to go. Raise `Problem`."""
        person = self._person(returned.person)
        if (before := self.session(request)) is not None:
            self.sessions.end(before.id, int(self.clock()))
        now = int(self.clock())
        self.remember(response, Session(secrets.token_urlsafe(24), person.id, signed_in_at=now, seen_at=now))
        logs.get_logger().info("signed_in", person=person.id)
        return our_page(returned.sign_in.back_to)

    def remember(self, response: Response, session: Session) -> None:
        """Write the session's cookie."""
        self._set(response, self.cookie, self.sessions.write(session), None)

    def keep(self, request: Request, response: Response) -> None:
        """Note that somebody is at work, so that the session does not end as idle."""
        session = self.session(request)
        if session is not None and (again := self.sessions.refreshed(session, int(self.clock()))) is not None:
            self.remember(response, again)

    async def end(self, request: Request, response: Response) -> None:
        """Sign out; raise `Problem` where the request is not ours."""
        session = self.session(request)
        if session is not None:
            await self._ours(request, session)
            self.sessions.end(session.id, int(self.clock()))
            logs.get_logger().info("signed_out", person=session.person)
        self._forget(response, self.cookie)

    async def _bearer(self, authorization: str) -> str:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARACTERS:
            raise Problem("bad_token", "The Authorization header does not hold a bearer token.")
        return await self.provider.bearer(token.strip())

    def _person(self, identifier: str) -> Reviewer:
        found = self.directory.person(identifier) if _PERSON.fullmatch(identifier) else None
        if found is None:
            raise Problem("unknown_person", "The directory does not hold you, or holds you as inactive.")
        return found

    async def _ours(self, request: Request, session: Session) -> None:
        """The request comes from a page of this session."""
        if request.headers.get("origin") != self.origin:
            raise Problem("foreign_origin", "Its Origin header is missing or names another site.")
        token = request.headers.get("x-csrf-token")
        if token is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            field = (await request.form()).get("csrf")
            token = field if isinstance(field, str) else None
        if not self.sessions.csrf_holds(session, token):
            raise Problem("csrf", "Its CSRF token is missing or belongs to another session.")

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax")

    def _forget(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


def our_page(path: str) -> str:
    """The path if it is one of our pages, else the inbox: no sign-in leads elsewhere."""
    return path if _OUR_PAGES.fullmatch(path) else "/"
