"""`placet keys`: make and look at the keys everything rests on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from placet import enrol
from placet.errors import ContractError, DecodeError
from placet.fingerprint_file import renew
from placet.key_folder import KeyFolder, Rotated
from placet.key_states import KeyState, ListedKey, listed
from placet.keys import PublicJwk

FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".placet/keys"),
    show_default=True,
    envvar="PLACET_KEYS",
    help="The folder of keys.",
)
PUBLIC_KEY = click.option(
    "--public-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The public JWK, where the key was made on the machine that uses it. Otherwise one is made here.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.group()
def keys() -> None:
    """Make a root, the services' keys and the signed trust file; list, rotate and revoke keys."""


def read_public(path: Path | None) -> PublicJwk | None:
    """The public key in a file, where one is given; raise `DecodeError`."""
    try:
        return None if path is None else PublicJwk.model_validate_json(path.read_bytes())
    except ValidationError:
        raise DecodeError("bad_key", f"{path} is not a public Ed25519 JWK: kty, crv and x, nothing else") from None


@keys.command(epilog="Example: placet keys init --folder .placet/keys")
@FOLDER
@JSON
def init(folder: Path, *, as_json: bool) -> None:
    """Make a development set: root key, a key per service, trust file version 1.

    For production make it on an offline machine, move root.key.json to where nothing runs, and give each process
    trust.json, root.pub.json and its own key only.
    """
    trust = KeyFolder(folder).init(now=datetime.now(UTC))
    made = {"folder": str(folder), "version": trust.version, "digest": trust.digest}
    click.echo(
        json.dumps(made)
        if as_json
        else f"Made {folder}: trust file version {trust.version}, digest {trust.digest[:16]}…\n"
        f"Next: placet agents add NAME --owner PERSON --folder {folder}"
    )


@keys.command(epilog="Example: placet keys executor warehouse --serves postgres://warehouse")
@click.argument("name")
@click.option("--serves", multiple=True, help="A resource or its prefix by whole segments; repeatable. Default: all.")
@FOLDER
@JSON
def executor(name: str, serves: tuple[str, ...], folder: Path, *, as_json: bool) -> None:
    """Enrol an executor and make its key."""
    home = KeyFolder(folder)
    trust = home.enrol_executor(name, serves=serves or ("",), now=datetime.now(UTC))
    made = {"executor": name, "key_file": str(home.key_file("executors", name)), "version": trust.version}
    click.echo(json.dumps(made) if as_json else f"Enrolled executor {name}; its key is {made['key_file']}")


@keys.command("list", epilog="Example: placet keys list --json")
@FOLDER
@JSON
def list_keys(folder: Path, *, as_json: bool) -> None:
    """Every key: whose it is, until when it is good, whether it is in force; what ends within 30 days is marked."""
    now = datetime.now(UTC)
    trust = KeyFolder(folder).trust()
    found = listed(trust.document, now=now)
    if as_json:
        click.echo(json.dumps({"version": trust.version, "digest": trust.digest, "keys": [_fields(k) for k in found]}))
        return
    click.echo(f"Trust file version {trust.version}, {len(found)} keys")
    for key in found:
        click.echo(f"  {key.principal.source:<32} {_state(key, now):<36} {key.key_id}")


@keys.command(
    epilog="""\b
Examples:
  placet keys rotate services/policy
  placet keys rotate nightly-export
  placet keys rotate executors/warehouse --public-key new.pub.json
""",
)
@click.argument("name")
@PUBLIC_KEY
@FOLDER
@JSON
def rotate(name: str, public_key: Path | None, folder: Path, *, as_json: bool) -> None:
    """Give a service, an agent or an executor a new key beside the one it has.

    NAME is services/ROLE, agents/NAME or executors/NAME, or the last part alone where only one has it. The old key
    stays good until it expires or is revoked, so nothing stops: first give the new trust.json to every process, then
    the new key to its own, then revoke the old one.
    """
    now = datetime.now(UTC)
    made = KeyFolder(folder).rotate(name, jwk=read_public(public_key), now=now)
    others = [
        key
        for key in listed(made.trust.document, now=now)
        if key.principal == made.principal and key.key_id != made.key_id and key.state is KeyState.IN_FORCE
    ]
    if as_json:
        said = {
            "principal": made.principal.source,
            "key_id": made.key_id,
            "key_file": None if made.key_file is None else str(made.key_file),
            "old_key_ids": [key.key_id for key in others],
            "version": made.trust.version,
        }
        click.echo(json.dumps(said))
        return
    click.echo("\n".join(_next_steps(made, others, folder, now)))


