"""Every generated value of a type is found under its conditions; with one digit changed it is not.

The values are made by the makers of the corpora, which share no code with the validators.
"""

from __future__ import annotations

import string
from typing import Final

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from stdnum.fi import hetu

from services.classifier.adapters.detector import Detectors, RuleDetector
from services.classifier.adapters.warm import engines
from tests.classifier_parts import KEY, passage
from tests.corpora.generators.draw import Draw
from tests.corpora.generators.numbers import MAKERS

TOLD: Final = {
    "card": "", "card_spaced": "", "card_dashed": "", "iban": "", "iban_spaced": "", "bitcoin": "", "segwit": "",
    "nif": "", "nie": "", "codice": "", "nir": "", "aba": "routing number", "nhs": "NHS number",
    "nhs_spaced": "NHS number", "pesel": "PESEL", "tax_de": "Steuer-ID", "bsn": "BSN", "personnummer": "personnummer",
    "vat": "VAT", "dea": "DEA",
}  # fmt: skip
"""Maker → the word that the value needs."""
NO_CHECK: Final = {
    "ssn": "", "ssn_spaced": "", "ssn_digits": "SSN", "itin": "", "nino": "", "nino_spaced": "", "passport": "passport",
    "passport_us": "passport number", "driver_license": "driver's license", "account_number": "account number",
    "sort_code": "sort code", "cvv": "CVV", "pan": "", "ip": "", "ipv6": "", "mac": "", "mac_dashed": "", "ether": "",
    "coordinates": "GPS",
}  # fmt: skip
"""What has no check digit: only that it is found."""
BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@pytest.fixture(scope="module")
def detector() -> Detectors:
    return Detectors([RuleDetector(), *engines()], key=KEY)


def found(detector: Detectors, text: str) -> set[tuple[str, str]]:
    return {(span.entity_type, text[span.start : span.end]) for span in detector.detect(passage(text))}


@pytest.mark.parametrize("name", [*TOLD, *NO_CHECK])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_generated_value_is_found(detector: Detectors, name: str, seed: int) -> None:
    value = MAKERS[name].make(Draw(f"generated/{seed}", name))
    word = {**TOLD, **NO_CHECK}[name]
    kinds = _kinds(name)
    for text in (f"{word} {value}".strip(), f"see {word} {value}, please", f"({word}: {value})"):
        assert any((kind, value) in found(detector, text) for kind in kinds), text


@pytest.mark.parametrize("name", TOLD)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9), at=st.integers(0, 60), by=st.integers(1, 57))
@example(seed=69, at=0, by=1)
def test_with_one_digit_changed_it_is_not(detector: Detectors, name: str, seed: int, at: int, by: int) -> None:
    value = MAKERS[name].make(Draw(f"generated/{seed}", name))
    places = [
        index for index, char in enumerate(value) if char.isdigit() or (name in {"bitcoin", "segwit"} and index > 3)
    ]
    place = places[at % len(places)]
    alphabet = {"bitcoin": BASE58, "segwit": BECH32}.get(name, string.digits)
    assume(value[place] in alphabet and by % len(alphabet))
    if name == "dea":  # digits of weight two: five more is the same
        assume(by % 10 != 5)
    if name == "vat":  # the Dutch have a second check, which one in 97 passes
        assume(not value.startswith("NL"))
    changed = alphabet[(alphabet.index(value[place]) + by) % len(alphabet)]
    bent = value[:place] + changed + value[place + 1 :]
    if name == "personnummer":  # as the Swedes of Finland call theirs, which one in 31 passes
        assume(not hetu.is_valid(bent))
    hits = found(detector, f"{TOLD[name]} {bent}")
    assert not any(kind in _kinds(name) and hit == bent for kind, hit in hits)


def _kinds(name: str) -> set[str]:
    kind = str(MAKERS[name].entity_type)
    return {kind, "PASSPORT"} if name == "passport_us" else {kind}
