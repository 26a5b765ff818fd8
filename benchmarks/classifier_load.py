"""What the classifier is measured on: typical actions, long free text, hostile near-matches.

Rules:
- Typical actions come of two hundred of the dev half's templates, filled anew each time: agents do the same few things
  with other values. What is smaller than 0.3 kB is a batch of several fills, as an agent sends rows. The same tree
  gives the same load.
- Plain is an action with neither free text (a string of four words or more) nor SQL over 300 characters.
- A near-match is what a rule begins to match and does not: repeated, it is the worst that a text can be for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from placet.canonical import canonical_bytes
from services.classifier.model import Subject
from tests.corpora import files, slots
from tests.corpora.model import Labelled, Template

SMALLEST, LARGEST = 300, 2_000
_TEMPLATES: Final = 200
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")
_FREE_WORDS: Final = 4
_LONG_SQL: Final = 300
_SQL: Final = re.compile(r"(?i)\s*(?:select|insert|update|delete|with|create|alter|drop|grant|merge)\b")

NEAR_MATCHES: Final = {
    "card numbers": "4111 1111 1111 1112 ",
    "digits": "8",
    "phone numbers": "+1 (415) 555-267 ",
    "addresses": "12 Main Old Upper North St",
    "mail": "a.b.c+d@",
    "domains": "a.b-",
    "IBANs": "DE89 3704 0044 0532 0130 01 ",
    "tokens": "ghp_eyJxoxb-sk-AKIA",
    "JWTs": "eyJhbGciOi.",
    "assignments": "password = ",
    "URLs": "https://a:b",
    "private keys": "-----BEGIN PRIVATE KEY",
    "base64": "QUJDREVGR0hJ",
    "hexadecimal": "dead:beef:",
    "markings": "CONFIDENTIA TLP:AMBE ",
    "names": "Jan Ro and Bo ",
    "quotes": "'\"",
    "white space": " \n",
    "SQL": "select a from (",
}


@dataclass(frozen=True, slots=True)
class Action:
    """One action to look into."""

    subject: Subject
    texts: tuple[str, ...]
    size: int
    plain: bool


def typical(count: int) -> Iterator[Action]:
    """So many actions of 0.3 to 2 kB."""
    templates = [(kind, template) for kind, template in files.read("dev") if kind != "hidden"]
    templates = templates[:: max(1, len(templates) // _TEMPLATES)]
    made = 0
    for round_number, (kind, template) in enumerate(cycle(templates)):
        action = _action(kind, template, round_number)
        if action is None:
            continue
        yield action
        made += 1
        if made == count:
            return


def prose(sizes: Sequence[int], count: int) -> Iterator[tuple[int, str]]:
    """So many texts of each size (characters), out of the sentences of the dev half."""
    pieces = cycle(_sentences())
    for size in sizes:
        for _ in range(count):
            text = ""
            while len(text) < size:
                text += next(pieces) + "\n"
            yield size, text[:size]


def hostile(unit: str, size: int) -> str:
    """Near-matches of so many characters, which end as nothing does."""
    return (unit * (size // len(unit) + 1))[: size - 1] + "\x7f"


def _action(kind: str, template: Template, number: int) -> Action | None:
    fills: list[Labelled] = []
    size = 0
    while size < SMALLEST:
        fills.append(slots.fill(template, kind=kind, source="bench", number=number * 10 + len(fills)))
        arguments: dict[str, Any] = {"batch": [dict(one.arguments) for one in fills]}
        if len(fills) == 1:
            arguments = dict(fills[0].arguments)
        first = fills[0]
        subject = Subject("bench", first.name, first.resource, arguments, first.purpose, first.preview)
        size = len(canonical_bytes({"arguments": arguments, "purpose": subject.purpose, "preview": subject.preview}))
    texts = tuple(text for one in fills for text in one.texts.values())
    return Action(subject, texts, size, not any(map(_slow, texts))) if size <= LARGEST else None


def _slow(text: str) -> bool:
    return len(text) > _LONG_SQL if _SQL.match(text) else len(_WORDS.findall(text)) >= _FREE_WORDS


def _sentences() -> list[str]:
    found = []
    for number in range(20):
        for kind, template in files.read("dev"):
            action = slots.fill(template, kind=kind, source="bench", number=number)
            found += [text for text in action.texts.values() if len(_WORDS.findall(text)) >= _FREE_WORDS]
    return found
