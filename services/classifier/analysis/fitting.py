"""Where the engine's recognizers are asked at all, and which of their answers are kept.

Rules:
- A recognizer runs only where the characters it needs are there: a cheap look first.
- A checksum of one digit is right by chance once in ten: what has no other mark needs its word, in the name above or
  just before it.
- What is part of a longer identifier (a UUID, a path, a version, a timestamp) is not somebody's number.
- A name has the form of a name: no digits, no slashes, not a word that only sounds like one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Final

from services.classifier.analysis import destinations
from services.classifier.analysis.words import PRODUCTS
from services.classifier.model import Passage, Span

GATES: Final[Mapping[str, re.Pattern[str]]] = {
    "EMAIL_ADDRESS": re.compile(r"[@＠]"),
    "CREDIT_CARD": re.compile(r"\d(?:[- ]?\d){11}"),
    "IBAN_CODE": re.compile(r"(?i)[a-z]{2}\d{2}[ -]?[a-z0-9]{4}[ -]?[a-z0-9]{3}"),
    "US_SSN": re.compile(r"\d{3}[-. ]?\d{2}[-. ]?\d{4}"),
    "US_ITIN": re.compile(r"9\d{2}[- ]?\d{2}[- ]?\d{4}"),
    "PHONE_NUMBER": re.compile(r"\d(?:[-. ()/]{0,3}\d){6}"),
    "IP_ADDRESS": re.compile(r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]|::[0-9A-Fa-f]"),
    "MAC_ADDRESS": re.compile(
        r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\."
    ),
    "CRYPTO": re.compile(r"(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25}"),
    "UK_NHS": re.compile(r"\d{3}[- ]?\d{3}[- ]?\d{4}"),
    "UK_NINO": re.compile(r"(?i)\b[a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]\b"),
    "ABA_ROUTING_NUMBER": re.compile(r"[0123678]\d{3}-?\d{4}-?\d"),
    "MEDICAL_LICENSE": re.compile(r"[A-Za-z][A-Za-z9]\d{7}"),
    "ES_NIF": re.compile(r"\d{7}-?[A-Z]"),
    "IT_FISCAL_CODE": re.compile(r"(?i)[a-z]{6}[0-9lmnp-v]{2}[a-z]"),
    "PL_PESEL": re.compile(r"\d{11}"),
}
"""Entity type → what must stand in a text for its recognizer to have a chance."""

NEED_CONTEXT: Final[Mapping[str, frozenset[str]]] = {
    "UK_NHS": frozenset({"nhs", "health", "patient"}),
    "ABA_ROUTING_NUMBER": frozenset({"aba", "routing", "rtn", "bank"}),
    "MEDICAL_LICENSE": frozenset({"medical", "certificate", "dea", "license", "doctor", "physician", "prescriber"}),
    "PL_PESEL": frozenset({"pesel"}),
    "US_ITIN": frozenset({"itin", "taxpayer", "tax", "individual"}),
}
"""Entity types that count only with one of these words."""

CONTEXT: Final[Mapping[str, frozenset[str]]] = {
    **NEED_CONTEXT,
    "US_SSN": frozenset({"social", "security", "ssn", "ssns", "sozial"}),
    "PHONE_NUMBER": frozenset({
        "phone", "telephone", "tel", "cell", "cellphone", "mobile", "call", "fax", "sms", "whatsapp", "contact", "dial",
    }),
    "CREDIT_CARD": frozenset({
        "credit", "card", "visa", "mastercard", "amex", "discover", "jcb", "maestro", "pan", "cc",
    }),
}  # fmt: skip
"""Words that raise a score."""

_BEFORE: Final = 60
_IDENTIFIER: Final = re.compile(
    r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|"
    r"\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:z|[+-]\d\d:?\d\d)?)?"
)
"""UUIDs, digests and timestamps: nobody's number."""
_FREE_DIGITS: Final = re.compile(r"(?<![\w/-])\+?\(?\d(?:[-. ()/]{0,3}\d){6}")
_GROUPED: Final = re.compile(r"\+\d|\d[-. )(/]+\d")
_WORDS: Final = re.compile(r"[a-z]+")
_DATE: Final = re.compile(r"(?:19|20)\d{2}[-./ ]?(?:0[1-9]|1[0-2])[-./ ]?(?:0[1-9]|[12]\d|3[01])")
_NAME: Final = re.compile(r"[^\W\d_]+(?:['’.-]+[^\W\d_]+)*\.?(?:\s+[^\W\d_]+(?:['’.-]+[^\W\d_]+)*\.?){0,4}")


