"""What went wrong, as the caller should read it: RFC 9457 problem details with a next step.

Rules: a closed set of codes; every problem says what happened (title), why (detail) and what to do (next); none
repeats what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

PROBLEM_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the set."""

    status: HTTPStatus
    title: str
    next: str


KINDS: Final = {
    "not_signed_in": Kind(
        HTTPStatus.UNAUTHORIZED,
        "You are not signed in.",
        "Sign in on the console, or send `Authorization: Bearer` with a token of the configured issuer.",
    ),
    "bad_token": Kind(
        HTTPStatus.UNAUTHORIZED, "The bearer token was not accepted.", "Get a fresh token for this audience."
    ),
    "sign_in_failed": Kind(
        HTTPStatus.BAD_REQUEST, "The sign-in did not complete.", "Start again from the sign-in page."
    ),
    "provider_away": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The identity provider does not answer.",
        "Try again in a moment. If it goes on, ask your platform team.",
    ),
    "unknown_person": Kind(
        HTTPStatus.FORBIDDEN,
        "You are signed in, but not known here.",
        "Ask the owner of the directory to add you, or to make you active.",
    ),
    "csrf": Kind(
        HTTPStatus.FORBIDDEN,
        "This request did not come from the console.",
        "Reload the page and try again. API callers send the X-CSRF-Token of GET /api/v1/me, or a bearer token.",
    ),
    "foreign_origin": Kind(
        HTTPStatus.FORBIDDEN, "This request came from another site.", "Open the console itself and try there."
    ),
    "not_found": Kind(HTTPStatus.NOT_FOUND, "There is nothing here.", "Check the address, or go back to the inbox."),
    "method": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "This address does not do that.", "See /api/v1/openapi.json."),
    "malformed": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request is not as the API describes it.",
        "Compare it with /api/v1/openapi.json; unknown fields are refused.",
    ),
    "reason_needed": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A rejection needs a reason.",
        "Say in a sentence what should be different; the agent receives it.",
    ),
    "too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.", "Send a shorter reason."),
    "digest_mismatch": Kind(
        HTTPStatus.CONFLICT,
        "This is not the action you looked at.",
        "Load the review again and decide about what it shows now.",
    ),
    "key_reused": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This Idempotency-Key was used for another vote.",
        "Use a fresh key for every vote.",
    ),
    "already_decided": Kind(
        HTTPStatus.CONFLICT, "This review is already settled.", "Nothing is left to do; the outcome stands."
    ),
    "already_voted": Kind(
        HTTPStatus.CONFLICT, "You have voted already.", "One person counts once; nothing is left to do."
    ),
    "not_eligible": Kind(
        HTTPStatus.FORBIDDEN, "Your vote does not count here.", "Leave it to the people the review names."
    ),
    "step_up_required": Kind(
        HTTPStatus.FORBIDDEN,
        "This approval needs a passkey.",
        "Approve it in the console, which asks for the passkey; a bearer token cannot. A rejection needs none.",
    ),
    "step_up_failed": Kind(
        HTTPStatus.BAD_REQUEST, "Nothing was approved.", "Go back to the review and approve it again, as yourself."
    ),
    "database_away": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The reviews cannot be read at the moment.",
        "Try again in a moment; a vote that got no answer can be sent again with the same Idempotency-Key.",
    ),
    "internal": Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong here.",
        "Try again. If it goes on, give your platform team the time of this message.",
    ),
}


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """Raised anywhere in a request; answered as problem+json or as a page."""

    def __init__(self, code: str, detail: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.kind = KINDS[code]
        self.detail = detail
        self.more = more
        """Further members, such as decided_at."""

    def document(self) -> dict[str, Any]:
        """The problem details object."""
        return {
            "type": f"urn:placet:problem:{self.code}",
            "title": self.kind.title,
            "status": int(self.kind.status),
            "detail": self.detail,
            "next": self.kind.next,
            **self.more,
        }
