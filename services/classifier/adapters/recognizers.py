"""Presidio's pattern recognizers that are in use, and what is mended of them.

Rules:
- Here stands what is as right as a rule of ours would be; the rest is in `analysis.identifiers`, which is faster: its
  e-mail rule asks the network for the public suffix list, its telephone rule searches a text once per region.
- A recognizer runs only where it can find something (`fitting.GATES`).
- Imported by `presidio` alone, which sets what Presidio reads at import.
"""

from __future__ import annotations

from presidio_analyzer import PatternRecognizer
from presidio_analyzer.predefined_recognizers import (
    AbaRoutingRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    ItFiscalCodeRecognizer,
    MedicalLicenseRecognizer,
    NhsRecognizer,
    PlPeselRecognizer,
    UkNinoRecognizer,
)


class _FiscalCode(ItFiscalCodeRecognizer):
    """Presidio leaves a code with a wrong check character in, with a low score."""

    def validate_result(self, pattern_text: str) -> bool:
        return super().validate_result(pattern_text) is True


def patterned(language: str) -> list[PatternRecognizer]:
    """The recognizers that need no model; all speak one language to the engine."""
    return [
        IbanRecognizer(), NhsRecognizer(), UkNinoRecognizer(), AbaRoutingRecognizer(), MedicalLicenseRecognizer(),
        EsNifRecognizer(supported_language=language), _FiscalCode(supported_language=language),
        PlPeselRecognizer(supported_language=language),
    ]  # fmt: skip
