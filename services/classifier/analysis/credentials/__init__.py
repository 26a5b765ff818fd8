"""Secrets in text: what issuers' tokens look like, and values that are given as secrets.

Rules:
- Every rule stands in data with its source: `vendors.py` (a prefix tells), `shapes.py` (the parts do), `keys.py`,
  `links.py`, `contexts.py` (words around do), `commands.py` (programs and their flags),
  `configurations.py` (forms of files); `assignments.py` is one rule.
  Each has hits and near misses beside it in the tests, or a test fails.
- A name above the value (`{"password": …}`) tells as much as one in the text.
- What stands where a secret would be is known (`stand_ins.py`): an example is masked, and is no reason to hold an
  action; a reference is not reported.
- Time is linear in the text: `rule.py` says how.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.credentials import (
    assignments,
    commands,
    configurations,
    contexts,
    keys,
    links,
    shapes,
    stand_ins,
    vendors,
)
from services.classifier.analysis.credentials.marks import Marks
from services.classifier.analysis.credentials.rule import EXAMPLE, SECRET, Rule, Text
from services.classifier.model import Passage, Span

__all__ = ["EXAMPLE", "RECOGNIZERS", "RULES", "SECRET", "Rule", "find", "is_stand_in"]


_TOLD: Final = (*links.RULES, *contexts.RULES, *configurations.RULES)
RULES: Final = (*keys.RULES, *vendors.RULES, *shapes.RULES, *_TOLD)
RECOGNIZERS: Final = (
    *(rule.name for rule in RULES),
    assignments.NAME,
    configurations.MANIFEST,
    *commands.NAMES,
    "telling_name",
    "random_under_telling_name",
)
"""The name of everything that reports a secret, without the `credential/` before it."""

_RUN: Final = re.compile(r"[A-Za-z0-9_+/=.~:$|%-]{16}")
"""No issuer's token is without one."""
_EXACT: Final = frozenset({"sql_password"})
"""What stands in quotes: no sign at its end belongs to the sentence."""
_ISSUED: Final = Marks((mark, rule) for rule in (*vendors.RULES, *shapes.RULES) for mark in rule.marks)
_OTHERS: Final = Marks((mark, rule) for rule in (*keys.RULES, *_TOLD) for mark in rule.marks)
_PARTED: Final = re.compile(r"[\s:=@<(\[{,'\"`：]|LS0t|[は是为為]")
"""What tells a secret by words around it has words around it: most values are one word."""
_ADDRESS: Final = re.compile(r"://|[^=;]{1,100}=[^=;]{0,300}(?:;|\Z)")


def find(passage: Passage) -> Iterator[Span]:
    """Every secret in the text, overlapping ones too."""
    raw = passage.text
    yield from _under_name(raw, passage.hints)
    if passage.number:
        return
    text = Text.of(raw)
    if _RUN.search(raw) is not None:
        for rule in _ISSUED.standing(text.folded):
            yield from _matches(rule, text)
    if _PARTED.search(raw) is None:
        return
    for rule in _OTHERS.standing(text.folded):
        yield from _matches(rule, text)
    yield from assignments.find(text)
    yield from commands.find(text)
    yield from configurations.find(text)


def is_stand_in(value: str) -> bool:
    """Whether a value is published as an example, or stands where a secret will be."""
    return stand_ins.is_stand_in(value)


def _under_name(text: str, hints: tuple[str, ...]) -> Iterator[Span]:
    """The whole value under a name that tells, or that could."""
    told = names.is_secret(hints)
    if not (told or names.is_key(hints)) or (names.is_address(hints) and _ADDRESS.search(text)):
        return
    kind = assignments.judge(text.strip(), hints)
    if kind is not None:
        score, name = (0.9, "telling_name") if told else (0.6, "random_under_telling_name")
        yield Span(kind, 0, len(text), score, f"credential/{name}")


def _matches(rule: Rule, text: Text) -> Iterator[Span]:
    for match in rule.pattern.finditer(text.folded if rule.folded else text.raw):
        group = match.lastindex or 0
        start, end = match.span(group)
        value = text.raw[start:end]
        if not _is_named(match, text.raw):
            continue
        if rule.told and rule.name not in _EXACT:
            value = value.rstrip(".,;")
            end = start + len(value)
        if not value or not rule.accept(value):
            continue
        kind = _kind(rule, value)
        if kind is not None:
            yield Span(kind, start, end, rule.score, f"credential/{rule.name}")


def _is_named(match: re.Match[str], text: str) -> bool:
    """Whether the name that a rule has read, if it reads one, is that of a secret."""
    spans = [match.span(group) for group in match.re.groupindex if match[group] is not None]
    return all(names.is_secret(names.words(text[start:end])) for start, end in spans)


def _kind(rule: Rule, value: str) -> str | None:
    if rule.name == "url_userinfo":
        if links.is_printed(value):
            return EXAMPLE
        return stand_ins.kind_of_told(rule.entity_type, value.partition(":")[2], ("password",))
    if rule.told:
        return stand_ins.kind_of_told(rule.entity_type, value, ("password",) if "password" in rule.name else ())
    prefix = next((one for one in rule.prefixes if value.startswith(one)), "")
    return stand_ins.kind_of(rule.entity_type, value, body=value[len(prefix) :])
