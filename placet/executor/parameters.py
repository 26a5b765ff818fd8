"""The functions an executor may call, and their declared JSON types.

Rules:
- Every parameter has a name and a declared type: str, int, float, bool, None, list, dict, Literal, unions of these,
  TypedDict, pydantic models, `placet.files.File`. `Any`, `*args`, `**kwargs` and anything else is refused when the
  function is registered, not when it runs.
- Values come from JSON as they are: nothing is coerced, a bool is no int, a str is no float.
- A wrong, missing or unknown argument is a `TypeError` that names the parameter and never shows the value.
"""

from __future__ import annotations

import functools
import inspect
import operator
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typing_extensions
from pydantic import BaseModel, BeforeValidator, PydanticUserError, TypeAdapter, ValidationError

from placet.canonical import canonical_bytes
from placet.files import Copies, File

_SCALARS: Final = (str, int, float, bool, type(None))
_PLAIN: Final = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


@dataclass(frozen=True, slots=True)
class Registered:
    """A function under an action's name."""

    name: str
    function: Callable[..., Any]
    _adapters: Mapping[str, TypeAdapter[Any]] = field(repr=False)
    _required: frozenset[str] = field(repr=False)

    def arguments(self, given: Mapping[str, Any], copies: Copies) -> dict[str, Any]:
        """The values to call it with; raise `TypeError` that names the parameter."""
        # Of names in the call only declared ones are repeated: an unknown key may itself be a secret.
        if not given.keys() <= self._adapters.keys():
            raise TypeError(f"{self.name} has an argument that is not one of its parameters {list(self._adapters)}")
        if missing := sorted(self._required - given.keys()):
            raise TypeError(f"{self.name} lacks the parameter {missing[0]!r}")
        return {name: self._value(name, value, copies) for name, value in given.items()}

    def _value(self, name: str, value: Any, copies: Copies) -> Any:
        try:
            return self._adapters[name].validate_json(canonical_bytes(value), strict=True, context=copies)
        except ValidationError as error:
            kind = error.errors(include_input=False, include_url=False, include_context=False)[0]["type"]
            raise TypeError(f"parameter {name!r} of {self.name} is not of its declared type ({kind})") from None


def register(name: str, function: Callable[..., Any]) -> Registered:
    """Read a function's declared types; raise `TypeError` where one cannot be had from JSON."""
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{name}: an action's function is not a coroutine; run your event loop inside it")
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"{name}: the annotation {error.name!r} cannot be resolved") from None
    adapters: dict[str, TypeAdapter[Any]] = {}
    required = set()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in _PLAIN:
            raise TypeError(f"{name}: parameter {parameter.name!r} must be a plain named parameter")
        if parameter.name not in hints:
            raise TypeError(f"{name}: parameter {parameter.name!r} declares no type")
        declared = _declared(name, parameter.name, hints[parameter.name])
        try:
            adapters[parameter.name] = TypeAdapter(declared)
        except PydanticUserError as error:
            raise TypeError(f"{name}: parameter {parameter.name!r}: {error.message}") from None
        if parameter.default is inspect.Parameter.empty:
            required.add(parameter.name)
    return Registered(name, function, adapters, frozenset(required))


def _declared(action: str, parameter: str, declared: Any) -> Any:
    """The type to validate with; raise `TypeError` where JSON does not have it."""
    origin = typing.get_origin(declared)
    inside: tuple[Any, ...] = typing.get_args(declared)

    def within(each: Any) -> Any:
        return _declared(action, parameter, each)

    if declared in {*_SCALARS, list, dict, None, File} or typing_extensions.is_typeddict(declared):
        return declared
    if isinstance(declared, type) and origin is None and issubclass(declared, BaseModel):
        return declared
    if origin is typing.Literal and all(isinstance(each, _SCALARS) for each in inside):
        return Annotated[declared, BeforeValidator(lambda value: _exactly(value, inside))]
    if origin is typing.Annotated:
        return Annotated[(within(inside[0]), *inside[1:])]
    if origin is list:
        return list[within(inside[0])]  # type: ignore[misc]  # known when the function is registered
    if origin is dict and inside[0] is str:
        return dict[str, within(inside[1])]  # type: ignore[misc]  # as above
    if origin in {typing.Union, types.UnionType}:
        return functools.reduce(operator.or_, map(within, inside))
    raise TypeError(f"{action}: the declared type of parameter {parameter!r} is not one that JSON has")


def _exactly(value: Any, members: tuple[Any, ...]) -> Any:
    """`true` is not `Literal[1]`, although Python finds them equal."""
    if not any(type(value) is type(member) and value == member for member in members):
        raise ValueError("not one of the values")
    return value
