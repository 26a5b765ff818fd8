"""From a template's tree to an action and the spans in it.

Rules:
- A slot is `⟦maker⟧`, `⟦maker#2⟧` for another one, `⟦maker|how⟧` for a value that hides (`HIDDEN`), `⟦maker!⟧` as a
  whole value for a JSON number, `⟦vector⟧` as a whole value for an embedding. Anything else between ⟦ and ⟧ is refused.
- A span is where its slot was written to, so it cannot be wrong. Text outside slots is labelled nothing.
- Filling is a function of template id, fill and slot alone.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from placet.canonical import canonical_bytes
from tests.corpora.generators import abroad, credentials, elsewhere, forms, lookalikes, numbers, people, plain
from tests.corpora.generators.draw import Draw, Maker
from tests.corpora.model import Gold, Labelled, Locale, Place, Template

MAKERS: Final[Mapping[str, Maker]] = {
    **people.MAKERS, **elsewhere.MAKERS, **forms.MAKERS, **numbers.MAKERS, **abroad.MAKERS, **credentials.MAKERS,
    **plain.MAKERS, **lookalikes.MAKERS,
}  # fmt: skip
HIDDEN: Final[Mapping[str, Callable[[str], str]]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "url": lambda text: quote(text, safe=""),
    "url_all": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "html": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "json": lambda text: json.dumps(text)[1:-1],
    "zero_width": "\u200b".join,
    "full_width": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcx", "аеорсх")),
    "dotted": lambda text: ".".join(text[start : start + 4] for start in range(0, len(text), 4)),
    "spread": " ".join,
    "first": lambda text: text[: len(text) // 2],
    "rest": lambda text: text[len(text) // 2 :],
}
_SLOT: Final = re.compile(r"⟦([a-z0-9_]+)(?:#([2-9]))?(?:\|([a-z0-9_]+))?(!)?⟧")
_LENGTH: Final = 96


class SlotError(ValueError):
    """A template that cannot be filled; the text names it."""


def fill(template: Template, *, kind: str, source: str, number: int) -> Labelled:
    """The template's action under this number; raise `SlotError`."""
    filling = _Filling(template.id, number, template.locale)
    arguments = filling.value(template.arguments, "/arguments")
    purpose = filling.value(template.purpose, "/purpose")
    preview = filling.value(template.preview, "/preview")
    return Labelled(
        template.id, source, kind, template.name, template.resource, arguments, purpose, preview,
        filling.texts, tuple(filling.gold), template.tricky,
    )  # fmt: skip


class _Filling:
    def __init__(self, template: str, number: int, locale: Locale) -> None:
        self._template, self._number, self._locale = template, number, locale
        self.texts: dict[Place, str] = {}
        self.gold: list[Gold] = []

    def value(self, value: Any, pointer: str) -> Any:
        match value:
            case str() if value == "⟦vector⟧":
                return self._vector(pointer)
            case str():
                text = self._text(value, (pointer, False))
                return json.loads(text) if (slot := _SLOT.fullmatch(value)) and slot[4] else text
            case dict():
                return dict(self._member(key, item, pointer) for key, item in value.items())
            case list():
                return [self.value(item, f"{pointer}/{index}") for index, item in enumerate(value)]
            case int() | float() if not isinstance(value, bool):
                self.texts[pointer, False] = canonical_bytes(value).decode()
                return value
            case None | bool():
                return value
            case _:
                raise SlotError(f"{self._template}: {value!r} is nothing that JSON has")

    def _member(self, key: str, item: Any, pointer: str) -> tuple[str, Any]:
        spans = len(self.gold)
        name = self._text(key, None)
        below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        self.gold[spans:] = [Gold(one.entity_type, (below, True), one.start, one.end) for one in self.gold[spans:]]
        self.texts[below, True] = name
        return name, self.value(item, below)

    def _text(self, text: str, place: Place | None) -> str:
        """The text with its slots filled; without a place it is a key, whose pointer is known only then."""
        whole, position = "", 0
        for slot in _SLOT.finditer(text):
            whole += text[position : slot.start()]
            kind, value = self._made(slot)
            if kind is not None:
                self.gold.append(Gold(kind, place or ("", True), len(whole), len(whole) + len(value)))
            whole += value
            position = slot.end()
        whole += text[position:]
        if "⟦" in whole or "⟧" in whole:
            raise SlotError(f"{self._template}: a slot that is none in {text!r}")
        if place is not None and whole:
            self.texts[place] = whole
        return whole

    def _made(self, slot: re.Match[str]) -> tuple[str | None, str]:
        name, number, how = slot[1], int(slot[2] or 1), slot[3]
        if name not in MAKERS or (how is not None and how not in HIDDEN):
            raise SlotError(f"{self._template}: nothing is called {slot[0]}")
        maker = MAKERS[name]
        value = maker.make(Draw(f"{self._template}/{self._number}", name, number, self._locale))
        return maker.entity_type, HIDDEN[how](value) if how is not None else value

    def _vector(self, pointer: str) -> list[float]:
        chance = Draw(f"{self._template}/{self._number}", "vector").chance
        vector = [round(chance.gauss(0, 0.05), 6) for _ in range(_LENGTH)]
        text = canonical_bytes(vector).decode()
        self.texts[pointer, False] = text
        self.gold.append(Gold("EMBEDDING", (pointer, False), 0, len(text)))
        return vector
