"""Structured logs: one JSON object a line on standard error.

Rules:
- An event's name is static snake case; data stands in keyword fields; fields are identifiers and numbers, never
  payloads: anything else, and any long text, is replaced by the name of its type.
- An error is its type, its closed code where it has one, and where it was raised; never its text, which may quote a
  value.
- Other people's loggers (Faust, Kafka clients, uvicorn, SQLAlchemy) come the same way: the static template of their
  message, its numbers, and the types of its errors; not the text that was filled in. The same template comes at most
  once in a few seconds, with how many were left out: a client without a broker says the same a hundred times a second.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from enum import Enum
from pathlib import PurePath
from typing import Any, Final, TextIO

import structlog

from placet.errors import ContractError

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
MAX_FIELD_CHARACTERS: Final = 200
REPEAT_SECONDS: Final = 5.0
MAX_TEMPLATES: Final = 1_000

_EVENT: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TEXT: Final = re.compile(r"[\w./:@ ,=+<>\[\]()‹›-]*")
_SETTINGS: Final[dict[str, str]] = {"service": "service", "instance": ""}
_FOREIGN: Final = ("faust", "mode", "aiokafka", "kafka", "uvicorn", "sqlalchemy", "alembic", "asyncio", "py.warnings")


def configure(*, service: str, instance: str = "", level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging of this process. Idempotent; the last call counts."""
    _SETTINGS.update(service=service, instance=instance)
    output = stream or sys.stderr
    handler = logging.StreamHandler(output)
    handler.setFormatter(_LibraryFormatter())
    handler.addFilter(_Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        if name.split(".", 1)[0] in _FOREIGN:
            found = logging.getLogger(name)
            found.handlers.clear()
            found.propagate = True
            found.setLevel(logging.NOTSET)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _described_error,
            _only_identifiers,
            _stamped,
            _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )


def get_logger() -> Any:
    """A structlog logger: `log.info("review_opened", action_id=…)`."""
    return structlog.get_logger()


def error_fields(error: BaseException) -> dict[str, str]:
    """What may be said of an error: type, closed code, where it was raised; never its text."""
    fields = {"error": f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")}
    if isinstance(error, ContractError):
        fields["code"] = error.code
    elif (code := getattr(error, "sqlstate", None) or getattr(error, "errno", None)) is not None:
        fields["code"] = str(code)
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        fields["at"] = " < ".join(f"{PurePath(f.filename).name}:{f.lineno}:{f.name}" for f in frames[:-4:-1])
    return fields


def _described_error(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()[1]
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event.update(error_fields(found))
    return event


def _only_identifiers(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    name = event.get("event")
    if not isinstance(name, str) or not _EVENT.fullmatch(name):
        event["event"] = "event_without_static_name"
    for key, value in event.items():
        event[key] = _identifier(value)
    return event


def _identifier(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return _identifier(value.value)
        case PurePath():
            return _identifier(str(value))
        case str():
            plain = len(value) <= MAX_FIELD_CHARACTERS and _TEXT.fullmatch(value)
            return value if plain else f"‹text of {len(value)} characters›"
        case list() | tuple() | set() | frozenset():
            return [_identifier(item) for item in list(value)[:32]]
        case BaseException():
            return error_fields(value)["error"]
        case _:
            return f"‹{type(value).__name__}›"


def _stamped(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
    return stamp(_logger, _method, {**_base(), **event})


def _base() -> dict[str, str]:
    return {name: value for name, value in _SETTINGS.items() if value}


def _as_json(_logger: Any, _method: str, event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=lambda _: "‹object›")


class _Repeats(logging.Filter):
    """Lets the same message of a library pass once in `REPEAT_SECONDS`."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Count what does not pass; the next that passes says how many."""
        key = record.name, _template(record)
        passed, left_out = self._last.get(key, (-REPEAT_SECONDS, 0))
        if record.created - passed < REPEAT_SECONDS:
            self._last[key] = passed, left_out + 1
            return False
        if len(self._last) >= MAX_TEMPLATES:
            self._last.clear()
        self._last[key] = record.created, 0
        record.repeated = left_out
        return True


class _LibraryFormatter(logging.Formatter):
    """A library's record as one of our lines."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "event": "library_message",
            "level": record.levelname.lower(),
            "logger": record.name,
            # The template is source code; a text that was already filled in looks like one, so it is cut hard.
            "template": _template(record),
        }
        given = record.args if isinstance(record.args, tuple) else ()
        numbers = [value for value in given if isinstance(value, int | float)]
        errors = [error_fields(value)["error"] for value in given if isinstance(value, BaseException)]
        event |= {"numbers": numbers} if numbers else {}
        event |= {"left_out": record.__dict__["repeated"]} if record.__dict__.get("repeated") else {}
        event |= {"errors": errors} if errors else {}
        if record.exc_info and record.exc_info[1] is not None:
            event |= error_fields(record.exc_info[1])
        return _as_json(None, "", _stamped(None, "", event))


def _template(record: logging.LogRecord) -> str:
    """The message's template where it is one; a text without arguments only where it is a plain short sentence."""
    text = record.msg if isinstance(record.msg, str) else f"‹{type(record.msg).__name__}›"
    if record.name == "py.warnings":
        return "‹warning›"
    if not record.args and not re.fullmatch(r"[\w ,.;:'’()!/-]{0,120}", text):
        return f"‹text of {len(text)} characters, {PurePath(record.pathname).name}:{record.lineno}›"
    return text[:MAX_FIELD_CHARACTERS]
