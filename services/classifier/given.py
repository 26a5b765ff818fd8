"""What a person hands in to be looked into: an action, any JSON, or text.

Rules:
- An action is an object that names itself as one: `name` and `resource`, beside nothing but what an action has; or an
  event that carries one. Its parts need not keep the contract's grammar: nothing is sent anywhere.
- Everything else that is JSON is looked into as arguments are, and what is no JSON as a text among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from placet.canonical import check_json, strict_loads
from placet.errors import DecodeError
from services.classifier.errors import GivenError
from services.classifier.model import Classification, Subject

Kind: TypeAlias = Literal["action", "JSON", "text"]

NOBODY: Final = "somebody"
_NEEDED: Final = frozenset({"name", "resource"})
_ACTION: Final = _NEEDED | {
    "id", "arguments", "purpose", "preview", "session", "agent", "on_behalf_of", "deadline", "deadline_seconds",
    "edit_of",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """What was handed in, as something that can be classified."""

    kind: Kind
    subject: Subject
    wrapped: str | None = None
    """The member of the arguments that was put around it; None where nothing was."""

    def masked(self, found: Classification) -> Any:
        """What may be shown of it, in the form it came in."""
        if self.kind == "action":
            whole = {"arguments": dict(found.arguments), "purpose": found.purpose, "preview": found.preview}
            return {name: value for name, value in whole.items() if value}
        if self.wrapped is None or self.wrapped not in found.arguments:
            return dict(found.arguments)
        return found.arguments[self.wrapped]


def of_bytes(content: bytes, *, name: str = "", resource: str = "") -> Given:
    """A file's content; raise `GivenError`."""
    try:
        return of_json(strict_loads(content), name=name, resource=resource)
    except DecodeError:
        pass
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise GivenError("It is neither JSON nor UTF-8 text.") from None
    return of_text(text.removesuffix("\n"), name=name, resource=resource)


def of_text(text: str, *, name: str = "", resource: str = "") -> Given:
    """A text."""
    return Given("text", _subject({"name": name, "resource": resource, "arguments": {"text": text}}), "text")


def of_json(value: Any, *, name: str = "", resource: str = "") -> Given:
    """A JSON value; raise `GivenError` where it is none."""
    try:
        check_json(value)
    except DecodeError as error:
        raise GivenError(f"It is not the JSON that is meant: {error.sentence}") from None
    action = _action(value)
    if action is not None:
        return Given("action", _subject(action))
    if isinstance(value, Mapping):
        return Given("JSON", _subject({"name": name, "resource": resource, "arguments": value}))
    return Given("JSON", _subject({"name": name, "resource": resource, "arguments": {"data": value}}), "data")


def _action(value: Any) -> Mapping[str, Any] | None:
    """The action in a value, flat; None where there is none."""
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("data"), Mapping) and isinstance(value["data"].get("action"), Mapping):
        value = value["data"]  # an event in its envelope
    if isinstance(value.get("action"), Mapping):
        rest = {key: item for key, item in value.items() if key in {"purpose", "preview", "session", "agent"}}
        value = {**rest, **value["action"]}
    told = all(isinstance(value.get(key), str) for key in _NEEDED)
    arguments = value.get("arguments", {})
    return value if told and value.keys() <= _ACTION and isinstance(arguments, Mapping) else None


def _subject(action: Mapping[str, Any]) -> Subject:
    session = action.get("session")
    return Subject(
        agent=str(action.get("agent") or NOBODY),
        name=str(action["name"]),
        resource=str(action["resource"]),
        arguments=dict(action.get("arguments", {})),
        purpose=str(action.get("purpose") or ""),
        preview=action.get("preview"),
        session=session if isinstance(session, str) else None,
    )
