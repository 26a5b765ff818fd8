"""Cards, accounts and VAT numbers.

Rules:
- A card number has Luhn's digit, an issuer's range and a length that the issuer uses. Alone it counts in the lengths
  of today's cards (15, 16) or in groups; in other lengths beside its word.
- An account counts beside its word; one with a check of its own (CLABE, CBU) needs the check as well.
- A VAT number counts beside its word: the check digit of many is right by chance once in ten.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum import iban, luhn
from stdnum.ar import cbu
from stdnum.au import abn
from stdnum.br import cnpj
from stdnum.ch import vat as swiss
from stdnum.es import cif
from stdnum.eu import vat
from stdnum.gb import vat as british
from stdnum.in_ import gstin
from stdnum.it import iva
from stdnum.no import mva
from stdnum.pl import nip

from services.classifier.analysis.identifiers.checks import plain
from services.classifier.analysis.identifiers.rule import Rule, digits, token, words

CARD_WORDS: Final = words(
    "card", "cards", "credit", "debit", "visa", "mastercard", "amex", "discover", "jcb", "maestro", "pan", "cc",
    "karte", "kreditkarte", "kartennummer", "carte", "tarjeta", "carta", "karta", "karty", "cartao", "карта", "карты",
    "卡号", "信用卡", "カード",
)  # fmt: skip
_VAT_WORDS: Final = words(
    "vat", "ust", "ustid", "ustidnr", "umsatzsteuer", "uid", "mwst", "tva", "iva", "btw", "nip", "cif", "nif",
    "partita", "moms", "alv", "dph", "pvm", "tax", "gst", "gstin", "vatin", "umsatzsteueridentifikationsnummer", "cnpj",
    "abn", "mva", "afm", "αφμ", "ддс",
)  # fmt: skip

_ISSUERS: Final = (
    # first number, last number, lengths
    ("34", "34", (15,)), ("37", "37", (15,)), ("300", "305", (14, 16)), ("3095", "3095", (14, 16)), ("36", "36", (14,)),
    ("38", "39", (14, 16)), ("3528", "3589", (16, 17, 18, 19)), ("4", "4", (13, 16, 19)), ("51", "55", (16,)),
    ("2221", "2720", (16,)), ("2200", "2204", (16, 17, 18, 19)), ("6011", "6011", (16, 19)), ("644", "659", (16, 19)),
    ("62", "62", (16, 17, 18, 19)), ("81", "82", (16,)), ("60", "60", (16,)), ("9792", "9792", (16,)),
    ("50", "50", (12, 13, 14, 15, 16, 17, 18, 19)), ("56", "59", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("63", "63", (12, 13, 14, 15, 16, 17, 18, 19)), ("66", "69", (12, 13, 14, 15, 16, 17, 18, 19)),
)  # fmt: skip
"""ISO/IEC 7812 numbers of the networks: American Express, Diners, JCB, Visa, Mastercard, Mir, Discover, UnionPay,
RuPay, Troy, Maestro."""
_NOW: Final = frozenset({15, 16})
_GROUPS: Final = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)})


def is_card(number: str) -> bool:
    """Luhn, an issuer, a length of that issuer, and not one digit over and over."""
    bare = re.sub(r"\D", "", number)
    issued = any(len(bare) in lengths and first <= bare[: len(first)] <= last for first, last, lengths in _ISSUERS)
    return issued and len(set(bare)) > 1 and luhn.is_valid(bare)


def is_card_alone(number: str) -> bool:
    """A card in a length of today, or written in groups."""
    sizes = tuple(len(part) for part in re.split(r"\D", number))
    return (sizes in _GROUPS or (len(sizes) == 1 and sizes[0] in _NOW)) and is_card(number)


def _european(number: str) -> bool:
    bare = re.sub(r"[^0-9A-Za-z]", "", number).upper()
    return british.is_valid(bare) if bare.startswith("GB") else vat.is_valid(bare)


def is_clabe(number: str) -> bool:
    """Mexico: weights 3, 7, 1 over bank, place and account."""
    weighed = sum(int(digit) * (3, 7, 1)[index % 3] % 10 for index, digit in enumerate(number[:17]))
    return -weighed % 10 == int(number[17])


def _vat(name: str, form: re.Pattern[str], accept: object, *needs: str) -> Rule:
    return Rule("VAT_NUMBER", name, form, accept, words(*needs) if needs else _VAT_WORDS, 0.85)  # type: ignore[arg-type]


_GAP: Final = r"[ .\u00a0\u202f-]"
_GROUPED: Final = (
    rf"\d{{4}}(?P<four>{_GAP})\d{{4}}(?P=four)\d{{4}}(?P=four)\d{{4}}(?:(?P=four)\d{{3}})?|"
    rf"\d{{4}}(?P<six>{_GAP})\d{{6}}(?P=six)\d{{4,5}}"
)
_EU_NUMBER: Final = r"[0-9A-Z]{7,12}|\d(?:[ .-]?\d){6,11}|[0-9A-Z]{2} \d{3} ?\d{3} ?\d{3}"
_EU: Final = "AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|GR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI"

ALONE: Final = (
    Rule("CREDIT_CARD", "card", token(rf"(?P<whole>{_GROUPED}|\d{{15,16}})"), is_card_alone),
)  # fmt: skip
"""Found wherever they stand."""

TOLD: Final = (
    Rule("CREDIT_CARD", "card_told", token(r"\d(?:[ .-]?\d){11,18}"), is_card, CARD_WORDS, 0.85),
    _vat("vat_eu", token(rf"(?:{_EU})[ -]?(?:{_EU_NUMBER})"), _european),
    _vat("vat_swiss", token(r"CHE[ -]?\d{3}\.?\d{3}\.?\d{3}(?: ?(?:MWST|TVA|IVA|TPV))?"), swiss.is_valid, "uid", "mwst",
         "tva", "iva", "vat", "che"),
    _vat("vat_norwegian", token(r"(?:NO ?)?\d{3} ?\d{3} ?\d{3} ?MVA"), mva.is_valid, "mva", "vat", "org", "orgnr"),
    _vat("vat_polish", token(r"\d{3}-?\d{3}-?\d{2}-?\d{2}|\d{3}-\d{2}-\d{2}-\d{3}"), plain(nip.is_valid), "nip"),
    _vat("vat_italian", digits("11"), iva.is_valid, "partita", "iva", "piva"),
    _vat("vat_spanish", token(r"[A-HJNP-SUVWa-hjnp-suvw]-?\d{7}-?[0-9A-Ja-j]"), plain(cif.is_valid), "cif", "nif"),
    _vat("abn", digits("2 3 3 3"), plain(abn.is_valid), "abn"),
    _vat("cnpj", token(r"\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}"), plain(cnpj.is_valid), "cnpj"),
    Rule("IBAN_CODE", "iban_small",
         token(r"[a-z]{2}\d{2}(?:[a-z0-9]{11,30}|(?: [a-z0-9]{4}){2,7}(?: [a-z0-9]{1,3})?(?! ?[a-z0-9]))"),
         iban.is_valid, words("iban"), 0.85),
    Rule("BANK_ACCOUNT", "clabe", digits("3 3 11 1"), plain(is_clabe), words("clabe", "spei"), 0.85),
    Rule("BANK_ACCOUNT", "cbu", digits("8 14"), plain(cbu.is_valid), words("cbu", "cvu"), 0.85),
    Rule("BANK_ACCOUNT", "bsb", token(r"\d{3}[ -]?\d{3}"), bool, words("bsb"), 0.75),
    Rule("BANK_ACCOUNT", "sort_code", token(r"\d{2}[ -]\d{2}[ -]\d{2}|\d{6}"), bool, words("sort", "sortcode"), 0.75),
)  # fmt: skip
"""Found beside their words."""

LETTERED: Final = (_vat("gstin", token(r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]"), gstin.is_valid, "gstin", "gst"),)
"""Beside their words; few digits in a row."""
