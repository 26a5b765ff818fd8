"""Where somebody is: pairs of latitude and longitude.

Rules: a pair counts beside a word of places, in a form that only places have (degrees, N and E, `geo:`), or as all of a
text with five decimals (about a metre). Two fractions alone are measures, not a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.identifiers.context import Around, Words
from services.classifier.model import Span

WORDS: Final = Words((
    "lat", "latitude", "latlng", "latlon", "lon", "lng", "longitude", "coordinates", "coordinate", "coords", "coord",
    "gps", "geo", "geolocation", "location", "position", "maps", "point", "located", "koordinaten", "standort",
    "breite",
    "coordonnees", "coordenadas", "ubicacion", "coordinate", "posizione", "wspolrzedne", "координаты", "坐标", "座標",
))  # fmt: skip
_PAIR: Final = re.compile(
    r"(?<![\w.,-])(?P<first>-?\d{1,3}\.\d{3,15})(?P<gap>\s{0,2}[,;/ ]\s{0,2}|%2C)(?P<second>-?\d{1,3}\.\d{3,15})"
    r"(?![\w%]|\.\d|,\d(?!\d?(?:\.\d{1,2})?z))",
    re.ASCII,
)
_DEGREES: Final = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,8})?\s?°\s?(?:\d{1,2}(?:\.\d{1,6})?\s?['′’]\s?)?(?:\d{1,2}(?:\.\d{1,4})?\s?[\"″”]\s?)?[NS]"
    r"[\s,;/]{0,3}\d{1,3}(?:\.\d{1,8})?\s?°\s?(?:\d{1,2}(?:\.\d{1,6})?\s?['′’]\s?)?(?:\d{1,2}(?:\.\d{1,4})?\s?[\"″”]\s?)?[EWO]"
)
_FINE: Final = 5


def find(around: Around) -> Iterator[Span]:
    """Pairs of coordinates."""
    text = around.passage.text
    if "°" in text:
        for match in _DEGREES.finditer(text):
            yield Span("COORDINATES", *match.span(), 0.9, "identifier/degrees")
    if text.count(".") < 2:  # noqa: PLR2004 - one for each
        return
    for match in _PAIR.finditer(text):
        first, second = float(match["first"]), float(match["second"])
        if min(abs(first), abs(second)) > 90 or max(abs(first), abs(second)) > 180:  # noqa: PLR2004 - degrees
            continue
        whole = match.span() == (0, len(text)) and all(
            len(match[part].partition(".")[2]) >= _FINE for part in ("first", "second")
        )
        told = around.near(WORDS, *match.span())
        if whole or told or text[: match.start()].endswith(("geo:", "@", "q=", "ll=")):
            yield Span("COORDINATES", *match.span(), 0.8, "identifier/coordinates")
