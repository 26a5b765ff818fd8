"""From what was found to what may be shown.

Rules:
- A span becomes `‹TYPE_n›`. The same value of the same type has the same number within an action; numbers follow the
  order of the document. A placeholder that the original text holds already is never issued.
- What was not looked into becomes `‹NOT_INSPECTED_n›`, whole, each with a number of its own.
- A detected value is masked wherever else it stands (`repeats`).
- JSON stays JSON: masked keys of one object never collide; a masked number becomes a string.
- A form (`forms`) is told of a placeholder that stands for one whole value, where it holds nothing that was detected.
- Whatever the rest does, `survivors` looks at the result once more before anybody gets it, and into what it encodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from placet.events import Finding, Uninspected
from services.classifier.analysis import forms, placeholders, repeats
from services.classifier.analysis.spans import SPLIT, Found
from services.classifier.analysis.unwrapping import unwrap
from services.classifier.analysis.unwrapping.unwrap import Room
from services.classifier.analysis.walk import number_text
from services.classifier.model import Path, Skipped, Span, Subject, Where

_DECODED: Final = 1_000_000
"""Characters that the last look decodes: more than an action can hold that was looked into."""
MEMBERS: Final = ("arguments", "purpose", "preview")


@dataclass(frozen=True, slots=True)
class Masked:
    """What may be shown."""

    arguments: dict[str, Any]
    purpose: str
    preview: Any
    findings: tuple[Finding, ...]
    incomplete: tuple[Uninspected, ...]
    forms: Mapping[str, str]
    """By placeholder."""


@dataclass(slots=True)
class _Placeholders:
    reserved: frozenset[str]
    issued: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)
    _of: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, kind: str, value: str) -> str:
        """The placeholder of a value; the same for the same value."""
        if (kind, value) not in self._of:
            self._of[kind, value] = self.fresh(kind)
        return self._of[kind, value]

    @property
    def values(self) -> Iterable[tuple[str, str, str]]:
        """Placeholder, type and value, of each value."""
        return ((text, kind, value) for (kind, value), text in self._of.items())

    def fresh(self, kind: str) -> str:
        """A placeholder that nothing else has."""
        while True:
            self._numbers[kind] = self._numbers.get(kind, 0) + 1
            text = placeholders.of(kind, self._numbers[kind])
            if text not in self.reserved:
                self.issued.add(text)
                return text


def mask(
    subject: Subject,
    found: Sequence[Found],
    skipped: Sequence[Skipped],
    detected: Mapping[str, Span],
    *,
    credentials: frozenset[str] = frozenset(),
    fingerprint: Callable[[str, str], str],
) -> Masked | None:
    """Everything masked; None where a detected value would still be readable.

    `found` and `skipped` are in document order; `detected` are the `values` of everything that was found, also in
    members that are masked whole; `fingerprint` gives 32 hexadecimal digits of a type and a value.
    """
    found = repeats.spread(found, detected, credentials)
    builder = _Builder(_Placeholders(reserved=_reserved(subject)), fingerprint)
    builder.read(found, skipped)
    arguments, purpose, preview = (builder.build(getattr(subject, name), (name,)) for name in MEMBERS)
    if not isinstance(arguments, dict):  # not looked into as a whole: still an object, as the contract says
        arguments = {arguments: arguments}
    every = {**_every(found), **detected}
    told = _forms(builder.placeholders.values, found, every, credentials)
    if any(survivors([arguments, purpose, preview], detected, builder.placeholders.issued)):
        return None
    if any(survivors(told.values(), every, ())):
        return None
    return Masked(arguments, purpose, preview, builder.findings(found), builder.incomplete(skipped), told)


def survivors(outputs: Iterable[object], detected: Mapping[str, Span], issued: Iterable[str]) -> Iterator[str]:
    """The entity types of detected values that can still be read somewhere outside the issued placeholders."""
    issued = frozenset(issued)
    if not detected:
        return
    texts = [placeholders.ANY.sub(lambda m: "\n" if m[0] in issued else m[0], text) for text in _texts(outputs)]
    room = Room(_DECODED, _DECODED)
    texts += [layer.text for text in texts for layer in unwrap.texts(text, room)]
    whole = "\n".join(texts)
    for value, span in detected.items():
        if value in whole and any(value in text for text in texts):
            yield span.entity_type


def _every(found: Iterable[Found]) -> dict[str, Span]:
    """What was detected, the shortest too: a form can do without."""
    return {value: span for one in found for span in one.spans if (value := one.value(span).strip())}


def _forms(
    issued: Iterable[tuple[str, str, str]],
    found: Iterable[Found],
    detected: Mapping[str, Span],
    credentials: frozenset[str],
) -> dict[str, str]:
    """The form of each placeholder that may have one."""
    candidates = {text: (form, value) for text, kind, value in issued if (form := forms.of(kind, value))}
    if not candidates:
        return {}
    secret = [value for value, span in detected.items() if span.entity_type in credentials]
    secrets = "\n".join(secret)
    parts = {one.value(span) for one in found for span in one.spans if span.recognizer.startswith(SPLIT)}
    names, folded = forms.naming(detected), {**detected, **{value.casefold(): one for value, one in detected.items()}}
    telling = {
        form
        for form in {form for form, _ in candidates.values()}
        if forms.holds(form, names) or any(survivors([form], folded, ()))
    }

    def may_have_one(value: str) -> bool:
        return not (value in secrets or value in parts or any(one in value for one in secret))

    return {text: form for text, (form, value) in candidates.items() if form not in telling and may_have_one(value)}


def _reserved(subject: Subject) -> frozenset[str]:
    texts = _texts([subject.arguments, subject.purpose, subject.preview])
    return frozenset(match for text in texts if "‹" in text for match in placeholders.ANY.findall(text))


def _texts(values: Iterable[object]) -> Iterator[str]:
    """Every string, key and number in JSON values, as text."""
    for value in values:
        match value:
            case None | bool():
                pass
            case str():
                yield value
            case int() | float():
                yield number_text(value)
            case Mapping():
                yield from value
                yield from _texts(value.values())
            case list() | tuple():
                yield from _texts(value)


class _Builder:
    """Holds what replaces what, then rebuilds the tree."""

    def __init__(self, issuing: _Placeholders, fingerprint: Callable[[str, str], str]) -> None:
        self.placeholders = issuing
        self._fingerprint = fingerprint
        self._texts: dict[tuple[Path, Where], str] = {}

    def read(self, found: Sequence[Found], skipped: Sequence[Skipped]) -> None:
        """Number everything, in the order of the document."""
        taken: dict[Path, set[str]] = {}
        for one in found:
            leaf = one.leaf
            text = self._masked(one)
            if leaf.where == "key":
                keys = taken.setdefault(leaf.path[:-1], set())
                if text in keys:
                    text = self.placeholders.fresh(placeholders.KEY)
                keys.add(text)
            if one.spans or text != leaf.passage.text:
                self._texts[leaf.path, leaf.where] = text
        for skip in skipped:
            self._texts[skip.path, skip.where] = self.placeholders.fresh(placeholders.NOT_INSPECTED)

    def build(self, value: Any, path: Path) -> Any:
        """The masked copy of a value."""
        replaced = self._texts.get((path, "value"))
        if replaced is not None:
            return replaced
        match value:
            case Mapping():
                return {
                    self._texts.get(((*path, key), "key"), key): self.build(item, (*path, key))
                    for key, item in value.items()
                }
            case list() | tuple():
                return [self.build(item, (*path, index)) for index, item in enumerate(value)]
            case _:
                return value

    def findings(self, found: Sequence[Found]) -> tuple[Finding, ...]:
        """What was found, in order; the pointers masked."""
        return tuple(
            Finding(
                entity_type=span.entity_type,
                pointer=self.pointer(one.leaf.path),
                in_key=one.leaf.where == "key",
                start=span.start,
                end=span.end,
                score=round(span.score, 4),
                recognizer=span.recognizer,
                fingerprint=self._fingerprint(span.entity_type, one.value(span)),
            )
            for one in found
            for span in one.spans
        )

    def incomplete(self, skipped: Sequence[Skipped]) -> tuple[Uninspected, ...]:
        """What was not looked into, in order, each place once."""
        places = dict.fromkeys((self.pointer(skip.path), skip.reason) for skip in skipped)
        return tuple(Uninspected(pointer=pointer, reason=reason) for pointer, reason in places)

    def pointer(self, path: Path) -> str:
        """RFC 6901, with masked key names."""
        parts: list[str] = []
        for depth, part in enumerate(path, start=1):
            key = self._texts.get((path[:depth], "key"), part) if isinstance(part, str) else str(part)
            parts.append(str(key).replace("~", "~0").replace("/", "~1"))
        return "/" + "/".join(parts)

    def _masked(self, one: Found) -> str:
        text = one.leaf.passage.text
        if one.leaf.passage.number and one.spans:
            return self.placeholders.of(one.spans[0].entity_type, text)
        pieces, position = [], 0
        for span in one.spans:
            pieces += [text[position : span.start], self.placeholders.of(span.entity_type, one.value(span))]
            position = span.end
        return "".join([*pieces, text[position:]])
