"""What a member beside a value says about it: `{"type": "pesel", "value": …}`, `{"system": "…/nhs-number", …}`.

Rules:
- A kind counts only where it names an identifier: `{"type": "string"}` and `{"kind": "Secret"}` say nothing here.
- `number`, `no` and `account` say nothing alone: what they belong to is said with them, by the kind beside or the name
  above (`{"card": {"number": …}}`). So it is with `date` and `year` under a birth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.classifier.analysis import identifiers, names
from services.classifier.analysis.identifiers import phones

_SAYS: Final = ("type", "kind", "system", "Type", "Kind", "label", "scheme", "idType", "id_type", "documentType")
_KINDS: Final = (identifiers.WORDS.spaced | identifiers.STRONG_WORDS | (phones.WORDS.spaced - {"text", "call",
"signal"})) - {
    "address", "tax", "credit", "discover", "contact", "run", "fin", "rc", "south", "resident", "sort", "org",
    "permanent",
    "ring", "reach", "sin", "tc", "security", "social",
}  # fmt: skip
_BARE: Final = frozenset({("number",), ("no",), ("nr",), ("account",), ("num",), ("id",), ("identifier",), ("code",)})
_MOMENTS: Final = frozenset({("date",), ("day",), ("on",), ("dt",), ("datum",), ("year",), ("time",), ("timestamp",)})
_BIRTHS: Final = frozenset({"birth", "born", "geburt", "naissance", "nacimiento", "nascita", "nascimento", "urodzenie"})
_JOINED: Final = frozenset({"card", "passport", "bank", "licence", "license", "phone", "account", "document", "iban"})


def kind_of(members: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of the kind that the members of an object say, where it is one of identifiers."""
    for key in _SAYS:
        if isinstance(said := members.get(key), str):
            words = names.words(said)
            if not _KINDS.isdisjoint(words):
                return words
    return ()


def hints(own: tuple[str, ...], kind: tuple[str, ...], above: tuple[str, ...]) -> tuple[str, ...]:
    """The words that tell about a member's value: its own name, or with what it needs beside it."""
    if kind and (names.is_container(own) or own in _BARE):
        return kind if names.is_container(own) or own == kind[-len(own) :] else (*kind, *own)
    if own in _MOMENTS and not _BIRTHS.isdisjoint(above):
        return ("birth", *own)
    if own in _BARE and not _JOINED.isdisjoint(above):
        return (*above, *own)
    return own
