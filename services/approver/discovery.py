"""What an identity provider says of itself, as far as it may be believed.

Rules (OpenID Connect Discovery §4.3): the metadata names the very issuer that was asked; what is called is TLS, but in
development.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MAX_DOCUMENT_BYTES: Final = 1_000_000


class DiscoveryError(Exception):
    """What answers there is not to be believed; its text is a sentence."""


def endpoints(found: Mapping[str, Any], wanted: Iterable[str], *, issuer: str, insecure: bool) -> dict[str, str]:
    """The wanted endpoints of a provider's metadata; raise `DiscoveryError`."""
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise DiscoveryError("What answers there names another issuer.")
    named = {name: str(found.get(name, "")) for name in wanted}
    for address in named.values():
        scheme = urlsplit(address).scheme
        if scheme != "https" and not (insecure and scheme == "http"):
            raise DiscoveryError("What answers there describes an endpoint without TLS.")
    return named
