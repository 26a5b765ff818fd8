"""What may be told of a masked value beside its placeholder: its form.

Rules:
- A form says what a reviewer decides by and points at nobody: whom a mail would go to, which card, which country.
- Closed: the types below have one, each in one way of writing. Nothing else has any; a credential never has.
- Said in words, so that whoever shows it shows the same: `‹CREDIT_CARD_1›` is one `ending 1111`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from placet.limits import MAX_FINDINGS, MAX_FORM_CHARACTERS

FORMS: Final[Mapping[str, str]] = {
    "CREDIT_CARD": r"ending [0-9]{4}",
    "EMAIL_ADDRESS": r"at [a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\.[a-z][a-z0-9-]{1,62}",
    "IBAN_CODE": r"of [A-Z]{2}",
    "IP_ADDRESS": r"(public|private) v[46]",
    "PHONE_NUMBER": r"of \+[1-9][0-9]{0,2}",
}
"""Entity type → how its form is written, as a regular expression of JSON Schema."""

_WRITTEN: Final = {kind: re.compile(f"(?=.{{1,{MAX_FORM_CHARACTERS}}}\\Z){form}") for kind, form in FORMS.items()}
_PLACEHOLDER: Final = r"‹{kind}_[0-9]{{1,9}}›"
_KINDS: Final = re.compile(_PLACEHOLDER.format(kind=f"(?P<kind>{'|'.join(FORMS)})"))


def is_form(kind: str, text: str) -> bool:
    """Whether a text is a form of this entity type."""
    return kind in _WRITTEN and _WRITTEN[kind].fullmatch(text) is not None


def _checked(forms: dict[str, str]) -> dict[str, str]:
    for placeholder, form in forms.items():
        match = _KINDS.fullmatch(placeholder)
        if match is None or not is_form(match["kind"], form):
            raise ValueError("not a form of this type")
    return forms


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "maxProperties": MAX_FINDINGS,
        "patternProperties": {
            f"^{_PLACEHOLDER.format(kind=kind)}$": {
                "type": "string",
                "maxLength": MAX_FORM_CHARACTERS,
                "pattern": f"^{form}$",
            }
            for kind, form in FORMS.items()
        },
        "additionalProperties": False,
        "default": {},
    }


Forms = Annotated[dict[str, str], Field(max_length=MAX_FINDINGS), AfterValidator(_checked), WithJsonSchema(_schema())]
"""Placeholder, as it stands in the masked action → form."""
