"""Patients in HL7 version 2: what stands at its place in a PID segment.

Rules: places are counted as the standard does (PID-7 is the day of birth, PID-13 and PID-14 are telephones); values
have the form that the place asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.classifier.analysis.identifiers.context import Around
from services.classifier.model import Span

_SEGMENT: Final = re.compile(r"(?<![A-Za-z0-9])PID\|[^\r\n]{10,2000}")
_DAY: Final = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{2,6})?")
_PHONE: Final = re.compile(r"\+?\(?\d[\d ().-]{5,18}\d")
_PLACES: Final[Mapping[int, tuple[str, re.Pattern[str]]]] = {
    7: ("DATE_OF_BIRTH", _DAY), 13: ("PHONE_NUMBER", _PHONE), 14: ("PHONE_NUMBER", _PHONE),
}  # fmt: skip


def find(around: Around) -> Iterator[Span]:
    """Days of birth and telephones of patients."""
    text = around.passage.text
    if "PID|" not in text:
        return
    for segment in _SEGMENT.finditer(text):
        start = segment.start()
        for place, field in enumerate(segment[0].split("|")):
            kind, form = _PLACES.get(place, ("", _DAY))
            if kind:
                for match in form.finditer(field):
                    yield Span(kind, start + match.start(), start + match.end(), 0.85, "identifier/hl7")
            start += len(field) + 1
