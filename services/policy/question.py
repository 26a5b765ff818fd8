"""What the engine is asked about one action.

Rules:
- Principal = the agent, with its owner and teams; action = its name where a file declares it, else `undeclared`;
  resource = below the nearest declared one, else in environment `unknown`; context = what the classifier found.
- Cedar knows no null and no float. The arguments (masked) come as an entity with String tags keyed by JSON pointer
  (RFC 6901, inside the arguments): numbers and booleans as canonical text, nulls absent; integral numbers once more
  in a second entity with Long tags.
- The question is written once, in canonical form (RFC 8785); its digest is over exactly what the engine reads.
- A resource with a `.` or `..` segment may mean another place than it names, so it is `unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from placet.base import Sha256
from placet.canonical import canonical_bytes, sha256_hex
from placet.events import ActionClassified, Facts, Sensitivity
from services.policy.model import UNDECLARED, UNKNOWN, Rulebook

_LEVEL: Final = {sensitivity: level for level, sensitivity in enumerate(Sensitivity)}
_ARGUMENTS: Final = {"__entity": {"id": "action", "type": "Arguments"}}
_INTEGERS: Final = {"__entity": {"id": "action", "type": "Integers"}}


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

    @property
    def request(self) -> dict[str, Any]:
        """As cedarpy takes it."""
        return {
            "principal": {"type": "Agent", "id": self.agent},
            "action": {"type": "Action", "id": self.action},
            "resource": {"type": "Resource", "id": self.resource},
            "context": self.context,
        }

    @cached_property
    def digest(self) -> Sha256:
        """SHA-256 over the canonical form of {action, context, entities, principal, resource}."""
        action, agent, resource = (_text(word) for word in (self.action, self.agent, self.resource))
        return sha256_hex(
            f'{{"action":{action},"context":{self.context},"entities":{self.entities}'
            f',"principal":{agent},"resource":{resource}}}'.encode()
        )


def ask(classified: ActionClassified, *, owner: str, rulebook: Rulebook, moment: datetime) -> Question:
    """The question about an action at a moment."""
    action, agent = classified.action, classified.agent
    texts = dict(sorted(_texts(action.arguments), key=lambda item: _utf16(item[0])))
    place = nearest(action.resource, rulebook.resources)
    entities: list[dict[str, Any]] = [
        _entity(
            "Agent", agent, attrs={"owner": owner}, parents=[("Team", team) for team in rulebook.teams.get(agent, ())]
        ),
        _entity("Arguments", "action", tags={pointer: text for pointer, (text, _) in texts.items()}),
        _entity(
            "Integers", "action", tags={pointer: whole for pointer, (_, whole) in texts.items() if whole is not None}
        ),
    ]
    if place != action.resource:
        parent = ("Environment", UNKNOWN) if place is None else ("Resource", place)
        entities.append(_entity("Resource", action.resource, parents=[parent]))
    return Question(
        agent=agent,
        action=action.name if action.name in rulebook.actions else UNDECLARED,
        resource=action.resource,
        context=_canonical(_context(classified, moment)),
        entities=_canonical(entities),
    )


def nearest(resource: str, declared: frozenset[str]) -> str | None:
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


def _context(classified: ActionClassified, moment: datetime) -> dict[str, Any]:
    # Keys in canonical order; absent where the event has null.
    context: dict[str, Any] = {
        "arguments": _ARGUMENTS,
        "edited": classified.edit_of is not None,
        "entity_types": sorted({finding.entity_type for finding in classified.findings}),
        "facts": _facts(classified.facts),
        "findings": len(classified.findings),
        "incomplete": bool(classified.incomplete),
        "integers": _INTEGERS,
        "labels": sorted(set(classified.labels)),
        "name": classified.action.name,
        "on_behalf_of": classified.on_behalf_of,
        "sensitivity": classified.sensitivity.value,
        "sensitivity_level": _LEVEL[classified.sensitivity],
        "session": classified.session,
        "time": {"hour": moment.hour, "unix": int(moment.timestamp()), "weekday": moment.isoweekday()},
    }
    return {name: value for name, value in context.items() if value is not None}


def _facts(facts: Facts) -> dict[str, Any]:
    return {name: _plain(getattr(facts, name)) for name in _FACTS}


_FACTS: Final = sorted(Facts.model_fields)


def _plain(value: Any) -> Any:
    return sorted({str(item) for item in value}) if isinstance(value, tuple) else value


def _entity(
    kind: str,
    name: str,
    *,
    attrs: Mapping[str, Any] | None = None,
    parents: list[tuple[str, str]] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "attrs": attrs or {},
        "parents": [{"id": parent, "type": above} for above, parent in parents or ()],
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


def _utf16(text: str) -> bytes:
    """RFC 8785 §3.2.3: keys are ordered by UTF-16 code units."""
    return text.encode("utf-16-be")


def _canonical(value: Any) -> str:
    # The RFC 8785 form of a value that holds no floats and whose keys already stand in order: many times faster than
    # the general way, and held equal to it by a property test.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)
