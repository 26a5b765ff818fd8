"""Checkpoints of the ledger: C2SP tlog-checkpoint inside a C2SP signed-note, Ed25519 only.

Rules:
- A note is text ending in a newline, an empty line, then signature lines ``— name base64(key id || signature)``.
  The last empty line separates; no control character but the newline; at most 64 KiB and 16 signatures.
- The text of a checkpoint is origin, decimal size without leading zeroes, base64 of the 32-byte root; no extension
  lines (nobody could audit them). What is parsed is what was signed: serialising gives the same bytes back.
- Base64 is strict: alphabet, padding, and no second spelling of the same bytes.
- Only a key the verifier holds counts, found by name *and* key id, and that name must be the origin. A signature of
  a known key that fails refuses the whole note; signatures of unknown keys are ignored.
- Everything wrong is a `CheckpointError`; verification returns the checkpoint or raises.

Sources: c2sp.org/signed-note, c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from placet.errors import VerificationError
from placet.keys import Signer, is_small_order
from placet.merkle import HASH_SIZE, MAX_SIZE

MAX_NOTE_BYTES = 64 * 1024
MAX_SIGNATURES = 16
"""The specification asks verifiers to accept at least this many."""

_ED25519 = b"\x01"
_KEY_ID_SIZE = 4
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+]+")
_DASH = "\u2014 "


class CheckpointError(VerificationError):
    """A note, a checkpoint or a verifier key that is malformed or not signed by a key we hold; `bad_checkpoint`."""

    def __init__(self, sentence: str) -> None:
        super().__init__("bad_checkpoint", sentence)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Head of the ledger's tree: the log's name, its number of entries and its RFC 6962 root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _check_name(self.origin)
        if not 0 <= self.size < MAX_SIZE:
            raise CheckpointError(f"{self.size} is no size of a tree")
        if len(self.root) != HASH_SIZE:
            raise CheckpointError(f"the root is not {HASH_SIZE} bytes long")

    def text(self) -> str:
        """Text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public Ed25519 key under the name it signs notes with."""

    name: str
    public: bytes
    """32 bytes, RFC 8032."""

    def __post_init__(self) -> None:
        _check_name(self.name)
        try:
            Ed25519PublicKey.from_public_bytes(self.public)
        except ValueError as error:
            raise CheckpointError("not an Ed25519 public key") from error
        if is_small_order(self.public):
            raise CheckpointError("a key of small order, under which anything is signed")

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name || newline || 0x01 || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID_SIZE]

    def text(self) -> str:
        """Spell as a vkey: ``name+hex(key id)+base64(0x01 || public key)``."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """From the vkey spelling; raises CheckpointError."""
        name, plus, rest = text.strip().partition("+")
        digest, plus_too, material = rest.partition("+")
        if not plus or not plus_too:
            raise CheckpointError("a verifier key has three parts, joined by plus signs")
        raw = _strict_base64(material)
        if raw[:1] != _ED25519:
            raise CheckpointError("only Ed25519 verifier keys are known")
        key = cls(name=name, public=raw[1:])
        if key.key_id.hex() != digest:
            raise CheckpointError("the verifier key's id does not match its key")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note, parsed and not yet believed."""

    body: str
    signatures: tuple[Signature, ...]

    def serialise(self) -> bytes:
        """Bytes as they travel; `parse_note` gives the same note back."""
        lines = (f"{_DASH}{s.name} {base64.b64encode(s.key_id + s.signature).decode()}\n" for s in self.signatures)
        return f"{self.body}\n{''.join(lines)}".encode()


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Note for `checkpoint`, signed under the name of its origin."""
    body = checkpoint.text()
    verifier = VerifierKey(name=checkpoint.origin, public=signer.public.raw)
    return Note(body, (Signature(verifier.name, verifier.key_id, signer.sign_bytes(body.encode())),)).serialise()


def parse_note(raw: bytes) -> Note:
    """Take a note apart, strictly; raises CheckpointError. Nothing in it is believed yet."""
    if len(raw) > MAX_NOTE_BYTES:
        raise CheckpointError(f"a note is at most {MAX_NOTE_BYTES} bytes long")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError("a note is UTF-8") from error
    if _CONTROL.search(text):
        raise CheckpointError("a note holds no control characters")
    body, separator, tail = text.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise CheckpointError("a note is text, an empty line and signature lines, each ending in a newline")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointError(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(body + "\n", tuple(_parse_signature(line) for line in lines))


def parse_checkpoint(body: str) -> Checkpoint:
    """Checkpoint in a note's text; raises CheckpointError. Believe it only after `verify_checkpoint`."""
    lines = body.split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004  three lines, each ended by a newline
        raise CheckpointError("a checkpoint is three lines: origin, size, root; extension lines are not accepted")
    if not _DECIMAL.fullmatch(lines[1]):
        raise CheckpointError("a checkpoint's size is decimal without leading zeroes")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=_strict_base64(lines[2]))


def verify_note(raw: bytes, keys: Iterable[VerifierKey]) -> tuple[Note, VerifierKey]:
    """Note, and the key of ours that signed it; raises CheckpointError."""
    note = parse_note(raw)
    known = {(key.name, key.key_id): key for key in keys}
    signer: VerifierKey | None = None
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature.signature, note.body.encode())
        except InvalidSignature as error:
            raise CheckpointError(f"the signature of {key.name} does not verify") from error
        signer = signer or key
    if signer is None:
        raise CheckpointError("no signature by a key that is trusted here")
    return note, signer


def verify_checkpoint(raw: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Checkpoint in `raw`, signed by one of `keys` under the name of its origin; raises CheckpointError."""
    note, signer = verify_note(raw, keys)
    checkpoint = parse_checkpoint(note.body)
    if checkpoint.origin != signer.name:
        raise CheckpointError(f"the checkpoint of {checkpoint.origin} is signed under another name")
    return checkpoint


def _parse_signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise CheckpointError("a signature line starts with an em dash and a space")
    name, space, encoded = line[len(_DASH) :].partition(" ")
    if not space:
        raise CheckpointError("a signature line holds a name and a signature")
    _check_name(name)
    raw = _strict_base64(encoded)
    if len(raw) <= _KEY_ID_SIZE:
        raise CheckpointError("a signature is a key id and bytes")
    return Signature(name, raw[:_KEY_ID_SIZE], raw[_KEY_ID_SIZE:])


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or _CONTROL.search(name):
        raise CheckpointError("a name is not empty and holds neither spaces nor plus signs")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise CheckpointError("a name is UTF-8") from None


def _strict_base64(text: str) -> bytes:
    """Decode standard base64 in its one canonical spelling: `validate=True` alone lets stray trailing bits pass."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointError("not strict base64") from error
    if base64.b64encode(raw).decode() != text:
        raise CheckpointError("not canonical base64")
    return raw
