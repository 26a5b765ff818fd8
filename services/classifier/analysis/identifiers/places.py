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
    "breite", "coordonnees", "coordenadas", "ubicacion", "coordinate", "posizione", "wspolrzedne", "координаты", "坐标",
    "座標",
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
_LETTERED: Final = re.compile(
    r"(?<![\w.])(?:[NS]\s?\d{1,2}\.\d{3,10}°?[\s,;/]{1,3}[EWO]\s?\d{1,3}\.\d{3,10}°?|"
    r"\d{1,2}\.\d{3,10}°?\s?[NS][\s,;/]{1,3}\d{1,3}\.\d{3,10}°?\s?[EWO])(?![\w.]\w)"
)
"""`N47.95697 E23.79138`, `47.9570N, 23.7914E`."""
_SIGNED: Final = re.compile(
    r"(?<![\w.+-])[+-]\d{2}(?:\d{2}){0,2}\.\d{2,8}[+-]\d{3}(?:\d{2}){0,2}\.\d{2,8}"
    r"(?:[+-]\d{1,5}(?:\.\d{1,4})?)?(?=/|CRS|\Z)"
)
"""ISO 6709, as cameras write it."""
_SENTENCE: Final = re.compile(
    r"\$G[PNLA][A-Z]{3},(?:[^,\s]{0,12},){0,4}?(?P<value>\d{4,5}\.\d{2,6},[NS],\d{5}\.\d{2,6},[EW])"
)
"""NMEA 0183, as receivers send it."""
_MEASURES: Final = frozenset({
    "range", "ranges", "tolerance", "interval", "bounds", "limits", "scale", "size", "ratio", "rate", "rates", "price",
    "prices", "weight", "weights", "score", "scores", "metric", "metrics", "mean", "std", "spread", "threshold",
})  # fmt: skip
"""Names of two fractions that are no place."""
_FINE: Final = 5


def find(around: Around) -> Iterator[Span]:
    """Places in any form."""
    text = around.passage.text
    if "°" in text:
        for match in _DEGREES.finditer(text):
            yield Span("COORDINATES", *match.span(), 0.9, "identifier/degrees")
    if text.count(".") < 2:  # noqa: PLR2004 - one for each
        return
    for pattern in (_LETTERED, _SIGNED):
        for match in pattern.finditer(text):
            yield Span("COORDINATES", *match.span(), 0.85, "identifier/lettered_degrees")
    if "$G" in text:
        for match in _SENTENCE.finditer(text):
            yield Span("COORDINATES", *match.span("value"), 0.9, "identifier/nmea")
    yield from _pairs(around)


def _pairs(around: Around) -> Iterator[Span]:
    """Two fractions that are a latitude and a longitude."""
    text = around.passage.text
    for match in _PAIR.finditer(text):
        first, second = float(match["first"]), float(match["second"])
        if min(abs(first), abs(second)) > 90 or max(abs(first), abs(second)) > 180:  # noqa: PLR2004 - degrees
            continue
        whole = match.span() == (0, len(text)) and all(
            len(match[part].partition(".")[2]) >= _FINE for part in ("first", "second")
        )
        told = around.near(WORDS, *match.span())
        measured = not _MEASURES.isdisjoint(around.passage.hints)
        if (whole and not measured) or told or text[: match.start()].endswith(("geo:", "@", "q=", "ll=")):
            yield Span("COORDINATES", *match.span(), 0.8, "identifier/coordinates")
