"""What labels and finding types mean to each other (types.yaml).

Rules: closed and strict; a label that a maker uses and the file does not hold is refused by a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import Field

from placet.base import Strict

_FILE: Final = Path(__file__).parent / "types.yaml"


class Sensitive(Strict):
    family: Literal["structured", "credential", "text"]
    accepts: list[str] = Field(default_factory=list)
    stock: list[str] = Field(default_factory=list)
    planned: bool = False
    open: bool = False


class Vocabulary(Strict):
    """types.yaml."""

    format: Literal["placet-corpus-types-v1"]
    types: dict[str, Sensitive]
    neutral: dict[str, list[str]]
    unscored: list[str]

    @cached_property
    def accepted(self) -> Mapping[str, frozenset[str]]:
        """Label → the finding types that are right about it."""
        return {kind: frozenset((kind, *one.accepts)) for kind, one in self.types.items()}

    @cached_property
    def from_stock(self) -> Mapping[str, str]:
        """What Presidio calls a type → what it is called here."""
        return {name: kind for kind, one in self.types.items() for name in one.stock}

    @property
    def accepting(self) -> str:
        """What decides about right and wrong, as text: all but what is still planned."""
        types = {kind: one.model_dump(exclude={"planned"}) for kind, one in self.types.items()}
        return json.dumps([types, self.neutral, self.unscored], sort_keys=True)

    def is_sensitive(self, label: str) -> bool:
        return label in self.types


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    return Vocabulary.model_validate(yaml.safe_load(_FILE.read_text()))
