"""Sentences and people of `presidio-evaluator`: a source that our rules were not written against. All of it is test.

Rules:
- Two files of its wheel are read; its code, which needs much else, is never imported.
- Cards, IBANs, SSNs and network addresses are ours (its people's cards are rounded away in the file); names, mail,
  phones, addresses and birthdays are its people's. Where it leaves a value to Faker, the people's column stands in.
- House number and street beside each other are one address; a street or a postcode alone is neutral, as are cities,
  countries, titles, ages, dates and nationalities; a birthday is one where the sentence says so.
- A template whose slots cannot be filled (unknown, malformed) is left out and counted.
"""

from __future__ import annotations

import csv
import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from tests.corpora.generators import numbers
from tests.corpora.generators.draw import Draw
from tests.corpora.model import Gold, Labelled

PACKAGE: Final = "presidio_evaluator"
_DATA: Final = Path("data_generator") / "raw_data"
_FILES: Final = ("templates.txt", "FakeNameGenerator.com_3000.csv", "companies_and_organizations.csv")
_TAG: Final = re.compile(r"\{\{([a-z_]+)\}\}")
_BORN: Final = re.compile(r"birth|born")
_PLACE: Final = ("/arguments/text", False)
_OURS: Final = {
    "credit_card_number": "card",
    "iban": "iban",
    "ssn": "ssn",
    "ip_address": "ip",
    "us_driver_license": "driver_license",
}
_LABELS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("person", "name", "name_male", "name_female", "first_name", "first_name_male", "first_name_female",
                     "first_name_nonbinary", "last_name", "last_name_male", "last_name_female"), "PERSON"),
    **dict.fromkeys(("city", "country", "state_abbr"), "LOCATION"),
    **dict.fromkeys(("building_number", "street_name", "secondary_address", "postcode", "zipcode"), "ADDRESS_PART"),
    **dict.fromkeys(("date_time", "day_of_week", "year"), "DATE_TIME"),
    **dict.fromkeys(("nationality", "nation_woman", "nation_man", "nation_plural"), "NRP"),
    **dict.fromkeys(("prefix", "prefix_male", "prefix_female", "job"), "TITLE"),
    "address": "STREET_ADDRESS", "email": "EMAIL_ADDRESS", "phone_number": "PHONE_NUMBER",
    "date_of_birth": "DATE_OF_BIRTH", "organization": "ORGANIZATION", "url": "URL", "age": "AGE",
    **{tag: str(numbers.MAKERS[name].entity_type) for tag, name in _OURS.items()},
}  # fmt: skip


