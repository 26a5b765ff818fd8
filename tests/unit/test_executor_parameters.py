"""Declared JSON types: what may be declared, what a value must be, and that an error names the parameter only."""

from __future__ import annotations

import sys
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from placet.canonical import canonical_bytes, strict_loads
from placet.executor import Result
from placet.executor.parameters import register
from placet.files import Copies


class Where(TypedDict):
    host: str
    port: int


class Model(BaseModel):
    name: str
    size: int = 1


def copies(folder: Path) -> Copies:
    return Copies(folder, hints={})


def call(declared: Any, value: Any, folder: Path = Path("/nowhere")) -> Any:
    """What a function with one parameter of a declared type gets for a value that went through canonical bytes."""

    def function(it: Any) -> Any:
        return it

    function.__annotations__ = {"it": declared}
    registered = register("test.action", function)
    return registered.arguments(strict_loads(canonical_bytes({"it": value})), copies(folder))["it"]


FITS: list[tuple[Any, Any, Any]] = [
    (str, "a", "a"),
    (int, 3, 3),
    (int, 3.0, 3),
    (float, 3, 3.0),
    (float, 2.5, 2.5),
    (bool, True, True),
    (None, None, None),
    (list, [1, "a"], [1, "a"]),
    (list[int], [1, 2], [1, 2]),
    (dict, {"a": [1]}, {"a": [1]}),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (Literal["r", "w"], "w", "w"),
    (Optional[str], None, None),  # noqa: UP045 - the old spelling is declared too
    (int | str, "a", "a"),
    (list[str | None], ["a", None], ["a", None]),
    (Where, {"host": "h", "port": 1}, {"host": "h", "port": 1}),
    (Model, {"name": "n"}, Model(name="n")),
    (Annotated[int, Field(ge=1)], 1, 1),
]


@pytest.mark.parametrize(("declared", "value", "expected"), FITS, ids=str)
def test_a_value_of_its_type_arrives(declared: Any, value: Any, expected: Any) -> None:
    got = call(declared, value)
    assert got == expected
    assert type(got) is type(expected)


WRONG: list[tuple[Any, Any]] = [
    (str, 1),
    (str, None),
    (int, "1"),
    (int, True),
    (int, 1.5),
    (float, "1"),
    (float, False),
    (bool, 1),
    (bool, "true"),
    (None, 0),
    (list, {"a": 1}),
    (list[int], [1, "2"]),
    (dict, [1]),
    (dict[str, int], {"a": "1"}),
    (Literal["r", "w"], "x"),
    (Literal[1], True),
    (list[Literal[0]], [False]),
    (Literal[True] | None, 1),
    (int | None, "1"),
    (Where, {"host": "h"}),
    (Where, {"host": "h", "port": "1"}),
    (Model, {"name": 1}),
    (Annotated[int, Field(ge=1)], 0),
]


@pytest.mark.parametrize(("declared", "value"), WRONG, ids=str)
def test_a_value_of_another_type_is_a_type_error_that_names_the_parameter(declared: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=r"parameter 'it' of test\.action"):
        call(declared, value)


@given(st.text(min_size=12))
def test_no_error_shows_a_value(secret: str) -> None:
    with pytest.raises(TypeError) as raised:
        call(int, f"canary {secret}")
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "declared",
    [Any, object, bytes, tuple, set, complex, dict[int, str], list[bytes], Literal[b"x"], Path, int | Path, type],
    ids=str,
)
def test_a_type_that_json_does_not_have_is_refused_at_registration(declared: Any) -> None:
    with pytest.raises(TypeError, match="the declared type of parameter 'it'"):
        call(declared, 1)


class TestRegistration:
    def test_an_undeclared_parameter(self) -> None:
        def function(it):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the case
            return it

        with pytest.raises(TypeError, match="'it' declares no type"):
            register("a", function)

    def test_parameters_that_take_anything(self) -> None:
        def positional(*it: int) -> None:
            del it

        def named(**it: int) -> None:
            del it

        def only_positional(it: int, /) -> None:
            del it

        for function in (positional, named, only_positional):
            with pytest.raises(TypeError, match="'it' must be a plain named parameter"):
                register("a", function)

    def test_a_coroutine(self) -> None:
        async def function(it: int) -> None:
            del it

        with pytest.raises(TypeError, match="not a coroutine"):
            register("a", function)

    @pytest.mark.skipif(sys.version_info >= (3, 12), reason="typing's own TypedDict tells enough from 3.12 on")
    def test_a_typed_dict_that_cannot_be_read(self) -> None:
        class Old(typing.TypedDict):
            a: int

        with pytest.raises(TypeError, match="typing_extensions"):
            call(Old, {"a": 1})

    def test_an_annotation_that_cannot_be_resolved(self) -> None:
        def function(it: Missing) -> None:  # type: ignore[name-defined]  # noqa: F821 - the case
            del it

        with pytest.raises(TypeError, match="'Missing' cannot be resolved"):
            register("a", function)


class TestCall:
    def test_defaults_may_be_left_out_and_nothing_may_be_added(self) -> None:
        def function(a: int, b: str = "b", *, c: bool = False) -> None:
            del a, b, c

        registered = register("a", function)
        assert registered.arguments({"a": 1}, copies(Path("/nowhere"))) == {"a": 1}
        with pytest.raises(TypeError, match="lacks the parameter 'a'"):
            registered.arguments({}, copies(Path("/nowhere")))
        with pytest.raises(TypeError) as raised:
            registered.arguments({"a": 1, "canary": 2}, copies(Path("/nowhere")))
        assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [{"counts": {"Rows": 1}}, {"counts": {"rows": 1.5}}, {"counts": {"rows": True}}, {"hashes": {"file": "abc"}}],
    ids=str,
)
def test_a_result_holds_counts_and_hashes_only(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="counts are whole numbers"):
        Result(None, **wrong)
