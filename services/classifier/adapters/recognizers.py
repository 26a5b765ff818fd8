"""Presidio's pattern recognizers that are in use, and what is mended of them.

Rules:
- No recognizer asks for the public suffix list (Presidio's e-mail rule does, over the network, at the first address).
- A recognizer runs only where it can find something (`fitting.GATES`).
- Imported by `presidio` alone, which sets what Presidio reads at import.
"""

from __future__ import annotations

from presidio_analyzer import EntityRecognizer, Pattern
from presidio_analyzer.predefined_recognizers import (
    AbaRoutingRecognizer,
    CreditCardRecognizer,
    CryptoRecognizer,
    EmailRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    IpRecognizer,
    ItFiscalCodeRecognizer,
    MacAddressRecognizer,
    MedicalLicenseRecognizer,
    NhsRecognizer,
    PhoneRecognizer,
    PlPeselRecognizer,
    UkNinoRecognizer,
    UsItinRecognizer,
    UsSsnRecognizer,
)


class _AnyDomain(EmailRecognizer):
    """Mail addresses under any domain, internal ones too; bounded, so linear."""

    def __init__(self) -> None:
        pattern = r"(?<![\w.+%-])[\w.+%-]{1,64}(?:'[\w.+%-]{1,64})?[@＠][\w-]{1,63}(?:\.[\w-]{1,63}){0,8}(?<![-_.])"
        super().__init__(patterns=[Pattern("any domain", pattern, 0.9)], name="EmailRecognizer")

    def validate_result(self, pattern_text: str) -> bool | None:
        local, _, domain = pattern_text.replace("＠", "@").rpartition("@")
        return None if local.strip(".") and ("." in domain or domain == "localhost") else False


def patterned(language: str) -> list[EntityRecognizer]:
    """The recognizers that need no model; all speak one language to the engine."""
    return [
        _AnyDomain(), CreditCardRecognizer(), IbanRecognizer(), UsSsnRecognizer(), UsItinRecognizer(),
        PhoneRecognizer(supported_regions=("US", "GB", "DE", "FR")), IpRecognizer(), MacAddressRecognizer(),
        CryptoRecognizer(), NhsRecognizer(), UkNinoRecognizer(), AbaRoutingRecognizer(),
        MedicalLicenseRecognizer(), EsNifRecognizer(supported_language=language),
        ItFiscalCodeRecognizer(supported_language=language), PlPeselRecognizer(supported_language=language),
    ]  # fmt: skip