def wanted(passage: Passage) -> list[str]:
    """The entity types whose recognizers have a chance in a text."""
    text = passage.text
    if _IDENTIFIER.fullmatch(text):
        return []
    kinds = [kind for kind, gate in GATES.items() if gate.search(text)]
    if "PHONE_NUMBER" in kinds and not _could_be_phone(passage):
        kinds.remove("PHONE_NUMBER")
    return kinds


def has_context(passage: Passage, start: int, words: frozenset[str]) -> bool:
    """Whether one of the words stands in the name above or shortly before."""
    if not words.isdisjoint(passage.hints):
        return True
    before = passage.text[max(0, start - _BEFORE) : start].lower()
    return not words.isdisjoint(_WORDS.findall(before))


def kept(passage: Passage, spans: Iterable[Span]) -> list[Span]:
    """The engine's answers that are kept."""
    spans = list(spans)
    addresses = any(span.entity_type == "IP_ADDRESS" for span in spans) and "://" in passage.text
    hosts = frozenset(start for start, _ in destinations.url_hosts(passage.text)) if addresses else frozenset[int]()
    return [span for span in spans if _keeps(passage, span, hosts)]


def _keeps(passage: Passage, span: Span, hosts: frozenset[int]) -> bool:
    """`hosts`: where hosts of URLs start; an address there is a destination, not somebody's."""
    words = NEED_CONTEXT.get(span.entity_type)
    if words is not None and not has_context(passage, span.start, words):
        return False
    value = passage.text[span.start : span.end]
    match span.entity_type:
        case "PERSON":
            return _is_name(value)
        case "PHONE_NUMBER":
            return _is_phone(passage, span, value)
        case "IP_ADDRESS":
            return span.start not in hosts and _is_somebodys_address(passage.text, span, value)
        case "CREDIT_CARD":
            return _is_card(passage, span, value)
        case "US_SSN" | "UK_NHS" | "ABA_ROUTING_NUMBER" | "PL_PESEL" | "US_ITIN":
            return not _inside_identifier(passage.text, span)
    return True


def _is_name(value: str) -> bool:
    words = value.split()
    if not _NAME.fullmatch(value) or not any(word[0].isupper() for word in words):
        return False
    if all(word.isupper() for word in words) and len(words) == 1:
        return False
    return not all(word.lower().strip(".") in PRODUCTS for word in words)


def _could_be_phone(passage: Passage) -> bool:
    """The phone recognizer is three quarters of the engine's time, so it is asked last."""
    if not CONTEXT["PHONE_NUMBER"].isdisjoint(passage.hints):
        return True
    if not _FREE_DIGITS.search(_DATE.sub("", passage.text)):
        return False
    return not passage.number and (
        _WORDS.search(passage.text.lower()) is not None or _GROUPED.search(passage.text) is not None
    )


def _is_phone(passage: Passage, span: Span, value: str) -> bool:
    if _inside_identifier(passage.text, span) or _DATE.match(value.strip("( ")):
        return False
    if has_context(passage, span.start, CONTEXT["PHONE_NUMBER"]):
        return True
    # Without its word a phone number is written as one: with a country code, or in groups.
    return not passage.number and (value.startswith("+") or re.search(r"\d[-. )]", value) is not None)


def _is_card(passage: Passage, span: Span, value: str) -> bool:
    if _inside_identifier(passage.text, span):
        return False
    digits = re.sub(r"\D", "", value)
    issued = digits[0] in "3456" or digits[:4] in {"2131", "1800"} or "2221" <= digits[:4] <= "2720"
    return (issued and len(digits) >= 13) or has_context(passage, span.start, CONTEXT["CREDIT_CARD"])  # noqa: PLR2004


def _is_somebodys_address(text: str, span: Span, value: str) -> bool:
    """Public addresses of somebody: not ours, no version number."""
    try:
        address = ipaddress.ip_interface(value.split("%", 1)[0])
    except ValueError:
        return True
    if (
        address.is_private
        or address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_link_local
    ):
        return False
    before = text[max(0, span.start - 10) : span.start]
    return re.search(r"(?i)(?:\bv|version\s?|release\s?|[\w-]@|==?|[\w.-]-)$", before) is None


def _inside_identifier(text: str, span: Span) -> bool:
    """Whether letters, digits or joining marks continue on either side."""
    before, after = text[max(0, span.start - 2) : span.start], text[span.end : span.end + 2]
    joined_before = before[-1:].isalnum() or (before[-1:] in {"-", "_", "/", "."} and before[:1].isalnum())
    joined_after = (
        after[:1].isalnum()
        or (after[:1] in {"-", "_", "/"} and after[1:].isalnum())
        or (after[:1] in {".", ":"} and after[1:].isdigit())
    )
    return joined_before or joined_after
