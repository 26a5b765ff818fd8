"""The classifier as it runs, asked about an action: its own `decide` with its own detectors, without worker processes.

Rules: what it publishes is read as everybody reads it (findings, places not inspected), and led back from masked
pointers to the places of the original. Where there is no classification at all, nothing is published: all is covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.classifier.adapters.warm import engines
from services.classifier.adapters.worker import Bench
from services.classifier.analysis.placeholders import NOT_INSPECTED
from services.classifier.model import Classification, Subject
from services.classifier.ports import Detector
from tests.classifier_parts import bench
from tests.corpora.model import Labelled, Place
from tests.corpora.scoring import Claim, Seen


class Ours:
    """One core, no pool; `detector` stands in for the engines."""

    def __init__(self, detector: Detector | None = None) -> None:
        self._bench: Bench = bench(*([detector] if detector else engines()), soft_seconds=600.0)

    def look(self, action: Labelled) -> Seen:
        """What it finds in an action."""
        result = self._bench.classify(
            Subject("corpus", action.name, action.resource, action.arguments, action.purpose, action.preview)
        )
        if not isinstance(result, Classification):
            return Seen((), frozenset(action.texts))
        places: dict[str, str] = {}
        for member in ("arguments", "purpose", "preview"):
            places.update(_places(getattr(action, member), getattr(result, member), f"/{member}", f"/{member}"))
        claims = tuple(
            Claim(one.entity_type, (places[one.pointer], one.in_key), one.start, one.end) for one in result.findings
        )
        hidden = [(places[one.pointer], NOT_INSPECTED in one.pointer.rpartition("/")[2]) for one in result.incomplete]
        return Seen(claims, frozenset(place for place in action.texts if _under(place, hidden)))


def _places(value: Any, masked: Any, pointer: str, shown: str) -> Iterator[tuple[str, str]]:
    """(pointer as published, pointer in the original); both trees have one shape, in one order."""
    yield shown, pointer
    match value, masked:
        case Mapping(), Mapping() if len(value) == len(masked):
            for (key, item), (key_shown, item_shown) in zip(value.items(), masked.items(), strict=True):
                yield from _places(item, item_shown, f"{pointer}/{_part(key)}", f"{shown}/{_part(key_shown)}")
        case list(), list() | tuple():
            for index, (item, item_shown) in enumerate(zip(value, masked, strict=True)):
                yield from _places(item, item_shown, f"{pointer}/{index}", f"{shown}/{index}")


def _part(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _under(place: Place, hidden: list[tuple[str, bool]]) -> bool:
    """Whether a place was masked whole: all below one that was not looked into, and its key where that was not."""
    pointer, is_key = place
    return any(
        pointer.startswith(f"{one}/") or (pointer == one and (key_as_well or not is_key)) for one, key_as_well in hidden
    )
