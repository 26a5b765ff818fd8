"""Checkpoints and notes against the specification's own examples, and a table of named bad ones."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.checkpoint import (
    Checkpoint,
    CheckpointError,
    Note,
    Signature,
    VerifierKey,
    parse_checkpoint,
    parse_note,
    sign_checkpoint,
    verify_checkpoint,
    verify_note,
)
from placet.keys import Signer

# c2sp.org/signed-note, section "Example".
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()
# golang.org/x/mod/sumdb/note, package documentation; the format the specification was written from.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
""".encode()
# c2sp.org/tlog-checkpoint, first example; its key is not published, its form is.
SPEC_CHECKPOINT = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzP\
ICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()

KEY = Signer.generate("/services/ledger")
OURS = VerifierKey(name="placet.test/ledger", public=KEY.public.raw)
OTHER_KEY = Signer.generate("/services/ledger")
OTHER = VerifierKey(name="placet.test/ledger", public=OTHER_KEY.public.raw)
HEAD = Checkpoint(origin="placet.test/ledger", size=7, root=bytes(range(32)))
ROOT = base64.b64encode(bytes(range(32))).decode()
URLSAFE = base64.urlsafe_b64encode(b"\xff" * 32).decode()
ECDSA = base64.b64encode(b"\x02" + OURS.public).decode()
SHORT = base64.b64encode(b"\x01" + OURS.public[:31]).decode()


@pytest.mark.parametrize(("key", "note"), [(SPEC_KEY, SPEC_NOTE), (GO_KEY, GO_NOTE)])
def test_published_notes_verify_and_round_trip(key: str, note: bytes) -> None:
    verifier = VerifierKey.parse(key)
    assert verifier.text() == key
    parsed, signer = verify_note(note, [verifier])
    assert signer == verifier
    assert parsed.serialise() == note
    with pytest.raises(CheckpointError, match="does not verify"):
        verify_note(note.replace(b"is", b"IS", 1), [verifier])


def test_the_published_checkpoint_parses_and_round_trips() -> None:
    note = parse_note(SPEC_CHECKPOINT)
    checkpoint = parse_checkpoint(note.body)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == note.body
    assert note.serialise() == SPEC_CHECKPOINT


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_signed_verified_and_the_same_again(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin="placet.test/ledger", size=size, root=root)
    raw = sign_checkpoint(checkpoint, KEY)
    assert verify_checkpoint(raw, [OTHER, OURS]) == checkpoint
    assert parse_note(raw).serialise() == raw


def test_signatures_of_strangers_are_ignored() -> None:
    raw = sign_checkpoint(HEAD, KEY) + sign_checkpoint(HEAD, OTHER_KEY).split(b"\n\n")[1]
    assert verify_checkpoint(raw, [OURS]) == HEAD


def test_one_bad_signature_of_a_known_key_refuses_all() -> None:
    note = parse_note(sign_checkpoint(HEAD, KEY))
    forged = Note(note.body, (*note.signatures, Signature(OTHER.name, OTHER.key_id, bytes(64))))
    assert verify_checkpoint(forged.serialise(), [OURS]) == HEAD
    with pytest.raises(CheckpointError, match="does not verify"):
        verify_checkpoint(forged.serialise(), [OURS, OTHER])


def signed(body: str, name: str = OURS.name) -> bytes:
    """A properly signed note over any text."""
    key_id = VerifierKey(name=name, public=OURS.public).key_id
    return Note(body, (Signature(name, key_id, KEY.sign_bytes(body.encode())),)).serialise()


GOOD = sign_checkpoint(HEAD, KEY)
LINE = GOOD.split(b"\n\n")[1]

BAD_NOTES = {
    "nothing": b"",
    "no empty line": GOOD.replace(b"\n\n", b"\n"),
    "no signature": HEAD.text().encode() + b"\n",
    "no final newline": GOOD[:-1],
    "not UTF-8": b"\xff" + GOOD,
    "carriage returns": GOOD.replace(b"\n", b"\r\n"),
    "a tab": GOOD.replace(b"7", b"\t7", 1),
    "a hyphen for the dash": GOOD.replace("—".encode(), b"-"),
    "another size": GOOD.replace(b"\n7\n", b"\n8\n"),
    "another origin": GOOD.replace(b"placet.test/ledger\n", b"placet.test/other\n", 1),
    "another root": GOOD.replace(ROOT.encode(), base64.b64encode(bytes(32))),
    "signature cut": GOOD[:-9] + b"\n",
    "signature of nothing": HEAD.text().encode() + "\n— placet.test/ledger AAAAAA==\n".encode(),
    "base64 with a stray character": HEAD.text().encode() + b"\n" + LINE.replace(b"=", b"*="),
    "too many signatures": GOOD + LINE * 16,
    "too large": b"x" * 70_000 + GOOD,
    "text after the signatures": GOOD + b"hello\n",
    "size with leading zero": signed(f"{OURS.name}\n07\n{ROOT}\n"),
    "size negative": signed(f"{OURS.name}\n-7\n{ROOT}\n"),
    "size with a plus": signed(f"{OURS.name}\n+7\n{ROOT}\n"),
    "size beyond 2^63": signed(f"{OURS.name}\n9999999999999999999\n{ROOT}\n"),
    "size in other digits": signed(f"{OURS.name}\n٧\n{ROOT}\n"),
    "extension line": signed(f"{OURS.name}\n7\n{ROOT}\nmore\n"),
    "empty extension line": signed(f"{OURS.name}\n7\n{ROOT}\n\n"),
    "two lines": signed(f"{OURS.name}\n7\n"),
    "short root": signed(f"{OURS.name}\n7\nAAAA\n"),
    "root without padding": signed(f"{OURS.name}\n7\n{ROOT[:-1]}\n"),
    "root with stray bits": signed(f"{OURS.name}\n7\n{ROOT[:-2]}9=\n"),
    "root in the URL alphabet": signed(f"{OURS.name}\n7\n{URLSAFE}\n"),
    "empty origin": signed(f"\n7\n{ROOT}\n"),
    "origin of another log": signed(f"placet.test/other\n7\n{ROOT}\n"),
}


@pytest.mark.parametrize("name", BAD_NOTES)
def test_a_bad_note_is_refused_and_only_with_our_error(name: str) -> None:
    with pytest.raises(CheckpointError):
        verify_checkpoint(BAD_NOTES[name], [OURS])


def test_no_trusted_key_means_no() -> None:
    with pytest.raises(CheckpointError, match="trusted here"):
        verify_checkpoint(GOOD, [])
    with pytest.raises(CheckpointError, match="trusted here"):
        verify_checkpoint(GOOD, [OTHER])


BAD_KEYS = {
    "empty": "",
    "name alone": "name",
    "no key": "name+00000000",
    "no plus": OURS.text().replace("+", "-", 1),
    "cut": OURS.text()[:-4],
    "no name": "+" + OURS.text().partition("+")[2],
    "other key id": OURS.text().replace(OURS.key_id.hex(), "00000000"),
    "other algorithm": f"{OURS.name}+{OURS.key_id.hex()}+{ECDSA}",
    "short key": f"{OURS.name}+{OURS.key_id.hex()}+{SHORT}",
    "name with a space": "two words" + OURS.text(),
    "name that is no text": "\udcff" + OURS.text(),
}
"""By name: the key is another in every process, and a case must be called the same in all of them."""


@pytest.mark.parametrize("text", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        VerifierKey.parse(text)


@given(st.binary(max_size=300))
def test_no_other_error_escapes_the_parser(raw: bytes) -> None:
    with pytest.raises(CheckpointError):
        verify_checkpoint(raw, [OURS])
