"""The words of the corpora: a template, what it is filled to, and where in it something sensitive stands.

Rules:
- A place is a JSON pointer (RFC 6901) into {arguments, purpose, preview}, value or key; a span counts code points.
- A span's label is what its slot is for, never what somebody found there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, StringConstraints

from placet.base import Strict

Half: TypeAlias = Literal["dev", "test"]
Place: TypeAlias = tuple[str, bool]
"""JSON pointer; whether it is the key there rather than the value."""
Locale: TypeAlias = Literal["en", "de", "fr", "es", "it", "pl", "ru", "ja", "zh"]


class Template(Strict):
    """One hand-written action with slots."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]
    locale: Locale = "en"
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    resource: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    arguments: dict[str, Any]
    purpose: str = ""
    preview: Any = None
    tricky: bool = False
    """Clean, and made of what is called like people: its false alarms have a floor of their own."""


class TemplateFile(Strict):
    """A file of one kind and half."""

    format: Literal["placet-corpus-v1"]
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]
    templates: Annotated[list[Template], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Gold:
    """One labelled span."""

    entity_type: str
    place: Place
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """A filled template: an action, every text in it, and what is sensitive."""

    template: str
    source: str
    kind: str
    name: str
    resource: str
    arguments: Mapping[str, Any]
    purpose: str
    preview: Any
    texts: Mapping[Place, str]
    gold: tuple[Gold, ...]
    tricky: bool = False
