"""Which parts of a question some policies can look at, so that the others need not be asked.

A policy sees the context only through `context.NAME` and `context has NAME`; what no policy of an action names cannot
change what they say, and leaving it out halves the time of a decision. Rules:
- `context.facts` is told apart one level deeper. Where a policy uses `context` or `context.facts` as a whole, all of
  it is needed; what is not understood here counts as such a use.
- The engine is given the principal, the action, the resource and what they lie in. A policy that looks into an entity
  by its literal name asks about something that may not be there, and would silently get "no": it does not load.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cedarpy import pst


@dataclass(frozen=True, slots=True)
class Needs:
    """Names of context attributes, and of facts; None: all of them."""

    context: frozenset[str] | None
    facts: frozenset[str] | None

    def want(self, name: str) -> bool:
        """Whether a context attribute is looked at."""
        return self.context is None or name in self.context

    def want_fact(self, name: str) -> bool:
        """Whether a fact is looked at."""
        return self.facts is None or name in self.facts


EVERYTHING: Final = Needs(context=None, facts=None)
NOTHING: Final = Needs(context=frozenset(), facts=frozenset())

_FACTS: Final = "facts"


def needs_of(policies: Iterable[pst.Template]) -> Needs:
    """What these policies can look at, together."""
    paths = {path for policy in policies for path in _paths(policy.clauses)}
    if () in paths:
        return EVERYTHING
    facts = frozenset(path[1] for path in paths if path[0] == _FACTS and len(path) > 1)
    return Needs(context=frozenset(path[0] for path in paths), facts=None if (_FACTS,) in paths else facts)


def _paths(node: Any) -> Iterable[tuple[str, ...]]:
    """The attribute paths below `context` that an expression names; () where it uses the whole."""
    path = _path(node)
    if path is not None:
        yield path[:2] if path[:1] == (_FACTS,) else path[:1]
    elif isinstance(node, Mapping):
        for inner in node.values():
            yield from _paths(inner)
    elif isinstance(node, tuple):
        for inner in node:
            yield from _paths(inner)
    elif dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from _paths(getattr(node, field.name))


def _path(node: Any) -> tuple[str, ...] | None:
    """`context.a.b` as (a, b), `context has a.b` too; None for any other expression."""
    match node:
        case pst.Var(name="context"):
            return ()
        case pst.GetAttr(base=base, attr=attr):
            inner = _path(base)
            return None if inner is None else (*inner, attr)
        case pst.HasAttr(base=base, attrs=attrs):
            inner = _path(base)
            return None if inner is None else (*inner, *attrs)
        case _:
            return None


_COMPARES: Final = frozenset({"eq", "not_eq", "contains", "contains_all", "contains_any"})


def strays(node: Any, *, compared: bool = False) -> Iterable[pst.EntityUid]:
    """Entities that an expression names and looks into, instead of comparing something with them."""
    match node:
        case pst.EntityLit(value=uid):
            if not compared:
                yield uid
        case pst.BinaryOp(op="in", left=left, right=right):
            yield from strays(left)
            yield from strays(right, compared=True)
        case pst.BinaryOp(op=op, left=left, right=right):
            for side in (left, right):
                yield from strays(side, compared=op in _COMPARES)
        case pst.Set(elements=elements):
            for element in elements:
                yield from strays(element, compared=compared)
        case tuple():
            for inner in node:
                yield from strays(inner)
        case Mapping():
            for inner in node.values():
                yield from strays(inner)
        case _ if dataclasses.is_dataclass(node):
            for field in dataclasses.fields(node):
                yield from strays(getattr(node, field.name))
