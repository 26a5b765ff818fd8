"""What messages between machines say by its place alone: HL7, X12, EDIFACT, SWIFT, ISO 20022, cheques, GEDCOM.

Rules: a place is told by the segment and the qualifiers that its standard gives it (PID-7 is the day of birth,
`DTM+329` as well, `:59:` the account that is paid); a value has the form that the place asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from stdnum.us import rtn as routing_number
from stdnum.us import ssn

from services.classifier.analysis.identifiers import checks
from services.classifier.analysis.identifiers.context import Around
from services.classifier.model import Span

_PATIENT: Final = re.compile(r"(?<![A-Za-z0-9])PID\|[^\r\n]{10,2000}")
_DAY: Final = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_BIRTH: Final = re.compile(rf"{_DAY}(?:\d{{2,6}})?")
_PHONE: Final = re.compile(r"\+?\(?\d[\d ().-]{5,18}\d")
_PLACES: Final[Mapping[int, tuple[str, re.Pattern[str]]]] = {
    7: ("DATE_OF_BIRTH", _BIRTH), 13: ("PHONE_NUMBER", _PHONE), 14: ("PHONE_NUMBER", _PHONE),
}  # fmt: skip
_MONTH: Final = r"(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"


class Place(NamedTuple):
    """A value's place in one format. `mark`: stands in any text that the pattern matches."""

    entity_type: str
    name: str
    mark: str
    pattern: re.Pattern[str]
    """The group `value` is the span."""
    accept: Callable[[str], bool] = bool


PLACES: Final = (
    Place("HEALTH", "hl7_record_number", "^MR", re.compile(
        r"PID\|[^|\r\n]{0,20}\|[^|\r\n]{0,40}\|(?P<value>[A-Z0-9-]{4,20})\^[^|\r\n~]{0,60}\^MR(?![A-Z])"
    )),
    Place("DATE_OF_BIRTH", "x12_demographics", "DMG*", re.compile(rf"(?<![A-Z0-9])DMG\*D8\*(?P<value>{_DAY})(?!\d)")),
    Place("US_SSN", "x12_person", "*34*", re.compile(r"\*34\*(?P<value>\d{9})(?!\d)"), ssn.is_valid),
    Place("US_SSN", "x12_reference", "REF*SY*", re.compile(r"REF\*SY\*(?P<value>\d{9})(?!\d)"), ssn.is_valid),
    Place("PHONE_NUMBER", "x12_contact", "PER*", re.compile(
        r"PER\*[^~\n]{0,120}?\*(?:TE|CP|HP|WP|FX)\*(?P<value>\d{7,15})(?!\d)"
    )),
    Place("DATE_OF_BIRTH", "edifact_birth", "DTM+329", re.compile(rf"DTM\+329:(?P<value>{_DAY}|\d{{6}})(?!\d)")),
    Place("PASSPORT", "edifact_document", "DOC+P", re.compile(
        r"DOC\+P(?:[:A-Z0-9]{0,12})\+(?P<value>[A-Z0-9]{6,12})(?![A-Z0-9])"
    )),
    Place("MEDICAL_LICENSE", "ncpdp_prescriber", ":DH", re.compile(
        r"\+(?P<value>[A-Z][A-Z9]\d{7}):DH(?![A-Z0-9])"
    ), checks.dea),
    Place("BANK_ACCOUNT", "swift_party", ":5", re.compile(
        r"(?m)^:5[0-9][A-Z]?:/(?:/?[CD]/)?(?P<value>(?=[A-Z]{0,30}\d)[A-Z0-9]{5,34})\r?$"
    )),
    Place("ABA_ROUTING_NUMBER", "micr_routing", "⑆", re.compile(r"⑆\s?(?P<value>\d{9})\s?⑆"), routing_number.is_valid),
    Place("BANK_ACCOUNT", "micr_account", "⑈", re.compile(r"[⑆⑈]\s?(?P<value>\d{4,17})\s?⑈")),
    Place("ABA_ROUTING_NUMBER", "iso20022_routing", "MmbId>", re.compile(
        r"USABA</(?:\w{1,10}:)?Cd>(?:</?[\w:]{1,30}>|\s){1,6}<(?:\w{1,10}:)?MmbId>(?P<value>\d{9})<"
    ), routing_number.is_valid),
    Place("BANK_ACCOUNT", "iso20022_account", "Acct>", re.compile(
        r"Acct>\s{0,40}(?:<(?:\w{1,10}:)?(?:Id|Othr)>\s{0,40}){2,3}(?P<value>(?=[^<]{0,30}\d)[A-Za-z0-9 -]{4,34})</"
    )),
    Place("DATE_OF_BIRTH", "gedcom_birth", "BIRT", re.compile(
        rf"(?m)^\s{{0,4}}1 BIRT\s{{0,4}}\r?\n(?:\s{{0,4}}2 (?!DATE)[^\r\n]{{0,200}}\r?\n){{0,4}}"
        rf"\s{{0,4}}2 DATE (?P<value>(?:\d{{1,2}} )?(?:{_MONTH} )?\d{{4}})"
    )),
)  # fmt: skip
_MARKS: Final = re.compile(r"PID\||[⑆⑈]|MmbId>|Acct>|\*34\*|[A-Z]{3}[*+]|:DH|^:5\d|BIRT", re.MULTILINE)


def find(around: Around) -> Iterator[Span]:
    """Days of birth, documents, telephones, accounts and record numbers at their places."""
    text = around.passage.text
    if _MARKS.search(text) is None:
        return
    if "PID|" in text:
        yield from _patients(text)
    for place in PLACES:
        if place.mark in text:
            for match in place.pattern.finditer(text):
                if place.accept(match["value"]):
                    yield Span(place.entity_type, *match.span("value"), 0.85, f"identifier/{place.name}")


def _patients(text: str) -> Iterator[Span]:
    """HL7 version 2: fields of a PID segment, counted as the standard does."""
    for segment in _PATIENT.finditer(text):
        start = segment.start()
        for number, field in enumerate(segment[0].split("|")):
            if number in _PLACES:
                kind, form = _PLACES[number]
                for match in form.finditer(field):
                    yield Span(kind, start + match.start(), start + match.end(), 0.85, "identifier/hl7")
            start += len(field) + 1
