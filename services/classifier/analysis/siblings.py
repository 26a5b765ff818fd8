"""What a member beside a value says about it: `{"type": "pesel", "value": …}`, `{"system": "…/nhs-number", …}`.

Rules:
- A kind counts only where it names an identifier: `{"type": "string"}` and `{"kind": "Secret"}` say nothing here.
- `number`, `no` and `account` say nothing alone: what they belong to is said with them, by the kind beside or the name
  above (`{"card": {"number": …}}`). So it is with `date` and `year` under a birth, and with `account` beside the
  number of its bank.
- Beside one part of a person's name the other part, and the street, may be called by words that mean much else:
  `nombre` beside `apellido`, `nom` beside `prénom`, `via` beside `cognome`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from services.classifier.analysis import identifiers, names
from services.classifier.analysis.identifiers import phones
from services.classifier.analysis.language import things

_SAYS: Final = ("type", "kind", "system", "Type", "Kind", "label", "scheme", "idType", "id_type", "documentType")
_KINDS: Final = (
    identifiers.WORDS.spaced | identifiers.STRONG_WORDS | (phones.WORDS.spaced - {"text", "call", "signal"})
) - {
    "address", "tax", "credit", "discover", "contact", "run", "fin", "rc", "south", "resident", "sort", "org",
    "permanent", "ring", "reach", "sin", "tc", "security", "social", "sol", "wallet",
}  # fmt: skip
_TAX: Final = ("tax", "id")
_BARE: Final = frozenset({("number",), ("no",), ("nr",), ("account",), ("num",), ("id",), ("identifier",), ("code",)})
_MOMENTS: Final = frozenset({("date",), ("day",), ("on",), ("dt",), ("datum",), ("year",), ("time",), ("timestamp",)})
_BIRTHS: Final = frozenset({
    "birth", "born", "geburt", "naissance", "nacimiento", "nascita", "nascimento", "urodzenie", "birthday", "birthdays",
    "birthdate", "dob", "bday", "geburtstag", "geburtsdatum", "geboren",
})  # fmt: skip
_CODED: Final[Mapping[str, tuple[str, ...]]] = {
    "DL": ("driver", "license"), "PPN": ("passport", "number"), "SS": ("ssn",), "SB": ("ssn",),
    "NI": ("national", "id"), "TAX": ("tax", "id"), "MR": ("mrn",),
}  # fmt: skip
"""HL7 table 0203: the type of an identifier in FHIR."""
_PREFIXES: Final = frozenset({"id", "doc", "document", "identifier", "ident", "identity", "tax", "type", "kind"})
_ACCOUNTS: Final = frozenset((name,) for name in ("account", "acct", "konto", "cuenta", "compte", "conto"))
_BANK: Final = frozenset({
    "aba", "rtn", "routing", "iban", "bic", "swift", "bank", "bsb", "ifsc", "sort", "sortcode", "blz", "bankleitzahl",
    "clabe", "transit", "rib",
})  # fmt: skip
_JOINED: Final = frozenset({"card", "passport", "bank", "licence", "license", "phone", "account", "document", "iban"})
_NAMES: Final = frozenset({("name",), ("title",), ("label",), ("display", "name"), ("displayname",)})
"""What a thing is called: of which, the name above says."""
_PARTS_OF_NAME: Final = frozenset(map(names.words, (
    "apellido", "apellidos", "prénom", "prenom", "cognome", "sobrenome", "apelido", "nachname", "vorname", "nazwisko",
    "imię", "imie", "achternaam", "voornaam", "last_name", "lastname", "surname", "family_name", "first_name",
    "firstname", "given_name", "forename", "efternamn", "förnamn", "etternavn", "fornavn", "příjmení", "prijmeni",
)))  # fmt: skip
"""Names of fields that hold part of a person's name and nothing else."""
_BESIDE_ONE: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(map(names.words, ("nom", "nombre", "nome", "nombres", "name", "jméno", "navn")), ("full", "name")),
    **dict.fromkeys(map(names.words, ("via", "rua", "rue", "calle", "ulica", "ulice", "vej", "gata")), ("street",)),
}
"""What else stands beside one, by words that mean more than that."""


def of_person(own: tuple[str, ...], beside: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """The words that tell about a value: its own name, or what that means beside a part of a person's name."""
    said = _BESIDE_ONE.get(own)
    return own if said is None or _PARTS_OF_NAME.isdisjoint(beside) else said


def kind_of(members: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of the kind that the members of an object say, where it is one of identifiers."""
    for key in _SAYS:
        if isinstance(said := members.get(key), str):
            words = names.words(said)
            words = _TAX if words == ("tax",) else words
            if not _KINDS.isdisjoint(words) or words == _TAX:
                return words
    return _coded(members.get("type"))


def _coded(said: Any) -> tuple[str, ...]:
    """What a coded concept of FHIR says: `{"coding": [{"code": "DL"}]}`."""
    codings = said.get("coding") if isinstance(said, Mapping) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, Mapping) and isinstance(code := coding.get("code"), str) and code in _CODED:
            return _CODED[code]
    return ()


def hints(own: tuple[str, ...], kind: tuple[str, ...], above: tuple[str, ...]) -> tuple[str, ...]:
    """The words that tell about a member's value: its own name, or with what it needs beside it."""
    if kind and len(own) > 1 and own[0] in _PREFIXES:
        own = own[1:]  # `idValue` beside `idType`
    if kind and (names.is_container(own) or own in _BARE):
        return kind if names.is_container(own) or own == kind[-len(own) :] else (*kind, *own)
    if own in _MOMENTS and not _BIRTHS.isdisjoint(above):
        return ("birth", *own)
    if own in _NAMES and above and things.is_thing(above[-1]):
        return (*above, *own)
    if own in _BARE and not _JOINED.isdisjoint(above):
        return (*above, *own)
    return own


def at_bank(own: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """An account's name as that of a bank account, where the number of a bank stands among the other names."""
    if own in _ACCOUNTS and any(not _BANK.isdisjoint(other) for other in others):
        return ("bank", "account")
    return own
