"""An owner's own examples: what is handed in, and what must be found in it.

    - case: a customer number in a mail
      text: "Please refund KD-20431877."
      expect: {types: [CUSTOMER_NUMBER], labels: [pii]}
    - case: an order number is nobody's
      action: {name: mail.send, resource: "smtp://relay", arguments: {body: "Order 20431877 has left."}}
      clean: true

Rules:
- Closed and strict, so that a misspelt member is an error and not a test of nothing: one of `text`, `json` and
  `action`, and one of `expect` and `clean`.
- What is expected is all there is: other types or labels than those named are a difference. What `expect` does not
  mention may be anything, but it mentions something.
- What could not be looked into is a difference, whatever else was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from placet.base import JsonObject, JsonValue, Label, Strict
from placet.events import Sensitivity
from services.classifier import given
from services.classifier.analysis.taxonomy import EntityType
from services.classifier.given import Given
from services.classifier.model import Classification
from services.classifier.ports import GaveUp, Unmaskable


class Expected(Strict):
    """What must be found."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    types: tuple[EntityType, ...] | None = None
    """Exactly these, in any order."""
    labels: tuple[Label, ...] | None = None
    """Exactly these, in any order."""
    sensitivity: Annotated[Sensitivity | None, Field(strict=False)] = None
    masked: JsonValue = None
    """What may be shown of it, exactly."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("it expects nothing")
        return self


class Case(Strict):
    """One example."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    case: Annotated[str, Field(min_length=1, max_length=200)]
    text: str | None = None
    content: JsonValue = Field(default=None, alias="json")
    action: JsonObject | None = None
    expect: Expected | None = None
    clean: bool | None = None
    """Nothing is found, and no label holds."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.model_fields_set & {"text", "content", "action"}) != 1:
            raise ValueError("give exactly one of text, json and action")
        if (self.expect is None) is (self.clean is None) or self.clean is False:
            raise ValueError("give either expect or clean: true")
        if self.action is not None and given.of_json(_lists(self.action)).kind != "action":
            raise ValueError("an action has a name, a resource and arguments, and nothing that actions do not have")
        return self

    @property
    def given(self) -> Given:
        """What is looked into."""
        if self.text is not None:
            return given.of_text(self.text)
        return given.of_json(_lists(self.content if self.action is None else self.action))


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case; it passed where nothing is wrong."""

    file: str
    case: str
    wrong: tuple[str, ...]


def judge(case: Case, found: Classification | GaveUp | Unmaskable) -> Iterator[str]:
    """Every difference between what is expected and what was found."""
    if isinstance(found, Unmaskable):
        yield "a credential stands in the action's name, resource or session: nothing would be published"
        return
    if isinstance(found, GaveUp):
        yield f"not looked into: {found.reason}"
        return
    yield from (f"not looked into: {place.pointer} ({place.reason})" for place in found.incomplete)
    expected = case.expect or Expected(types=(), labels=())
    yield from _differences("types", expected.types, (one.entity_type for one in found.findings))
    yield from _differences("labels", expected.labels, found.labels)
    if expected.sensitivity is not None and found.sensitivity is not expected.sensitivity:
        yield f"expected sensitivity {expected.sensitivity}, found {found.sensitivity}"
    if "masked" in expected.model_fields_set:
        masked = case.given.masked(found)
        if masked != _lists(expected.masked):
            yield f"expected masked {_lists(expected.masked)!r}, found {masked!r}"


def _differences(what: str, expected: Iterable[str] | None, found: Iterable[str]) -> Iterator[str]:
    if expected is None:
        return
    wanted, got = set(expected), set(found)
    if missing := sorted(wanted - got):
        yield f"{what} not found: {', '.join(missing)}"
    if more := sorted(got - wanted):
        yield f"{what} not expected: {', '.join(more)}"


def _lists(value: Any) -> Any:
    """JSON has lists, a strict model has tuples."""
    match value:
        case list() | tuple():
            return [_lists(item) for item in value]
        case dict():
            return {key: _lists(item) for key, item in value.items()}
        case _:
            return value
