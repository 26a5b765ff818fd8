"""What the command line prints: JSON that is one line, and text in which nobody can hide anything.

Rule: text that came from somewhere else is printed with every control, format, surrogate and separator character
spelled out, so that it can neither move the cursor nor reorder a line.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def plain(text: object) -> str:
    """The text on one line, with nothing invisible in it."""
    return "".join(f"\\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN else char for char in str(text))


def one_line(value: Any) -> str:
    """JSON on one line, ASCII."""
    return json.dumps(value, separators=(", ", ": "))


class Duration(click.ParamType):
    """90s, 15m, 2h, 7d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it, or fail with the forms there are."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,6})([smhd])", str(value))
        if found is None:
            self.fail("write a number and s, m, h or d, for example 15m", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


class JsonText(click.ParamType):
    """JSON, or @FILE to read it from a file."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or fail without repeating it."""
        if not isinstance(value, str):
            return value
        from placet.canonical import strict_loads  # noqa: PLC0415 - `--help` needs none of it
        from placet.errors import DecodeError  # noqa: PLC0415 - as above

        try:
            content = Path(value[1:]).read_bytes() if value.startswith("@") else value.encode()
            return strict_loads(content)
        except OSError as error:
            self.fail(f"{value[1:]}: {error.strerror}", param, ctx)
        except DecodeError as error:
            self.fail(f"not the JSON that is meant: {error}", param, ctx)
