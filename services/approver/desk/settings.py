"""What the desk is told from outside.

Rules: secrets are files; plain http (issuer or console) is a stand-in that only development may use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from services.approver.settings import BaseUrl, StepUpSettings
from services.chassis.errors import SettingsError
from services.chassis.settings import ApiSettings, DatabaseSettings


class DeskSettings(ApiSettings, DatabaseSettings, StepUpSettings):
    """Everything the desk can be told."""

    service: ClassVar[str] = "desk"

    public_url: BaseUrl
    """Where people find the console; redirects and the Origin check rest on it, never on a request's Host header."""
    directory_file: Path
    """The people: see `people`."""
    session_secret_file: Path
    session_idle_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3_600
    session_seconds: Annotated[int, Field(ge=60, le=7 * 86_400)] = 8 * 3_600

    oidc_issuer: BaseUrl
    oidc_client_id: Annotated[str, Field(min_length=1)]
    oidc_client_secret_file: Path
    oidc_audience: str | None = None
    """The audience of access tokens for this API, where it is not the client id."""
    oidc_scopes: str = "openid profile"

    vote_wait_seconds: Annotated[float, Field(gt=0, le=30)] = 2.0
    """How long a vote waits for its judgement before the answer is 202."""

    @property
    def secure(self) -> bool:
        """Whether the console is served over TLS."""
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """The console's origin (RFC 6454), as browsers send it."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def check(self) -> None:
        """Refuse stand-ins outside development, and settings that cannot work; raise `SettingsError`."""
        if urlsplit(self.public_url).path:
            raise SettingsError("desk cannot start: PLACET_PUBLIC_URL must not hold a path.")
        if not self.secure:
            self.stand_in("a console without TLS")
        if not self.oidc_issuer.startswith("https://"):
            self.stand_in("an identity provider without TLS")

    def client_secret(self) -> str:
        """The client secret; raise `SettingsError`."""
        try:
            found = self.oidc_client_secret_file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found:
            raise SettingsError("desk cannot start: PLACET_OIDC_CLIENT_SECRET_FILE cannot be read or is empty.")
        return found