def paths() -> dict[str, Path]:
    """The files that are read, by a name that holds no place."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(PACKAGE)
    folder = Path(next(iter(spec.submodule_search_locations))) / _DATA
    return {f"{PACKAGE}/{name}": folder / name for name in _FILES}


def templates() -> dict[str, str]:
    """Id → sentence, of those that can be filled."""
    lines = next(iter(paths().values())).read_text(encoding="utf-8").splitlines()
    found = {
        f"evaluator-{number:03}": line.replace("\\n", "\n").replace("\\,", ",") for number, line in enumerate(lines, 1)
    }
    return {name: line for name, line in found.items() if line.strip() and _fillable(line)}


def actions(fills: int) -> Iterator[Labelled]:
    """Every sentence so many times, as the text of a message."""
    for name, line in templates().items():
        for number in range(fills):
            text, gold = _filled(line, f"{name}/{number}")
            arguments = {"text": text}
            texts = {_PLACE: text, (_PLACE[0], True): "text"}
            yield Labelled(
                name, PACKAGE, "sentence", "message.send", "chat://support", arguments, "", None, texts, tuple(gold)
            )


def _fillable(line: str) -> bool:
    rest = _TAG.sub("", line)
    return "{" not in rest and "}" not in rest and all(tag in _LABELS for tag in _TAG.findall(line))


@lru_cache(maxsize=1)
def _people() -> list[dict[str, str]]:
    with list(paths().values())[1].open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def _organisations() -> list[str]:
    return list(paths().values())[2].read_text(encoding="utf-8").splitlines()[1:]


def _filled(line: str, place: str) -> tuple[str, list[Gold]]:
    used: Counter[str] = Counter()
    text, gold, position = "", list[Gold](), 0
    for tag in _TAG.finditer(line):
        text += line[position : tag.start()]
        used[tag[1]] += 1
        value = _value(tag[1], Draw(place, tag[1], used[tag[1]]))
        label = "DATE_TIME" if tag[1] == "date_of_birth" and not _BORN.search(line) else _LABELS[tag[1]]
        gold.append(Gold(label, _PLACE, len(text), len(text) + len(value)))
        text += value
        position = tag.end()
    return text + line[position:], _joined(text, gold)


def _joined(text: str, gold: list[Gold]) -> list[Gold]:
    """House number and street that only blanks part are one address."""
    joined: list[Gold] = []
    for one in gold:
        before = joined[-1] if joined else None
        parts = (
            before is not None
            and one.entity_type == "ADDRESS_PART"
            and before.entity_type in {"ADDRESS_PART", "STREET_ADDRESS"}
        )
        if before is not None and parts and not text[before.end : one.start].strip():
            joined[-1] = Gold("STREET_ADDRESS", one.place, before.start, one.end)
        else:
            joined.append(one)
    return joined


def _value(tag: str, draw: Draw) -> str:
    if tag in _OURS:
        return numbers.MAKERS[_OURS[tag]].make(draw)
    gender = "male" if tag.endswith("_male") else "female" if tag.endswith("_female") else ""
    one = draw.whose.choice([one for one in _people() if gender in {"", one["Gender"]}])
    return _MADE[re.sub("_(male|female|nonbinary)$", "", tag)](one, draw)


def _address(one: Mapping[str, str], draw: Draw) -> str:
    joint = draw.one((", ", "\n", ", "))
    return joint.join((one["StreetAddress"], one["City"], one["ZipCode"])).strip(", \n")


def _street(one: Mapping[str, str], _: Draw) -> str:
    return re.sub(r"[\d.,#-]+", "", one["StreetAddress"]).strip() or "High Street"


def _column(name: str) -> Callable[[Mapping[str, str], Draw], str]:
    return lambda one, _: one[name]


_MADE: Final[Mapping[str, Callable[[Mapping[str, str], Draw], str]]] = {
    **dict.fromkeys(("person", "name"), lambda one, _: f"{one['GivenName']} {one['Surname']}"),
    **dict.fromkeys(("nationality", "nation_woman", "nation_man", "nation_plural"),
                    lambda one, _: one["NameSet"].split()[0]),
    **dict.fromkeys(("postcode", "zipcode"), _column("ZipCode")),
    "first_name": _column("GivenName"), "last_name": _column("Surname"), "prefix": _column("Title"),
    "email": _column("EmailAddress"), "phone_number": _column("TelephoneNumber"), "date_of_birth": _column("Birthday"),
    "city": _column("City"), "country": _column("CountryFull"), "state_abbr": _column("State"),
    "job": _column("Occupation"), "age": _column("Age"), "address": _address, "street_name": _street,
    "building_number": lambda _, draw: str(draw.chance.randint(1, 999)),
    "secondary_address": lambda _, draw: f"Apt. {draw.chance.randint(1, 99)}",
    "organization": lambda _, draw: draw.one(_organisations()),
    "date_time": lambda _, draw: draw.one(("2024-03-09 10:15:00", "12 June 2025", "next Friday at 9")),
    "day_of_week": lambda _, draw: draw.one(("Monday", "Wednesday", "Saturday")),
    "year": lambda _, draw: str(draw.chance.randint(1950, 2025)),
    "url": lambda one, _: f"https://www.{one['Domain']}/",
}  # fmt: skip
