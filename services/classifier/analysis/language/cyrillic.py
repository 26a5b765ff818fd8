"""Names and addresses in Russian and Ukrainian, by form.

Rules:
- A name is two or three words with capitals of which one ends as family names or patronymics do, or a family name with
  initials. Words of address before it (`Клиент`, `Уважаемая`) are not part of it.
- An address is a word for a street, its name and a number, with town and postcode on either side.
- Bounded repeats; a match begins at a capital or at the word for a street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.model import Span

_CAPITAL: Final = "[А-ЯЁІЇЄҐ]"
_SMALL: Final = "[а-яёіїєґ]"
_WORD: Final = f"{_CAPITAL}{_SMALL}{{1,20}}"
_FAMILY: Final = (
    rf"{_CAPITAL}{_SMALL}{{1,20}}(?:-{_WORD})?(?<="
    r"ов|ова|ову|овым|овой|ове|ев|ева|еву|евым|евой|еве|ёв|ёва|ин|ина|ину|иным|иной|ине|ын|ына|"
    r"ский|ская|ского|ской|скому|ским|скую|цкий|цкая|цкого|цкой|цкому|цким|цкую|енко|чук|чука|чуку|ьук|щук|"
    r"ич|ича|ичу|ичем|вна|вны|вне|вну|чна|чны|чне|чну|івна|дзе|вили|ян|яна|яну)"
)
_INITIALS: Final = rf"{_CAPITAL}\.\s?(?:{_CAPITAL}\.)?"


def _any_length(family: str) -> str:
    """Look-behind takes one length at a time."""
    head, _, endings = family.partition("(?<=")
    return head + "(?:" + "|".join(f"(?<={ending})" for ending in endings.rstrip(")").split("|")) + ")"


_FAMILY_NAME: Final = _any_length(_FAMILY)
_NAME: Final = re.compile(
    rf"(?<![\w.])(?:(?:{_WORD}\s){{1,3}}{_FAMILY_NAME}(?:\s{_FAMILY_NAME}|\s{_INITIALS})?|{_FAMILY_NAME}\s{_INITIALS}|"
    rf"{_FAMILY_NAME}\s{_WORD}(?:\s{_WORD})?|{_INITIALS}\s?{_FAMILY_NAME})(?!\w)"
)
_NO_NAME: Final = frozenset(
    re.findall(
        r"\w+",
        "клиент клиентка клиента клиентке клиенту клиентом пациент пациентка пациента пациентке пациенту "
        "сотрудник сотрудница сотрудника сотруднику сотруднице господин госпожа уважаемый уважаемая доктор врач "
        "менеджер директор заказчик получатель отправитель для от это звонил звонила прошу просит здравствуйте "
        "добрый день новый новая наш наша адрес город улица по на в из коллеги привет передайте свяжитесь",
    )
)
_STREET: Final = (
    r"(?:ул|улица|улице|пр|пр-т|просп|проспект|проспекте|пер|переулок|бул|бульвар|наб|набережная|пл|площадь|ш|шоссе|вул|"
    r"вулиця)"
)
_TOWN: Final = rf"(?:г\.\s?)?{_WORD}(?:[ -]{_WORD})?"
_TOWN_BEFORE: Final = rf"(?:г\.\s?{_WORD}(?:[ -]{_WORD})?|(?<!\w\s){_WORD}(?:-{_WORD})?)"
"""A town, and not the end of a name."""
_ADDRESS: Final = re.compile(
    rf"(?:\d{{6}},?\s)?(?:{_TOWN_BEFORE},\s)?(?<!\w){_STREET}\.?\s"
    rf"(?:{_WORD}(?:[ -]{_WORD})?|\d{{1,3}}(?:-\w{{1,3}})?\s{_WORD})(?:\s{_STREET})?"
    r",?\s(?:д\.?\s?|дом\s|буд\.\s?)?\d{1,4}[а-я]?(?:,?\s(?:корп|к|стр|кв|оф)\.?\s?\d{1,4}){0,3}"
    rf"(?:,\s{_TOWN})?(?:,\s\d{{6}})?"
)


def find(text: str) -> Iterator[Span]:
    """Spans of people and addresses."""
    for match in _NAME.finditer(text):
        start = match.start()
        for word in re.finditer(r"\S+", match[0]):
            start = match.start() + word.start()
            if word[0].lower() not in _NO_NAME:
                break
        if " " in text[start : match.end()] or "." in match[0]:
            yield Span("PERSON", start, match.end(), 0.7, "pattern/name_by_form")
    for match in _ADDRESS.finditer(text):
        yield Span("STREET_ADDRESS", match.start(), match.end(), 0.7, "pattern/address_by_form")
