"""Names that stand where only somebody's name stands: before an address of mail, on a device, in a calendar's member.

Rules:
- Mail: two to four words with capitals, or initials, directly before `<…@` (RFC 5322); the value of `CN=` in an
  invitation (RFC 5545).
- Initials with a particle and a word with a capital (`S. van der Meer`).
- Devices are called after their owner by their makers: `Maria's iPad`, `Marias-iPhone`, `iPhone de Maria`. Whoever
  owns as a group does (`Guests-iPad`) is nobody.
- Fields that only people fill (`approved_by`, `passenger`): a value of two to four words with capitals.
- A word that names a product, a thing or a group makes it no name.
- Bounded repeats; each match begins at its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.language.capitals import CAPITAL, WORD
from services.classifier.analysis.language.words import NOBODY, THINGS
from services.classifier.model import Passage, Span

_WORD: Final = rf"(?:{CAPITAL}\.|{WORD})"
_NAME: Final = rf"{_WORD}(?:,? (?:(?:van|von|de|da|di|del|der|den|el|al|bin|dos|le|la) ){{0,2}}{_WORD}){{1,3}}"
_BEFORE_MAIL: Final = re.compile(rf"(?<![\w.@/'’-])({_NAME})\"? <[^<>@\s]{{1,64}}@")
_MEMBER: Final = re.compile(rf";CN=\"?({_NAME})\"?[:;]")
_DEVICES: Final = (
    r"(?:iPhone|iPad|iPod|iMac|MacBook|Mac|AirPods|Apple[ -]?Watch|Galaxy|Pixel|Kindle|Echo|Surface|ThinkPad|Laptop|"
    r"Notebook|Desktop|PC|Phone|Tablet|Handy)"
)
_OWNED: Final = re.compile(
    rf"(?i:(?<![\w.@/'’-])([^\W\d_]{{2,20}}(?:-[^\W\d_]{{2,20}})?(?: [^\W\d_]{{2,20}}(?:['’-][^\W\d_]{{2,20}})?)?)"
    rf"(?:['’]s?[ -]|(?<!s)s-)(?={_DEVICES}(?![^\W\d_])))"
)
_OF: Final = re.compile(
    rf"(?i:\b{_DEVICES}[ -](?:de|von|van|di|do|da|af|av)[ -])([^\W\d_]{{2,20}}(?:-[^\W\d_]{{2,20}})?)"
)
_MARKS: Final = re.compile(
    r"(?i)phone|ipad|ipod|mac|pods|watch|galaxy|pixel|kindle|echo|surface|pad|book|desk|pc|tab|handy|laptop"
)
_GROUPS: Final = frozenset(
    re.findall(
        r"\w+",
        "sale guest visitor student nurse teacher kid office device service customer company staff class school team "
        "crew guild group ops department support platform desk bot desktop reception manager owner employee partner "
        "family lab store room floor kiosk warehouse field engineering marketing finance security operations it hr "
        "engineer technician driver operator agent caller tenant worker reviewer courier clerk analyst "
        "women men child children people what who that there here today world user client doctor let one",
    )
)
_PEOPLE: Final = frozenset(
    {"caller", "passenger", "patient", "resident", "visitor", "guest", "attendee", "witness", "plaintiff", "defendant",
     "signatory", "holder", "consignee", "attention", "attn", "supervisor", "author", "maintainer", "deputy", "invitee"}
)  # fmt: skip
_DONE_BY: Final = frozenset(
    {"approved", "created", "opened", "reviewed", "requested", "signed", "assigned", "referred", "verified", "reported",
     "closed", "updated", "submitted", "authorized", "authorised", "prepared", "witnessed"}
)  # fmt: skip
_PARTICLED: Final = re.compile(
    rf"(?<![\w.@/'’-])((?:{CAPITAL}\. ?){{1,2}}"
    r"(?:(?:van|von|de|da|di|del|der|den|dos|la|le|el|al|bin|ten|ter) ){1,2}"
    rf"{_WORD})"
)
_WHOLE: Final = re.compile(_NAME)
_OPENING: Final = re.compile(r"([^\W\d_]+),? ")


def find(passage: Passage) -> Iterator[Span]:
    """Spans of people."""
    if passage.number or passage.known:
        return
    text = passage.text
    if _is_filled_by_people(passage.hints) and _WHOLE.fullmatch(text) and _is_somebody(text):
        yield Span("PERSON", 0, len(text), 0.7, "pattern/role_field")
        return
    if ". " in text:
        yield from _named(_PARTICLED, text, "initials")
    if "@" in text and "<" in text:
        yield from _named(_BEFORE_MAIL, text, "before_mail")
    if "CN=" in text:
        yield from _named(_MEMBER, text, "calendar_member")
    if _MARKS.search(text) is not None:
        yield from _named(_OWNED, text, "device_owner")
        yield from _named(_OF, text, "device_owner")


def _named(pattern: re.Pattern[str], text: str, name: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        start, end = match.span(1)
        opening = _OPENING.match(text, start, end)
        if opening is not None and opening[1].lower() in NOBODY:
            start = opening.end()
        if _is_somebody(text[start:end]):
            yield Span("PERSON", start, end, 0.75, f"pattern/{name}")


def _is_somebody(name: str) -> bool:
    """Whether no word of a name says that it is a product, a thing or a group."""
    said = set(re.findall(r"[^\W\d_]{2,}", name.lower()))
    return said.isdisjoint(NOBODY) and said.isdisjoint(THINGS) and said.isdisjoint(_GROUPS)


def _is_filled_by_people(hints: tuple[str, ...]) -> bool:
    if not hints:
        return False
    return hints[-1] in _PEOPLE or (hints[-1] == "by" and len(hints) > 1 and hints[-2] in _DONE_BY)
