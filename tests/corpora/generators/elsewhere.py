"""Invented people of more origins, and the shapes that their names and addresses have in forms, lists and greetings.

Rules: an origin is drawn with the person, so that all slots about one person agree; two words of a name are of one
origin, except where the slot says `double` (names that were joined by marriage).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from placet.base import Strict
from tests.corpora.generators.draw import Draw, Maker

_FILE: Final = Path(__file__).parent / "elsewhere.yaml"
_INITIALS: Final = "ABCDEFGHJKLMNPRSTVW"
_MIDDLE: Final = ("Ruth", "James", "Marie", "Alan", "Elisabeth", "Kofi", "Noor", "Paul")
_SHORT: Final = ("Bo Li", "Jo Ng", "Al Ek", "Yi Wu", "Ida Ask", "Max Ott", "Eva Vos", "Ian Fox", "Su Oh", "Kim Ho")
_DOUBLE_GIVEN: Final = ("Anne-Marie", "Jean-Luc", "Hans-Peter", "Mary-Kate", "Karl-Heinz", "Marie-Claire")
_ADDRESSES: Final = (
    "{0} Baker's Row, Flat {1}", "Keizersgracht {0}-{1}, 1015 CN Amsterdam", "Rua Augusta {0}, 1100-053 Lisboa",
    "Storgatan {0}, 211 42 Malmö", "ul. Piotrkowska {0}/{1}, 90-001 Łódź",
    "{0} Peachtree Blvd, Apt {1}, Atlanta, GA 30309",
    "Calle de Alcalá {0}, 28009 Madrid", "Via Roma {0}, 50123 Firenze", "{0} rue du Bac, 75007 Paris",
    "Schillerstraße {0}, 80336 München", "{0} St. Mary's Crescent, Bath BA1 5PS", "Nørrebrogade {0}, 2200 København",
)  # fmt: skip
_STREETS: Final = (
    "{0} Orchard Terrace", "Herengracht {0}", "Rua das Flores {0}", "Drottninggatan {0}", "ul. Mickiewicza {0}",
    "Calle Serrano {0}", "Via Mazzini {0}", "{0} rue Lafayette", "Goethestraße {0}", "{0} Windsor Close",
)  # fmt: skip

_NAMESAKES: Final = (
    "Eleanor Rigby", "Billie Jean", "Forrest Gump", "Donnie Darko", "Jane Eyre", "Anna Karenina", "Oliver Twist",
    "Marie Curie", "Alan Turing", "Ada Lovelace", "Annie Hall", "Jackie Brown", "Erin Brockovich", "Harry Potter",
    "Victor Hugo", "Charles Darwin", "Herman Miller", "Barry Lyndon", "Michael Clayton", "Ernst Leitz", "Hugo Boss",
)  # fmt: skip
"""Works, rooms, ships and makers that bear the whole name of a person: whoever masks it is neither right nor wrong."""


class _Origin(Strict):
    given: list[str]
    family: list[str]


@lru_cache(maxsize=1)
def _origins() -> tuple[_Origin, ...]:
    return tuple(_Origin.model_validate(one) for one in yaml.safe_load(_FILE.read_text(encoding="utf-8")).values())


def _person(draw: Draw) -> tuple[str, str]:
    whose = draw.whose
    origin = whose.choice(_origins())
    return whose.choice(origin.given), whose.choice(origin.family)


def _named(form: Callable[[str, str], str]) -> Maker:
    return Maker("PERSON", lambda draw: form(*_person(draw)))


def _initial(draw: Draw) -> str:
    return draw.whose.choice(_INITIALS)


def _double(draw: Draw) -> str:
    whose = draw.whose
    given = whose.choice(_DOUBLE_GIVEN)
    first, second = (whose.choice(whose.choice(_origins()).family).split()[-1] for _ in range(2))
    return f"{given} {first}-{second}"


def _placed(forms: tuple[str, ...]) -> Maker:
    return Maker(
        "STREET_ADDRESS",
        lambda draw: draw.whose.choice(forms).format(draw.whose.randint(2, 180), draw.chance.randint(1, 40)),
    )


MAKERS: Final[Mapping[str, Maker]] = {
    "else": _named(lambda given, family: f"{given} {family}"),
    "else_given": _named(lambda given, _: given),
    "else_family": _named(lambda _, family: family),
    "else_lower": _named(lambda given, family: f"{given} {family}".lower()),
    "else_upper": _named(lambda given, family: f"{given} {family}".upper()),
    "else_comma": _named(lambda given, family: f"{family}, {given}"),
    "else_family_upper": _named(lambda given, family: f"{given} {family.upper()}"),
    "else_initial": _named(lambda given, family: f"{given[0]}. {family}"),
    "else_initial_after": _named(lambda given, family: f"{given} {family[0]}."),
    "else_middle": Maker("PERSON", lambda draw: f"{_person(draw)[0]} {_initial(draw)}. {_person(draw)[1]}"),
    "else_middle_name": Maker("PERSON", lambda draw: f"{_person(draw)[0]} {draw.one(_MIDDLE)} {_person(draw)[1]}"),
    "else_initials": Maker("PERSON", lambda draw: f"{_person(draw)[0][0]}. {_initial(draw)}. {_person(draw)[1]}"),
    "else_double": Maker("PERSON", _double),
    "else_short": Maker("PERSON", lambda draw: draw.whose.choice(_SHORT)),
    "namesake": Maker("TITLE", lambda draw: draw.one(_NAMESAKES)),
    "else_address": _placed(_ADDRESSES),
    "else_street": _placed(_STREETS),
}