@keys.command(epilog="Example: placet keys revoke Zx4…  (key ids: placet keys list)")
@click.argument("key_id")
@FOLDER
@JSON
def revoke(key_id: str, folder: Path, *, as_json: bool) -> None:
    """Revoke a key from now on, whoever holds it."""
    trust = KeyFolder(folder).edit(lambda document: enrol.revoke_key(document, key_id, now=datetime.now(UTC)))
    click.echo(
        json.dumps({"revoked": key_id, "version": trust.version})
        if as_json
        else f"Revoked {key_id}; trust file version {trust.version}. Give it to every process."
    )


@keys.command(
    epilog="""\b
Examples:
  placet keys fingerprint /etc/placet/fingerprint.secret
  placet keys fingerprint /etc/placet/fingerprint.secret --likeness   (its keys have leaked)
""",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--likeness",
    is_flag=True,
    help="Change the key that knows repeats of an action as well: what people rejected before may be asked once more.",
)
@JSON
def fingerprint(file: Path, *, likeness: bool, as_json: bool) -> None:
    """Make the classifier's FILE of fingerprint keys, or put a new key first in it.

    The classifier takes it while it runs (PLACET_CLASSIFIER_FINGERPRINT_KEY_FILE), between two batches. Values in
    actions before and after cannot be linked any more; a repeat of a rejected action is still known.
    """
    try:
        made = renew(file, likenesses=likeness)
    except OSError as error:
        raise ContractError("unwritable", f"{file}: {error.strerror}") from None
    except DecodeError as error:
        raise DecodeError(error.code, f"{file} {error.sentence}") from None
    if as_json:
        click.echo(json.dumps({"file": str(file), "fingerprint_key": made.id, "before": made.before}))
        return
    before = f"; before it was {made.before}" if made.before else ""
    click.echo(
        f"The key of fingerprints in {file} is {made.id}{before}\n"
        "Next: give the file to every classifier. versions.fingerprint_key of ActionClassified says which key it was."
    )


def _fields(key: ListedKey) -> dict[str, object]:
    return {
        "principal": key.principal.source,
        "key_id": key.key_id,
        "not_before": key.not_before.isoformat(),
        "not_after": key.not_after.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
        "state": str(key.state),
        "expires_soon": key.expires_soon,
    }


def _state(key: ListedKey, now: datetime) -> str:
    match key.state:
        case KeyState.REVOKED:
            return f"revoked {key.revoked_at:%Y-%m-%d}"
        case KeyState.EXPIRED:
            return f"EXPIRED {key.not_after:%Y-%m-%d}"
        case KeyState.NOT_YET:
            return f"good from {key.not_before:%Y-%m-%d}"
        case KeyState.IN_FORCE:
            left = f" ({(key.not_after - now).days} DAYS LEFT)" if key.expires_soon else ""
            return f"in force until {key.not_after:%Y-%m-%d}{left}"


def _next_steps(made: Rotated, others: Sequence[ListedKey], folder: Path, now: datetime) -> list[str]:
    who = made.principal.source
    where = "its private half is where you made it" if made.key_file is None else str(made.key_file)
    lines = [f"A new key for {who}; trust file version {made.trust.version}", f"  new  {made.key_id}  {where}"]
    lines += [f"  old  {key.key_id}  {_state(key, now)}" for key in others]
    lines += [
        "Next, in this order:",
        f"  1. Give {folder / 'trust.json'} to every process; each takes it while it runs.",
        f"  2. Give {who} its new key and start it again (PLACET_SIGNING_KEY_FILE).",
    ]
    if others:
        revoke = "; ".join(f"placet keys revoke {key.key_id} --folder {folder}" for key in others)
        lines.append(f"  3. When nothing that the old key signed is pending any more, reviews included: {revoke}")
    return lines
