"""Why a finding is one: which rule, what its value was checked with, which word raised its score.

Rules:
- What the owner's own detectors did is asked of them again, so it is what happened. Of the others it is what their
  rules say, as far as they say it.
- A sentence names rules, lines, key names and context words; never a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from placet.events import Finding
from services.classifier.adapters.owned import OwnDetector
from services.classifier.analysis import credentials, fitting, identifiers, walk
from services.classifier.analysis.identifiers.context import Words
from services.classifier.analysis.identifiers.rule import RECOGNIZER as IDENTIFIER
from services.classifier.analysis.owners.dictionaries import RECOGNIZER as DICTIONARY
from services.classifier.analysis.owners.recognizers import RECOGNIZER as OWN
from services.classifier.errors import DetectorError
from services.classifier.model import Classification, Leaf, Passage, Path, Subject, Where

_CHECKED: Final[Mapping[str, str]] = {
    "CREDIT_CARD": "Luhn's check digit",
    "IBAN_CODE": "the check digits modulo 97",
    "UK_NHS": "the check digit modulo 11",
    "ES_NIF": "its check letter",
    "IT_FISCAL_CODE": "its check letter",
    "PL_PESEL": "its check digit",
    "ABA_ROUTING_NUMBER": "its check digit",
    "MEDICAL_LICENSE": "its check digit",
    "CRYPTO": "its checksum",
    "IP_ADDRESS": "it reads as an address",
    "PHONE_NUMBER": "its country's numbering plan",
}
"""What the engine's recognizers and the rules for identifiers check."""
_SAYS: Final[Mapping[str, str]] = {
    "field": "the name above it",
    "field/column": "the column it is compared with",
    "shape": "its shape alone",
    "repeat": "the same value was found elsewhere in the action",
    "credential/telling_name": "the name above it is that of a secret",
    "credential/random_under_telling_name": "it looks drawn, under a name that keys have",
    "marking/built_in": "a marking that documents bear",
    "marking/own": "one of your markings",
    "marking/level": "a level of confidentiality under the name of one",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why; None where nothing tells."""

    rule: str
    validator: str | None = None
    context: str | None = None


def explain(subject: Subject, found: Classification, own: OwnDetector) -> list[Explanation]:
    """One for each finding, in their order."""
    passages = _passages(subject, found)
    return [_of(one, passages.get((one.pointer, one.in_key)), own) for one in found.findings]


def _of(finding: Finding, passage: Passage | None, own: OwnDetector) -> Explanation:
    name = finding.recognizer
    if passage is None:
        return Explanation(_SAYS.get(name, name))
    if name.startswith(OWN):
        return _recognizer(finding, passage, own)
    if name.startswith(DICTIONARY):
        hits = [hit for hit in own.terms.find(passage.text) if hit.span.recognizer == name]
        lines = sorted({hit.line for hit in hits if _overlap(hit.span, finding)})
        return Explanation(f"dictionary {name.removeprefix(DICTIONARY)}, line {', '.join(map(str, lines))}")
    told = " ".join(passage.hints)
    if name.startswith("credential/"):
        rule = next((one for one in credentials.RULES if f"credential/{one.name}" == name), None)
        checked = getattr(rule, "accept", None)
        validator = getattr(checked, "__name__", "<lambda>").strip("_")
        return Explanation(
            _SAYS.get(name, f"the form of {name.removeprefix('credential/')}"),
            None if rule is None or validator == "<lambda>" else validator,
            told if "telling_name" in name else None,
        )
    if name.startswith("field"):
        return Explanation(_SAYS.get(name, name), None, told or None)
    if name.startswith("presidio/"):
        name = f"the engine's {name.removeprefix('presidio/')}"
    if name.startswith(IDENTIFIER):
        name = f"the form of {name.removeprefix(IDENTIFIER)}"
    return Explanation(
        _SAYS.get(name, name),
        _CHECKED.get(finding.entity_type) if finding.recognizer.startswith(("presidio/", IDENTIFIER)) else None,
        _engine_context(finding, passage),
    )


def _recognizer(finding: Finding, passage: Passage, own: OwnDetector) -> Explanation:
    try:
        matches = [one for one in own.recognizers.find(passage) if _overlap(one.span, finding)]
    except DetectorError:
        matches = []
    named = [one for one in matches if one.span.recognizer == finding.recognizer]
    if not named:
        return Explanation(f"your recognizer {finding.recognizer.removeprefix(OWN)}")
    best = named[0]
    raised = f"{best.word}, from {best.recognizer.score:.2f}" if best.word is not None else None
    return Explanation(f"your recognizer {best.recognizer.name}", best.recognizer.validator, raised)


def _engine_context(finding: Finding, passage: Passage) -> str | None:
    words = fitting.CONTEXT.get(finding.entity_type)
    if finding.recognizer.startswith(IDENTIFIER):
        rule = identifiers.RULES.get(finding.recognizer.removeprefix(IDENTIFIER))
        words = None if rule is None else rule.words
    named = () if words is None else (*sorted(words.spaced), *words.spaceless)
    near = [word for word in named if Words((word,)).near(passage, finding.start, finding.end)]
    return ", ".join(near) or None


def _overlap(span: Any, finding: Finding) -> bool:
    return bool(span.start < finding.end and finding.start < span.end)


def _passages(subject: Subject, found: Classification) -> dict[tuple[str, bool], Passage]:
    """The text behind each place as it is published: its keys may be masked there."""
    texts: dict[tuple[Path, Where], Passage] = {
        (leaf.path, leaf.where): leaf.passage for leaf in walk.leaves(subject, walk.Limits()) if isinstance(leaf, Leaf)
    }
    passages: dict[tuple[str, bool], Passage] = {}
    for member in ("arguments", "purpose", "preview"):
        for path, shown in _places(getattr(subject, member), getattr(found, member), (member,), f"/{member}"):
            if (value := texts.get((path, "value"))) is not None:
                passages[shown, False] = value
            if (key := texts.get((path, "key"))) is not None:
                passages[shown, True] = key
    return passages


def _places(value: Any, masked: Any, path: Path, shown: str) -> Iterator[tuple[Path, str]]:
    """Every place of the original and its pointer as published; both trees have one shape, in one order."""
    yield path, shown
    match value, masked:
        case Mapping(), Mapping() if len(value) == len(masked):
            for (key, item), (as_shown, item_shown) in zip(value.items(), masked.items(), strict=True):
                part = as_shown.replace("~", "~0").replace("/", "~1")
                yield from _places(item, item_shown, (*path, key), f"{shown}/{part}")
        case list() | tuple(), list() | tuple():
            for index, (item, item_shown) in enumerate(zip(value, masked, strict=True)):
                yield from _places(item, item_shown, (*path, index), f"{shown}/{index}")
