"""Keys: Ed25519 to sign, as JWK files, named by their thumbprint.

Rules:
- A private key exists in one file of mode 0600, and in memory; never in a setting, a log line or a `repr`.
- A key id is the RFC 7638 thumbprint of the public key, so it cannot name another key.
- A public key of small order is none: under it a signature can be made without any private key.
- Raw signatures (events, trust file) are over the DSSE pre-authentication encoding, so that a signature over one type
  is worth nothing for another. Compact JWS (RFC 7515) serves commitments, verdicts and grants, algorithm `Ed25519`
  (RFC 9864), each with a `typ` of its own.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from placet.base import Strict
from placet.canonical import strict_loads
from placet.errors import DecodeError, VerificationError

ALGORITHM: Final = "Ed25519"

_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(y)
    for y in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
"""The y of every point whose order divides 8, sign bit cleared: eight points, six more spellings of them.

Source: C2SP/CCTV ed25519 (`low_order_A`, "eight plus six alternative encodings"); a test derives them from RFC 8032.
"""


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 PAE (github.com/secure-systems-lab/dsse, protocol.md): binds the type to the bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def is_small_order(raw: bytes) -> bool:
    """Whether 32 bytes of a public key spell a point of small order."""
    return raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER


class PublicJwk(Strict):
    """An Ed25519 public key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str

    @property
    def key_id(self) -> str:
        """RFC 7638 thumbprint, 43 base64url characters."""
        return self.key.key_id

    @property
    def key(self) -> PublicKey:
        """The key to verify with; raise `DecodeError` where `x` is not a point."""
        try:
            return PublicKey(OKPKey.import_key(self.model_dump()))
        except (JoseError, ValueError):
            raise DecodeError("bad_key", "not an Ed25519 public key") from None


class PublicKey:
    """Verifies raw and JWS signatures of one Ed25519 key."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self.key_id: str = key.thumbprint()
        public = key.public_key
        if not isinstance(public, Ed25519PublicKey):
            raise DecodeError("bad_key", "not an Ed25519 key")
        if is_small_order(public.public_bytes_raw()):
            raise DecodeError("bad_key", "a key of small order, under which anything is signed")
        self._raw = public

    def verify(self, payload_type: str, payload: bytes, signature: bytes) -> None:
        """Return if the signature over PAE(type, payload) is this key's; raise `VerificationError` otherwise."""
        try:
            self._raw.verify(signature, pre_authentication_encoding(payload_type, payload))
        except InvalidSignature:
            raise VerificationError("bad_signature", "the signature does not match the bytes") from None

    def verify_jws(self, token: str, typ: str) -> bytes:
        """The payload of a compact JWS of this `typ` signed by this key; raise `VerificationError` otherwise."""
        try:
            verified = jws.deserialize_compact(token.encode("ascii"), self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            raise VerificationError("bad_signature", f"not a {typ} signed by this key") from None
        if verified.headers() != {"alg": ALGORITHM, "kid": self.key_id, "typ": typ}:
            raise VerificationError("bad_header", f"the header is not exactly that of a {typ}")
        if verified.payload is None:
            raise VerificationError("bad_signature", f"a {typ} without payload")
        return verified.payload

    @property
    def jwk(self) -> PublicJwk:
        """The public key as it stands in the trust file."""
        return PublicJwk.model_validate({k: v for k, v in self._key.as_dict(private=False).items() if k != "kid"})

    @property
    def raw(self) -> bytes:
        """The 32 bytes of RFC 8032."""
        return self._raw.public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Signer:
    """A principal (`/agents/<id>`, `/services/<role>`, `/executors/<id>`, `/root`) and its private key."""

    principal: str
    _key: OKPKey = field(repr=False)
    _raw: Ed25519PrivateKey = field(repr=False)
    public: PublicKey = field(repr=False)

    @classmethod
    def of(cls, principal: str, key: OKPKey) -> Signer:
        """A signer from a private JWK; raise `DecodeError` where it is not Ed25519 or not private."""
        raw = key.private_key
        if not isinstance(raw, Ed25519PrivateKey):
            raise DecodeError("bad_key", "not an Ed25519 private key")
        return cls(principal, key, raw, PublicKey(key))

    @classmethod
    def generate(cls, principal: str) -> Signer:
        """A new key for a principal."""
        return cls.of(principal, OKPKey.generate_key("Ed25519", private=True))

    @classmethod
    def load(cls, path: Path) -> Signer:
        """Read a key file written by `save`; raise `DecodeError` that names the file, never its content."""
        try:
            held = strict_loads(path.read_bytes(), max_bytes=10_000)
            return cls.of(str(held["principal"]), OKPKey.import_key(held["key"]))
        except OSError as error:
            raise DecodeError("no_key_file", f"{path}: {error.strerror}") from None
        except (DecodeError, JoseError, KeyError, TypeError, ValueError):
            raise DecodeError("bad_key", f"{path} is not a key file; make one with `placet keys init`") from None

    def save(self, path: Path) -> None:
        """Write the private key, mode 0600, refusing to overwrite."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = json.dumps({"principal": self.principal, "key": self._key.as_dict(private=True)}, indent=1)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content + "\n")

    @property
    def key_id(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self.public.key_id

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """64 bytes of Ed25519 over PAE(type, payload)."""
        return self._raw.sign(pre_authentication_encoding(payload_type, payload))

    def sign_bytes(self, message: bytes) -> bytes:
        """64 bytes of Ed25519 over the very bytes (C2SP signed notes)."""
        return self._raw.sign(message)

    def sign_jws(self, payload: bytes, typ: str) -> str:
        """A compact JWS whose header is exactly {alg, kid, typ}."""
        header = {"alg": ALGORITHM, "kid": self.key_id, "typ": typ}
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])


def unverified_key_id(token: str) -> str:
    """The key id that a compact JWS claims: only good for finding the key to verify with."""
    try:
        header: Any = strict_loads(decode_base64url(token.split(".", 1)[0]), max_bytes=1_000)
        return str(header["kid"])
    except (DecodeError, KeyError, TypeError):
        raise VerificationError("bad_header", "a signature without a key id") from None


def encode_base64url(value: bytes) -> str:
    """RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """The strict inverse of `encode_base64url`; raise `DecodeError`."""
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise DecodeError("bad_base64", "not base64url") from None
    if encode_base64url(value) != text:
        raise DecodeError("bad_base64", "not the one base64url form of its bytes")
    return value
