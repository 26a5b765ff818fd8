"""What settle is told from outside, and how both halves name the identity provider.

Rules: plain http to the identity provider is a stand-in that only development may use.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from services.approver.model import Bounds
from services.approver.step_up import Accepted
from services.chassis.errors import SettingsError
from services.chassis.settings import DatabaseSettings, ServiceSettings, StreamSettings


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("a URL of scheme and host, such as https://placet.example.com, is needed")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class StepUpSettings(ServiceSettings):
    """What desk and settle must be told alike."""

    oidc_step_up_acr_values: Annotated[str, Field(pattern=r"\S")] = "phr phrh"
    """Ways to authenticate (`acr`) that count as a passkey, and are asked for. The default is OpenID Connect EAP ACR
    Values' own: phishing-resistant, with or without protected hardware."""


class SettleSettings(StreamSettings, DatabaseSettings, StepUpSettings):
    """PLACET_… variables of `python -m services.approver settle`."""

    service: ClassVar[str] = "settle"

    directory_file: Path
    """The people and their groups, as JSON; looked at every second, reloaded when it changes."""
    pending_reviews_per_agent: Annotated[int, Field(ge=1)] = 50
    """Open reviews of one agent; what would be one more is denied, to be tried again later."""
    repeat_after_seconds: Annotated[float, Field(ge=0)] = 900.0
    """A human's rejection stands so long against a repeat of the same action; 0: not at all."""

    oidc_issuer: BaseUrl | None = None
    """The desk's identity provider, whose signature proves a passkey; without it nothing that needs one is approved."""
    oidc_client_id: Annotated[str, Field(min_length=1)] | None = None
    oidc_jwks_url: BaseUrl | None = None
    """Where the provider's keys are, where its metadata cannot be reached from here."""

    @property
    def bounds(self) -> Bounds:
        """How much of people's attention one agent may take."""
        return Bounds(self.pending_reviews_per_agent, timedelta(seconds=self.repeat_after_seconds))

    @property
    def accepted(self) -> Accepted | None:
        """What proves a passkey; None: nothing does."""
        if self.oidc_issuer is None or self.oidc_client_id is None:
            return None
        return Accepted(self.oidc_issuer, self.oidc_client_id, frozenset(self.oidc_step_up_acr_values.split()))

    def check(self) -> None:
        """Refuse stand-ins outside development, and settings that cannot work; raise `SettingsError`."""
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise SettingsError("settle cannot start: PLACET_OIDC_ISSUER and PLACET_OIDC_CLIENT_ID go together.")
        asked = (self.oidc_issuer, self.oidc_jwks_url)
        if any(address is not None and urlsplit(address).scheme != "https" for address in asked):
            self.stand_in("an identity provider without TLS")
