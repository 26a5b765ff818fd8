"""The people, keys and identity provider of a development system. Nothing here is for production.

- alice, bob, carol review; dave answers for the agents and so never counts as their reviewer; erin only looks.
- The identity provider signs in anybody who types a name: it runs only where PLACET_ENV is `dev`. Of the people here it
  says that they used a passkey, which nobody has; of anybody else it says nothing, so that both can be tried.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import Final

from infra.embedded.secrets import password_file
from infra.layout import Layout
from placet.key_folder import KeyFolder
from placet.trust import Trust

PEOPLE: Final = {
    "alice": ("Alice Arndt", ("data-owners", "dev-leads")),
    "bob": ("Bob Bekele", ("dev-leads", "platform", "security")),
    "carol": ("Carol Chen", ("data-owners", "oncall", "security")),
    "dave": ("Dave Dumont", ("data-owners", "dev-leads", "oncall", "platform", "security")),
    "erin": ("Erin Eze", ()),
}
"""Id → name and groups."""
OWNER: Final = "dave"
AGENT: Final = "dev-agent"
EXECUTOR: Final = "dev-executor"
CLIENT_ID: Final = "placet-console"
ACR: Final = "phr"
"""Phishing-resistant, by OpenID Connect EAP ACR Values: an untruth, and one more reason for `dev` only."""
SECRETS: Final = ("session", "oidc-client", "fingerprint")


def directory() -> str:
    """Return the directory file's text."""
    people = {
        person: {"name": name, "groups": list(groups), "active": True} for person, (name, groups) in PEOPLE.items()
    }
    return json.dumps({"people": people}, indent=2) + "\n"


def provider_command(port: int, *, host: str = "127.0.0.1") -> tuple[str, ...]:
    """Return the identity provider's command line. It sets `auth_time` to now: signing in is all it asks for."""
    users = [json.dumps({"sub": person, "name": name, "acr": ACR}) for person, (name, _) in PEOPLE.items()]
    claims = [part for user in users for part in ("--user-claims", user)]
    program = (sys.executable, "-P", "-W", "ignore", "-m", "oidc_provider_mock")
    return (*program, "--host", host, "--port", str(port), *claims)


def prepare(layout: Layout, *, now: datetime) -> Trust:
    """Make keys, an agent, an executor, people and secrets, whichever are not there yet; returns the trust in force."""
    keys = KeyFolder(layout.keys)
    if not keys.trust_file.exists():
        keys.init(now=now)
        keys.enrol_agent(AGENT, owner=OWNER, on_behalf_of=("alice",), now=now)
        keys.enrol_executor(EXECUTOR, now=now)
    if not layout.directory.exists():
        layout.directory.write_text(directory())
    for name in SECRETS:
        password_file(layout.secrets / name)
    return keys.trust()


if __name__ == "__main__":
    # Docker Compose's identity provider: the same people as everywhere in development. Published ports and other
    # containers reach every address of the container but its loopback.
    everywhere = provider_command(int(sys.argv[1]), host="0.0.0.0")  # noqa: S104 - see above
    os.execv(sys.executable, everywhere)  # noqa: S606 - our own command
