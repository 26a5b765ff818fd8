"""The folder of keys that `placet keys init` makes, and the edits of the trust file in it.

    trust.json                   signed by the root key; give it to every process
    root.pub.json                the public root key; every process pins it
    root.key.json                the private root key: offline, in production never on a machine that runs anything
    services/<role>.key.json     one per service
    agents/<id>.key.json         one per agent
    executors/<id>.key.json      one per executor

    <…>/<name>.<8 of its id>.key.json   a later key of the same principal

Rules: private keys are mode 0600 and never overwritten; the trust file is replaced atomically, and only by one that
verifies.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from placet import enrol
from placet.catalogue import SERVICE_ROLES
from placet.errors import ContractError
from placet.keys import PublicJwk, Signer
from placet.trust import ROOT, Principal, Trust, TrustDocument, sign_trust
from placet.trust_store import load_root


@dataclass(frozen=True, slots=True)
class Rotated:
    """Whose key was added, which, where its private half is (None where it was made elsewhere), and the new file."""

    principal: Principal
    key_id: str
    key_file: Path | None
    trust: Trust


class KeyFolder:
    """Reads and edits one folder; every edit needs the root key in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def trust_file(self) -> Path:
        """The signed trust file."""
        return self.folder / "trust.json"

    @property
    def root_file(self) -> Path:
        """The public root key."""
        return self.folder / "root.pub.json"

    def key_file(self, kind: str, name: str) -> Path:
        """The private key of `services`, `agents` or `executors` / name."""
        return self.folder / kind / f"{name}.key.json"

    def init(self, *, now: datetime) -> Trust:
        """Make root, services' keys and version 1; raise `ContractError` (`exists`) where there is a trust file."""
        if self.trust_file.exists():
            raise ContractError("exists", f"{self.trust_file} exists; remove the folder yourself to start over")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = Signer.generate(ROOT)
        root.save(self.folder / "root.key.json")
        self.root_file.write_text(root.public.jwk.model_dump_json() + "\n")
        services = {role: self.new_key("services", role).public.jwk for role in sorted(SERVICE_ROLES)}
        self._write(enrol.new_document(services, now=now), root)
        return self.trust()

    def new_key(self, kind: str, name: str) -> Signer:
        """Generate and save a key."""
        signer = Signer.generate(f"/{kind}/{name}")
        self.save(signer)
        return signer

    def save(self, signer: Signer) -> Path:
        """Save a key; one that stands there is kept, and the new one saved beside it. Returns where."""
        kind, name = signer.principal.strip("/").split("/")
        path = self.key_file(kind, name)
        if path.exists():
            path = path.with_name(f"{name}.{signer.key_id[:8]}.key.json")
        signer.save(path)
        return path

    def trust(self) -> Trust:
        """The trust file, verified against the public root beside it."""
        try:
            return Trust.verify(self.trust_file.read_bytes(), load_root(self.root_file))
        except OSError as error:
            sentence = f"{self.trust_file}: {error.strerror}; make one with `placet keys init {self.folder}`"
            raise ContractError("no_trust_file", sentence) from None

    def edit(self, change: Callable[[TrustDocument], TrustDocument]) -> Trust:
        """Apply an edit of `placet.enrol` and sign the next version."""
        self._write(change(self.trust().document), self._root())
        return self.trust()

    def rotate(self, name: str, *, jwk: PublicJwk | None = None, now: datetime) -> Rotated:
        """Give a principal (`enrol.named`) a key beside those it has, made here unless its public half is given."""
        document, root = self.trust().document, self._root()
        principal = enrol.named(document, name)
        if jwk is not None:
            self._write(enrol.rotate(document, principal, jwk, now=now), root)
            return Rotated(principal, jwk.key_id, None, self.trust())
        signer = Signer.generate(principal.source)
        changed = enrol.rotate(document, principal, signer.public.jwk, now=now)
        key_file = self.save(signer)  # on disk before anybody believes it
        self._write(changed, root)
        return Rotated(principal, signer.key_id, key_file, self.trust())

    def enrol_agent(
        self, name: str, *, owner: str, on_behalf_of: tuple[str, ...] = (), jwk: PublicJwk | None = None, now: datetime
    ) -> Trust:
        """Enrol an agent, with a key made here unless its public key is given."""
        if name in self.trust().agents:
            raise ContractError("known_agent", f"an agent {name} is enrolled already")
        public = jwk or self.new_key("agents", name).public.jwk
        return self.edit(
            lambda document: enrol.add_agent(document, name, public, owner=owner, on_behalf_of=on_behalf_of, now=now)
        )

    def enrol_executor(
        self, name: str, *, serves: tuple[str, ...] = ("",), jwk: PublicJwk | None = None, now: datetime
    ) -> Trust:
        """Enrol an executor, with a key made here unless its public key is given."""
        if name in self.trust().executors:
            raise ContractError("known_executor", f"an executor {name} is enrolled already")
        public = jwk or self.new_key("executors", name).public.jwk
        return self.edit(lambda document: enrol.add_executor(document, name, public, serves=serves, now=now))

    def _root(self) -> Signer:
        return Signer.load(self.folder / "root.key.json")

    def _write(self, document: TrustDocument, root: Signer) -> None:
        content = sign_trust(document, root)
        Trust.verify(content, load_root(self.root_file))  # what no process would take is not written
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".trust-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        Path(temporary).replace(self.trust_file)
