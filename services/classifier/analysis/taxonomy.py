"""What detected types, tagged fields, tables and resources mean: labels and a sensitivity.

Rules:
- Closed and strict: an unknown member, type or sensitivity in a file is refused.
- Sensitivity is the highest of all that apply; labels are the union, sorted.
- Globs match whole names, case folded; `*` stops at nothing.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from placet.base import Label, Strict
from placet.events import Sensitivity
from services.classifier.analysis import names

EntityType = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=512)]

_ORDER: Final = tuple(Sensitivity)
_NEEDS: Final[Mapping[str, re.Pattern[str]]] = {
    "letter": re.compile(r"[^\W\d_]"),
    "letter_and_space": re.compile(r"(?s)(?=.*[^\W\d_])\S+\s+\S"),
    "letter_or_digit": re.compile(r"[^\W_]"),
    "digit": re.compile(r"\d"),
    "four_digits": re.compile(r"(?s)\A(?!\s*-?[01]?\.\d+(?:e[+-]?\d+)?\s*\Z)(?:.*?\d){4}"),
    "five_digits": re.compile(r"\A(?=[^\n={}\[\]<>]*\Z)(?:.*?\d){5}"),
    "card": re.compile(r"\A\s*(?:\d[ .\u00a0\u202f-]{0,3}){12,19}\s*\Z"),
    "coordinate": re.compile(r"-?\d{1,3}\.\d{3}"),
}


class Meaning(Strict):
    """What something is, for policy."""

    labels: tuple[Label, ...]
    sensitivity: Annotated[Sensitivity, Field(strict=False)]


class TaggedFields(Strict):
    """Names of keys and columns whose values are of one type."""

    needs: Literal[
        "letter", "letter_and_space", "letter_or_digit", "digit", "four_digits", "five_digits", "card", "coordinate"
    ]
    names: tuple[str, ...]
    endings: tuple[str, ...] = ()
    """Words that tell as much at the end of any name: `payment_cvv`."""


class Taxonomy(Strict):
    """taxonomy.yaml."""

    format: Literal["placet-taxonomy-v1"]
    default: Annotated[Sensitivity, Field(strict=False)]
    types: dict[EntityType, Meaning]
    fields: dict[EntityType, TaggedFields]

    @cached_property
    def credentials(self) -> frozenset[str]:
        """The types that are credentials."""
        return frozenset(kind for kind, meaning in self.types.items() if "credential" in meaning.labels)

    @cached_property
    def _types_by_name(self) -> dict[tuple[str, ...], str]:
        return {names.words(name): kind for kind, tagged in self.fields.items() for name in tagged.names}

    @cached_property
    def _types_by_ending(self) -> dict[str, str]:
        return {word: kind for kind, tagged in self.fields.items() for word in tagged.endings}

    def field_type(self, hints: tuple[str, ...]) -> str | None:
        """The type under a name: of all of it, its last two or three words (`customer_full_name`), or its ending."""
        found = self._types_by_name.get(hints)
        for size in (3, 2):
            if found is None and len(hints) > size:
                found = self._types_by_name.get(hints[-size:])
        return found or (self._types_by_ending.get(hints[-1]) if hints else None)

    def field_holds(self, kind: str, value: str) -> bool:
        """Whether a value can be what its field's name says."""
        needs = _NEEDS[self.fields[kind].needs]
        if len(value) > 1_000 or needs.search(value) is None:  # noqa: PLR2004
            return False
        return _NO_VALUE.fullmatch(value.strip()) is None and not _is_masked(value)


class Tagged(Strict):
    """Globs and what they mean."""

    match: tuple[Glob, ...]
    labels: tuple[Label, ...]
    sensitivity: Annotated[Sensitivity, Field(strict=False)]

    @property
    def meaning(self) -> Meaning:
        """Labels and sensitivity."""
        return Meaning(labels=self.labels, sensitivity=self.sensitivity)


class DataCatalogue(Strict):
    """catalogue.yaml."""

    format: Literal["placet-data-catalogue-v1"]
    resources: tuple[Tagged, ...]
    tables: tuple[Tagged, ...]
    internal: tuple[Glob, ...]

    def of_resource(self, resource: str) -> list[Meaning]:
        """What the owners say of a resource."""
        return _matching(self.resources, resource)

    def of_tables(self, tables: Iterable[str]) -> list[Meaning]:
        """What the owners say of tables."""
        return [meaning for table in tables for meaning in _matching(self.tables, table)]

    def is_internal(self, host: str) -> bool:
        """Whether a destination is listed as ours."""
        return any(_glob(pattern).fullmatch(host.lower()) for pattern in self.internal)


_MASK: Final = re.compile(r"[*•●×]{3}|[xX]{4}|[*xX]{2}[- ][*xX]{2}")
_SHOWN: Final = 8


def _is_masked(value: str) -> bool:
    """Whether somebody has taken out most of a number already: `DE89************3000`, `***-**-6789`."""
    return sum(map(str.isdigit, value)) <= _SHOWN and _MASK.search(value) is not None


_NO_VALUE: Final = re.compile(r"(?i)null|none|asc|desc|true|false|yes|no|required|optional|\$\d+|\?|:\w+|%s|\*+|n/?a")


def combine(default: Sensitivity, meanings: Iterable[Meaning]) -> tuple[tuple[str, ...], Sensitivity]:
    """All labels, sorted, and the highest sensitivity."""
    labels, highest = set[str](), default
    for meaning in meanings:
        labels.update(meaning.labels)
        highest = max(highest, meaning.sensitivity, key=_ORDER.index)
    return tuple(sorted(labels)), highest


def _matching(tagged: Iterable[Tagged], name: str) -> list[Meaning]:
    folded = name.lower()
    return [one.meaning for one in tagged if any(_glob(pattern).fullmatch(folded) for pattern in one.match)]


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.lower()))
