"""What the engine is asked about one action.

Rules:
- Principal = the agent, with its owner and teams; action = its name where a file declares it, else `undeclared`;
  resource = below the nearest declared one, else in environment `unknown`; context = what the classifier found.
- Cedar knows no null and no float. The arguments (masked) come as an entity with String tags keyed by JSON pointer
  (RFC 6901, inside the arguments): numbers and booleans as canonical text, nulls absent; integral numbers once more
  in a second entity with Long tags.
- The question is written once, in canonical form (RFC 8785); its digest is over exactly what the engine reads.
- What is larger than the engine is ever asked is not made: `QuestionTooLargeError`.
- A resource with a `.` or `..` segment may mean another place than it names, so it is `unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from placet.base import Sha256
from placet.canonical import canonical_bytes, sha256_hex
from placet.events import ActionClassified, Facts, Sensitivity
from services.policy.cost import MAX_QUESTION_BYTES, MAX_TAGS
from services.policy.errors import QuestionTooLargeError
from services.policy.model import UNDECLARED, UNKNOWN, Declared, Entity, Rulebook
from services.policy.needs import Needs

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
"""One for all: `json.dumps` would build another at every call."""
_LEVEL: Final = {sensitivity: level for level, sensitivity in enumerate(Sensitivity)}


@dataclass(frozen=True)
class Question:
    """A Cedar request and the entities it brings along, as the engine reads them."""

    agent: str
    action: str
    """A declared action, or `undeclared`."""
    resource: str
    context: str
    """Canonical JSON."""
    entities: str
    """Canonical JSON."""
    placed: bool
    """Whether a file says where the resource lies."""

    @property
    def request(self) -> dict[str, Any]:
        """As cedarpy takes it."""
        return {
            "principal": {"type": "Agent", "id": self.agent},
            "action": {"type": "Action", "id": self.action},
            "resource": {"type": "Resource", "id": self.resource},
            "context": self.context,
        }

    @property
    def size(self) -> int:
        """What the engine reads, in characters."""
        return len(self.context) + len(self.entities)

    @cached_property
    def digest(self) -> Sha256:
        """SHA-256 over the canonical form of {action, context, entities, principal, resource}."""
        action, agent, resource = (_text(word) for word in (self.action, self.agent, self.resource))
        return sha256_hex(
            f'{{"action":{action},"context":{self.context},"entities":{self.entities}'
            f',"principal":{agent},"resource":{resource}}}'.encode()
        )


def ask(
    classified: ActionClassified, *, owner: str, rulebook: Rulebook, moment: datetime, needs: Needs | None = None
) -> Question:
    """The question about an action at a moment; as much of it as the action's policies need, unless told otherwise.

    Raise `QuestionTooLargeError`.
    """
    name = classified.action.name if classified.action.name in rulebook.actions else UNDECLARED
    needs = needs or rulebook.actions[name].needs
    place = nearest(classified.action.resource, rulebook.declared.places)
    return Question(
        agent=classified.agent,
        action=name,
        resource=classified.action.resource,
        context=_canonical(_context(classified, moment, needs)),
        entities=_canonical(_entities(classified, owner, rulebook.declared, place, needs)),
        placed=place is not None,
    )


def nearest(resource: str, declared: Container[str]) -> str | None:
    """The longest declared resource that a resource is or lies below, by whole path segments."""
    scheme, _, path = resource.partition("://")
    parts = path.split("/")
    if "." in parts or ".." in parts:
        return None
    for length in range(len(parts), 0, -1):
        candidate = f"{scheme}://{'/'.join(parts[:length])}"
        if candidate in declared:
            return candidate
    return None


_CONTEXT: Final[Mapping[str, Callable[[ActionClassified, datetime], Any]]] = {
    "arguments": lambda _c, _m: {"__entity": {"id": "action", "type": "Arguments"}},
    "edited": lambda c, _: c.edit_of is not None,
    "entity_types": lambda c, _: sorted({finding.entity_type for finding in c.findings}),
    "facts": lambda _c, _m: None,
    "findings": lambda c, _: len(c.findings),
    "incomplete": lambda c, _: bool(c.incomplete),
    "integers": lambda _c, _m: {"__entity": {"id": "action", "type": "Integers"}},
    "labels": lambda c, _: sorted(set(c.labels)),
    "name": lambda c, _: c.action.name,
    "on_behalf_of": lambda c, _: c.on_behalf_of,
    "sensitivity": lambda c, _: c.sensitivity.value,
    "sensitivity_level": lambda c, _: _LEVEL[c.sensitivity],
    "session": lambda c, _: c.session,
    "time": lambda _, m: {"hour": m.hour, "unix": int(m.timestamp()), "weekday": m.isoweekday()},
}
"""Every attribute of the context, in canonical order; None: absent."""
_FACTS: Final = tuple(sorted(Facts.model_fields))


def _context(classified: ActionClassified, moment: datetime, needs: Needs) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for name, read in _CONTEXT.items():
        if not needs.want(name):
            continue
        value = read(classified, moment) if name != "facts" else _facts(classified.facts, needs)
        if value is not None:
            context[name] = value
    return context


def _facts(facts: Facts, needs: Needs) -> dict[str, Any]:
    found = {name: getattr(facts, name) for name in _FACTS if needs.want_fact(name)}
    return {
        name: sorted({str(item) for item in value}) if isinstance(value, tuple) else value
        for name, value in found.items()
    }


def _entities(
    classified: ActionClassified, owner: str, declared: Declared, place: str | None, needs: Needs
) -> list[Entity]:
    agent, resource = classified.agent, classified.action.resource
    teams = [("Team", team) for team in declared.members.get(agent, ())]
    entities = [_entity("Agent", agent, attrs={"owner": owner}, parents=teams), *declared.teams.get(agent, ())]
    if place is None:
        entities += [_entity("Resource", resource, parents=[("Environment", UNKNOWN)]), declared.unknown]
    else:
        entities += declared.places[place]
        if place != resource:
            entities.append(_entity("Resource", resource, parents=[("Resource", place)]))
    if needs.want("arguments") or needs.want("integers"):
        texts = dict(sorted(_bounded(_texts(classified.action.arguments)), key=lambda item: _utf16(item[0])))
        whole = {pointer: number for pointer, (_, number) in texts.items() if number is not None}
        entities.append(_entity("Arguments", "action", tags={pointer: text for pointer, (text, _) in texts.items()}))
        entities.append(_entity("Integers", "action", tags=whole))
    return entities


def _entity(
    kind: str,
    name: str,
    *,
    attrs: Mapping[str, Any] | None = None,
    parents: Sequence[tuple[str, str]] = (),
    tags: Mapping[str, Any] | None = None,
) -> Entity:
    entity: dict[str, Any] = {
        "attrs": attrs or {},
        "parents": [{"id": parent, "type": above} for above, parent in parents],
    }
    if tags is not None:
        entity["tags"] = tags
    entity["uid"] = {"id": name, "type": kind}
    return entity


def _texts(value: Any, pointer: str = "") -> Iterator[tuple[str, tuple[str, int | None]]]:
    """Every scalar but null, by pointer: its text, and its integer where it is one."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _texts(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
        case list():
            for index, item in enumerate(value):
                yield from _texts(item, f"{pointer}/{index}")
        case bool():
            yield pointer, ("true" if value else "false", None)
        case str():
            yield pointer, (value, None)
        case int():
            yield pointer, (str(value), value)
        case float():
            yield pointer, (canonical_bytes(value).decode(), int(value) if value.is_integer() else None)


def _bounded(texts: Iterator[tuple[str, tuple[str, int | None]]]) -> Iterator[tuple[str, tuple[str, int | None]]]:
    size = 0
    for count, (pointer, (text, number)) in enumerate(texts, 1):
        size += len(pointer) + len(text)
        if count > MAX_TAGS or size > MAX_QUESTION_BYTES:
            raise QuestionTooLargeError
        yield pointer, (text, number)


def _utf16(text: str) -> bytes:
    """RFC 8785 §3.2.3: keys are ordered by UTF-16 code units."""
    return text.encode("utf-16-be")


def _canonical(value: Any) -> str:
    # The RFC 8785 form of a value that holds no floats and whose keys already stand in order: many times faster than
    # the general way, and held equal to it by a property test.
    return _ENCODER.encode(value)


def _text(word: str) -> str:
    return _ENCODER.encode(word)
