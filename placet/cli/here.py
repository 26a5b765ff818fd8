"""Where the system is: PLACET_… variables, or else the system that `placet up` runs in this folder.

Rules: the variables win, one by one; where they name a broker, the local system is not looked at, so that a production
setting is never mixed with development keys.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from placet.client_settings import JOURNAL, KEY, ROOT, STORE, TRUST
from placet.outcomes import ClientError

ENDPOINTS: Final = Path(".placet/endpoints.json")
_KAFKA: Final = ("PLACET_KAFKA_BOOTSTRAP", "PLACET_KAFKA_FILE")


def endpoints(path: Path = ENDPOINTS) -> dict[str, Any]:
    """What `placet up` wrote; empty where nothing runs here."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ClientError(
            f"{path} cannot be read ({type(error).__name__}). Start the system again: `placet up`."
        ) from None
    return found if isinstance(found, dict) else {}


def environment(kind: str, name: str | None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables for an `agent` or `executor` by that name, filled up from the system that runs here."""
    given = dict(os.environ if environ is None else environ)
    if any(given.get(variable) for variable in _KAFKA):
        return given
    local = endpoints()
    if not local:
        return given
    try:
        keys, run = Path(local["keys"]), Path(local["run"])
        found = {
            TRUST: local["trust_file"],
            ROOT: local["trust_root_file"],
            "PLACET_KAFKA_FILE": local["kafka_files"][kind],
        }
    except (KeyError, TypeError):
        raise ClientError(f"{ENDPOINTS} is of another version. Start the system again: `placet up`.") from None
    name = name or _only(keys / f"{kind}s", kind)
    if name:
        found[KEY] = str(keys / f"{kind}s" / f"{name}.key.json")
        found[JOURNAL if kind == "agent" else STORE] = str(run / "state" / f"{kind}-{name}.cli")
    return {**found, **given}


def desk_url(given: str | None) -> str:
    """Where the desk answers; raise `ClientError`."""
    found = given or endpoints().get("desk")
    if not isinstance(found, str):
        raise ClientError("Nothing says where the desk is. Pass --url, set PLACET_DESK_URL, or run `placet up` here.")
    return found


def _only(folder: Path, kind: str) -> str | None:
    names = sorted(path.name.removesuffix(".key.json") for path in folder.glob("*.key.json"))
    if len(names) > 1:
        raise ClientError(f"There are several keys in {folder}. Say which with --{kind}: {', '.join(names)}.")
    return names[0] if names else None
