"""Invented people: names, mail, phones, addresses, days of birth, by locale.

Rules:
- Given and family names are paired by chance. Mail stands under example.com, .org and .net (RFC 2606), which stock
  recognizers accept as well.
- Phone numbers parse and are valid for their region by `phonenumbers`: its own example numbers with other last digits.
"""

from __future__ import annotations

import calendar
import random
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import phonenumbers
import yaml
from pydantic import Field

from placet.base import Strict
from tests.corpora.generators.draw import Draw, Maker

_FILE: Final = Path(__file__).parent / "people.yaml"
_DOMAINS: Final = (
    "example.com", "example.org", "example.net", "mail.example.com", "halberd.example.com", "nordwind.example.org",
    "post.example.net", "clinic.example.org",
)  # fmt: skip
_CITIES: Final = ("Rotterdam", "Denver", "Gdańsk", "Lyon", "Nairobi", "Osaka", "Porto", "Hyderabad")
_COUNTRIES: Final = ("Portugal", "Kenya", "Japan", "Canada", "Poland", "India")
_ORGANISATIONS: Final = (
    "Halberd Logistics", "Nordwind Energie GmbH", "Castellan & Frost LLP", "Bluefinch Analytics Inc.",
    "Meridian Health Trust", "Laurier et Fils SARL", "Tidewater Credit Union", "Okonjo Holdings plc",
    "Pampas Foods S.A.", "Vantage Row Partners",
)  # fmt: skip


class _Locale(Strict):
    regions: list[str]
    given: list[str]
    family: list[str]
    streets: list[str]
    towns: list[str]
    latin: list[str] = Field(default_factory=list)
    """Given and family name as they stand in an address of mail."""


@lru_cache(maxsize=1)
def _locales() -> dict[str, _Locale]:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {name: _Locale.model_validate(one) for name, one in content.items()}


def person(draw: Draw) -> tuple[str, str]:
    """Given and family name."""
    locale, whose = _locales()[draw.locale], draw.whose
    return whose.choice(locale.given), whose.choice(locale.family)


def _name(draw: Draw) -> str:
    given, family = person(draw)
    return (
        f"{family} {given}"
        if draw.locale == "ja"
        else f"{family}{given}"
        if draw.locale == "zh"
        else f"{given} {family}"
    )


def _comma(draw: Draw) -> str:
    given, family = person(draw)
    return f"{family}, {given}"


def _ascii(text: str) -> str:
    text = text.lower().replace("ß", "ss").replace("ł", "l").replace("'", "")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _login(draw: Draw) -> str:
    given, family = _locales()[draw.locale].latin or person(draw)
    forms = (f"{given}.{family}", f"{given[0]}{family}", f"{given}_{family[:3]}{draw.whose.randint(10, 99)}")
    return _ascii(draw.whose.choice(forms))


def _email(draw: Draw) -> str:
    return f"{_login(draw)}@{draw.whose.choice(_DOMAINS)}"


def _phone(draw: Draw, form: int, *, mobile: bool = True) -> str:
    kind = phonenumbers.PhoneNumberType.MOBILE if mobile else phonenumbers.PhoneNumberType.FIXED_LINE
    chance = draw.whose
    number = phonenumbers.example_number_for_type(chance.choice(_locales()[draw.locale].regions), kind)
    assert number is not None
    assert number.national_number is not None
    for _ in range(20):
        other = phonenumbers.PhoneNumber(
            country_code=number.country_code, italian_leading_zero=number.italian_leading_zero
        )
        other.national_number = number.national_number // 100 * 100 + chance.randint(0, 99)
        if phonenumbers.is_valid_number(other):
            return phonenumbers.format_number(other, form)
    return phonenumbers.format_number(number, form)


def _street(draw: Draw) -> str:
    street, house = draw.whose.choice(_locales()[draw.locale].streets), str(draw.whose.randint(2, 189))
    if draw.locale in {"en", "fr"}:
        return f"{house} {street}"
    return f"{street}{house}号" if draw.locale == "zh" else f"{street} {house}"


def _address(draw: Draw, joint: str = ", ") -> str:
    town = draw.whose.choice(_locales()[draw.locale].towns)
    return f"{town}{_street(draw)}" if draw.locale in {"ja", "zh"} else f"{_street(draw)}{joint}{town}"


def born(draw: Draw) -> tuple[int, int, int]:
    chance: random.Random = draw.whose
    return chance.randint(1946, 2004), chance.randint(1, 12), chance.randint(1, 28)


def _born_words(draw: Draw) -> str:
    year, month, day = born(draw)
    return f"{day} {calendar.month_name[month]} {year}"


def _born_as(form: str) -> Maker:
    return Maker("DATE_OF_BIRTH", lambda draw: form.format(*born(draw)))


MAKERS: Final[Mapping[str, Maker]] = {
    "name": Maker("PERSON", _name),
    "given": Maker("PERSON", lambda draw: person(draw)[0]),
    "family": Maker("PERSON", lambda draw: person(draw)[1]),
    "name_comma": Maker("PERSON", _comma),
    "name_upper": Maker("PERSON", lambda draw: _name(draw).upper()),
    "name_lower": Maker("PERSON", lambda draw: _name(draw).lower()),
    "login": Maker("USERNAME", _login),
    "email": Maker("EMAIL_ADDRESS", _email),
    "email_plus": Maker(
        "EMAIL_ADDRESS", lambda draw: f"{_login(draw)}+{draw.one(('news', 'shop', 'test1'))}@example.com"
    ),
    "mailbox": Maker(
        "ROLE_MAILBOX", lambda draw: f"{draw.one(('support', 'payroll', 'no-reply', 'office'))}@example.com"
    ),
    "service_mail": Maker(
        "ROLE_MAILBOX", lambda draw: f"{draw.one(('etl', 'ci'))}-runner@halberd-data.iam.gserviceaccount.com"
    ),
    "email_internal": Maker("EMAIL_ADDRESS", lambda draw: f"{_login(draw)}@corp.internal"),
    "phone": Maker("PHONE_NUMBER", lambda draw: _phone(draw, phonenumbers.PhoneNumberFormat.INTERNATIONAL)),
    "phone_e164": Maker("PHONE_NUMBER", lambda draw: _phone(draw, phonenumbers.PhoneNumberFormat.E164)),
    "phone_national": Maker("PHONE_NUMBER", lambda draw: _phone(draw, phonenumbers.PhoneNumberFormat.NATIONAL)),
    "phone_desk": Maker(
        "PHONE_NUMBER", lambda draw: _phone(draw, phonenumbers.PhoneNumberFormat.NATIONAL, mobile=False)
    ),
    "phone_digits": Maker(
        "PHONE_NUMBER", lambda draw: _phone(draw, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    ),
    "address": Maker("STREET_ADDRESS", _address),
    "address_lines": Maker("STREET_ADDRESS", lambda draw: _address(draw, "\n")),
    "street": Maker("STREET_ADDRESS", _street),
    "city": Maker("LOCATION", lambda draw: draw.one(_CITIES)),
    "country": Maker("LOCATION", lambda draw: draw.one(_COUNTRIES)),
    "org": Maker("ORGANIZATION", lambda draw: draw.one(_ORGANISATIONS)),
    "born": _born_as("{0:04}-{1:02}-{2:02}"),
    "born_compact": _born_as("{0:04}{1:02}{2:02}"),
    "born_us": _born_as("{1:02}/{2:02}/{0:04}"),
    "born_dots": _born_as("{2:02}.{1:02}.{0:04}"),
    "born_words": Maker("DATE_OF_BIRTH", _born_words),
}
