"""What the owner of the installation looks for besides: the form of the file that says it.

Rules:
- Closed and strict, as taxonomy and catalogue: an unknown member is refused.
- A recognizer, a dictionary or a marking names the type of what it finds. The type's labels and sensitivity stand in
  the taxonomy or under `types` here, never in both: a type has one meaning.
- What could never be found is a mistake, and refused: a score too low to count and no word that raises it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints

from placet.base import Strict
from services.classifier.analysis.owners.checks import Check
from services.classifier.analysis.owners.folding import Fold
from services.classifier.analysis.taxonomy import EntityType, Meaning, Taxonomy

MARKING: Final = "MARKING"
RECOGNIZERS: Final = ("own/", "dictionary/", "marking/")
"""How the names of those begin that find what the owner looks for."""
THRESHOLD: Final = 0.4
"""What scores less is not reported; the engine's threshold too."""
RAISED: Final = 0.35
"""What a word beside it adds to a score."""

OwnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
Score = Annotated[float, Field(gt=0, le=1)]
Place: TypeAlias = tuple[str | int, ...]
"""Where in the file, as pydantic says it."""


class _Told(Strict):
    """What is said of a field here, its schema says too."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class OwnRecognizer(_Told):
    """A pattern, and what makes its matches likelier."""

    name: OwnName
    type: EntityType
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    """As Python's `re` has it; the first group is what is found, or all of the match."""
    score: Score = 0.6
    """What is below 0.4 in the end is not reported."""
    ignore_case: bool = False
    context: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^\w{1,64}$")], ...], Field(max_length=64)] = ()
    """Words, one each: in the name above, or within 60 characters before, they raise the score by 0.35."""
    validator: Check | None = None
    """A check that what is found must pass."""


class Dictionary(_Told):
    """A plain file of terms, one a line; empty lines and those that begin with # are not terms."""

    name: OwnName
    type: EntityType
    file: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
    """Beside this file, unless the path is absolute."""
    folds: Annotated[tuple[Fold, ...], Field(max_length=3)] = ("case", "accents")
    """What makes no difference: case, accents (and other forms of a letter), separators (`-` and `_` as a space)."""
    whole_words: bool = True
    score: Annotated[float, Field(ge=THRESHOLD, le=1)] = 0.85


class OwnMarking(_Told):
    """One more marking: a phrase."""

    text: Annotated[str, StringConstraints(min_length=3, max_length=200, pattern=r"^\S(?:.*\S)?$")]
    type: EntityType = MARKING
    any_case: bool = False


class Markings(_Told):
    """What documents say about themselves."""

    built_in: bool = True
    """CONFIDENTIAL, attorney-client privileged, TLP:AMBER and the like."""
    own: Annotated[tuple[OwnMarking, ...], Field(max_length=1_000)] = ()


class Own(_Told):
    """The owner's file."""

    format: Literal["placet-own-detectors-v1"]
    types: dict[EntityType, Meaning] = Field(default_factory=dict)
    """What your own types mean; labels are what policies ask for."""
    recognizers: Annotated[tuple[OwnRecognizer, ...], Field(max_length=200)] = ()
    dictionaries: Annotated[tuple[Dictionary, ...], Field(max_length=64)] = ()
    markings: Markings = Markings()


NOTHING: Final = Own(format="placet-own-detectors-v1")
"""Of an owner who looks for nothing besides: the built-in markings alone."""


def faults(own: Own, taxonomy: Taxonomy) -> Iterator[tuple[Place, str]]:
    """What is wrong with a file that has the right form, each with its place."""
    for kind in own.types:
        if kind in taxonomy.types:
            yield ("types", kind), "the taxonomy has this type already"
    known = taxonomy.types.keys() | own.types.keys()
    for place, kind in _types(own):
        if kind not in known:
            yield place, "no such type, neither in the taxonomy nor under types"
    for member, named in (
        ("recognizers", [one.name for one in own.recognizers]),
        ("dictionaries", [one.name for one in own.dictionaries]),
    ):
        yield from (
            ((member, index, "name"), "another one has this name")
            for index, name in enumerate(named)
            if name in named[:index]
        )
    for index, recognizer in enumerate(own.recognizers):
        if recognizer.score < THRESHOLD and not recognizer.context:
            yield (
                ("recognizers", index, "score"),
                f"what scores less than {THRESHOLD} and has no context is never found",
            )
        elif recognizer.score + RAISED < THRESHOLD:
            yield ("recognizers", index, "score"), "even with its context it is never found"


def _types(own: Own) -> Iterator[tuple[Place, str]]:
    for index, recognizer in enumerate(own.recognizers):
        yield ("recognizers", index, "type"), recognizer.type
    for index, dictionary in enumerate(own.dictionaries):
        yield ("dictionaries", index, "type"), dictionary.type
    for index, marking in enumerate(own.markings.own):
        yield ("markings", "own", index, "type"), marking.type
