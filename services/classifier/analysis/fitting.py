"""Where the engine's recognizers are asked at all, and which of their answers are kept.

Rules:
- A recognizer runs only where the characters it needs are there: a cheap look first.
- A checksum of one digit is right by chance once in ten: what has no other mark needs its word, in the name above or
  just before it.
- What is part of a longer identifier (a UUID, a path, a version, a timestamp) is not somebody's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from services.classifier.analysis.identifiers.context import IDENTIFIER, Around, Words, inside_identifier
from services.classifier.model import Passage, Span

GATES: Final[Mapping[str, re.Pattern[str]]] = {
    "IBAN_CODE": re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?:[ -]?[A-Za-z0-9]){11}"),
    "UK_NHS": re.compile(r"(?<!\d)\d{3}[- ]?\d{3}[- ]?\d{4}(?!\d)"),
    "UK_NINO": re.compile(r"(?i)\b[a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]\b"),
    "ABA_ROUTING_NUMBER": re.compile(r"(?<!\d)[0123678]\d{3}-?\d{4}-?\d(?!\d)"),
    "MEDICAL_LICENSE": re.compile(r"\b[A-Za-z][A-Za-z9]\d{7}\b"),
    "ES_NIF": re.compile(r"(?<![A-Za-z0-9])\d{7,8}-?[A-Za-z](?![A-Za-z0-9])"),
    "IT_FISCAL_CODE": re.compile(r"(?i)(?<![a-z0-9])[a-z]{6}(?=[a-z]{0,8}\d)[0-9lmnp-v]{2}[a-z][0-9lmnp-v]{2}[a-z]"),
    "PL_PESEL": re.compile(r"(?<!\d)\d{11}(?!\d)"),
}
"""Entity type → what must stand in a text for its recognizer to have a chance."""

NEED_CONTEXT: Final[Mapping[str, Words]] = {
    "UK_NHS": Words(("nhs", "health", "patient")),
    "ABA_ROUTING_NUMBER": Words(("aba", "routing", "rtn", "bank")),
    "MEDICAL_LICENSE": Words((
        "medical", "certificate", "dea", "license", "licence", "doctor", "physician", "prescriber", "practitioner",
    )),
    "PL_PESEL": Words(("pesel", "peselu")),
}  # fmt: skip
"""Entity types that count only with one of these words: one check digit alone proves nothing."""

_NINO_WORDS: Final = Words(("nino", "insurance", "ni"))
CONTEXT: Final[Mapping[str, Words]] = {**NEED_CONTEXT, "UK_NINO": _NINO_WORDS}
"""Words that raise a score."""

_WRITTEN: Final[Mapping[str, tuple[re.Pattern[str], Words]]] = {
    "ES_NIF": (re.compile(r"\d{8}-?[A-Z]"), Words(("dni", "nif", "documento", "identidad", "identificacion"))),
    "UK_NINO": (re.compile(r"[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]"), _NINO_WORDS),
}
"""Written in another way than this, a value counts only with its word: `4821830b` is a commit."""
_USUAL: Final = 12
"""Characters of such a value: where only its start is known, what stands behind it stands about there."""


def wanted(passage: Passage) -> list[str]:
    """The entity types whose recognizers have a chance in a text."""
    text = passage.text
    if IDENTIFIER.fullmatch(text):
        return []
    found = [kind for kind, gate in GATES.items() if gate.search(text)]
    if all(kind in NEED_CONTEXT for kind in found):
        around = Around(passage)
        return [kind for kind in found if around.has(NEED_CONTEXT[kind])]
    return found


def has_context(passage: Passage, start: int, words: Words) -> bool:
    """Whether one of the words stands in the name above, shortly before, or right behind."""
    return words.near(passage, start, start + _USUAL)


def kept(passage: Passage, spans: Iterable[Span]) -> list[Span]:
    """The engine's answers that are kept."""
    return [span for span in spans if _keeps(passage, span)]


def _keeps(passage: Passage, span: Span) -> bool:
    words = NEED_CONTEXT.get(span.entity_type)
    form = _WRITTEN.get(span.entity_type)
    if form is not None and not form[0].fullmatch(passage.text, span.start, span.end):
        words = form[1]
    if words is not None and not words.near(passage, span.start, span.end):
        return False
    return not inside_identifier(passage.text, span.start, span.end)
