"""entities.json and the schema's actions: what is declared, and where it lies.

Rules: environments, teams and resources are taken as Cedar's own entity format has them, checked against the schema;
every resource reaches an environment; `Environment::"unknown"` exists; an agent has teams and no attributes, because
the rest of it comes from the trust file with each question. An action that has members is a group, not an action.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cedarpy import Entities

from placet.canonical import canonical_bytes, strict_loads
from placet.errors import DecodeError
from services.policy.errors import PolicyError, Problem
from services.policy.model import UNKNOWN, Declared, Entity

Uid = tuple[str, str]
"""Type and id."""


def read_entities(file: str, content: bytes, schema: str) -> Declared:
    """Read entities.json against a schema; raise `PolicyError`."""
    try:
        given = strict_loads(content)
        agents = {uid[1]: _parents(entity) for entity in given if (uid := _uid(entity["uid"]))[0] == "Agent"}
        dressed = [entity for entity in given if _uid(entity["uid"])[0] == "Agent" and entity.get("attrs")]
        base = [entity for entity in given if _uid(entity["uid"])[0] != "Agent"]
    except (DecodeError, KeyError, TypeError) as error:
        why = error.sentence if isinstance(error, DecodeError) else "is not a list of entities with uid and parents"
        raise PolicyError([Problem("bad_entities", file, why)]) from None
    try:
        entities = Entities.from_json_str(json.dumps(base), schema)
    except ValueError as error:
        raise PolicyError([Problem("bad_entities", file, str(error))]) from None
    # Asked back from the engine: its entities hold the schema's actions, too.
    known: dict[Uid, Entity] = {
        _uid(entity["uid"]): strict_loads(canonical_bytes(entity)) for entity in json.loads(str(entities))
    }
    parents = {uid: _parents(entity) for uid, entity in known.items()}
    problems = [
        Problem("agent_attributes", file, "an agent has teams and no attributes", _uid(entity["uid"])[1])
        for entity in dressed
    ]
    problems += [
        Problem("nowhere", file, f"{uid[1]} lies in no environment")
        for uid in parents
        if uid[0] == "Resource" and not any(kind == "Environment" for kind, _ in _above(uid, parents))
    ]
    problems += [
        Problem("unknown_team", file, f"{agent} is in {parent[0]} {parent[1]}, which is not a declared team")
        for agent, above in agents.items()
        for parent in above
        if parent[0] != "Team" or parent not in parents
    ]
    if ("Environment", UNKNOWN) not in parents:
        problems.append(
            Problem("no_unknown", file, f'declares no Environment "{UNKNOWN}", where undeclared things lie')
        )
    if problems:
        raise PolicyError(problems)
    groups = frozenset(name for above in parents.values() for kind, name in above if kind == "Action")

    def chain(*uids: Uid) -> tuple[Entity, ...]:
        return tuple(known[uid] for uid in sorted({*uids, *(above for uid in uids for above in _above(uid, parents))}))

    return Declared(
        actions={uid[1]: chain(uid) for uid in sorted(parents) if uid[0] == "Action" and uid[1] not in groups},
        groups=groups,
        places={uid[1]: chain(uid) for uid in sorted(parents) if uid[0] == "Resource"},
        unknown=known["Environment", UNKNOWN],
        teams={agent: chain(*above) for agent, above in agents.items()},
        members={agent: tuple(sorted(name for _, name in above)) for agent, above in agents.items()},
    )


def _uid(given: Mapping[str, Any]) -> Uid:
    inner = given.get("__entity", given)
    return str(inner["type"]), str(inner["id"])


def _parents(entity: Mapping[str, Any]) -> tuple[Uid, ...]:
    return tuple(_uid(parent) for parent in entity.get("parents", ()))


def _above(uid: Uid, parents: Mapping[Uid, tuple[Uid, ...]]) -> set[Uid]:
    found: set[Uid] = set()
    waiting = list(parents.get(uid, ()))
    while waiting:
        above = waiting.pop()
        if above not in found:
            found.add(above)
            waiting.extend(parents.get(above, ()))
    return found
