"""Numbers of people and money, each with the check digits that its validator asks for.

Rules:
- Cards start with the published test prefixes of their networks; every other digit is chance, the last is Luhn's.
- A number that must have been issued is drawn from issued ranges; nobody's is meant.
- Addresses on the network are from the ranges that GeoIP test data uses: public, and nobody's customer.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Mapping
from typing import Final

from tests.corpora.generators.draw import Draw, Maker
from tests.corpora.generators.people import person

_CARDS: Final = ("411111", "424242", "400000", "555555", "510510", "222300", "378282", "371449", "601111", "353011")
_LETTERS_OF_NIF: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_IBANS: Final[Mapping[str, str]] = {  # country → basic bank account number: digits #, letters @
    "DE": "##################", "GB": "@@@@##############", "NL": "@@@@##########", "AT": "################",
    "CH": "#################", "BE": "############", "ES": "####################", "PL": "########################",
}  # fmt: skip
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_ODD: Final = dict(zip(string.digits + string.ascii_uppercase, [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22,
    25, 24, 23,
], strict=True))  # fmt: skip
_DIAGNOSES: Final = (
    "type 2 diabetes", "major depressive disorder", "HIV infection", "stage II breast cancer", "epilepsy", "asthma",
    "hepatitis C", "bipolar disorder", "Crohn's disease", "rheumatoid arthritis",
)  # fmt: skip
_MEDICINES: Final = (
    "metformin 500 mg", "sertraline 50 mg", "insulin glargine", "methotrexate", "lisinopril 10 mg", "lamotrigine 50 mg",
)  # fmt: skip


def luhn(body: str) -> str:
    """The check digit of ISO/IEC 7812-1 for these digits."""
    total = sum(sum(divmod(int(digit) * (2 - index % 2), 10)) for index, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _card(draw: Draw, joint: str = "") -> str:
    prefix = draw.one(_CARDS)
    length = 15 if prefix.startswith("37") else 16
    body = prefix + draw.digits(length - 7)
    digits = body + luhn(body)
    groups = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    return joint.join(digits[sum(groups[:index]) : sum(groups[: index + 1])] for index in range(len(groups)))


def _iban(draw: Draw, joint: str = "") -> str:
    country = draw.one(tuple(_IBANS))
    chance = draw.chance
    account = "".join(
        chance.choice(string.digits if mark == "#" else string.ascii_uppercase) for mark in _IBANS[country]
    )
    value = int("".join(str(int(char, 36)) for char in f"{account}{country}00"))
    whole = f"{country}{98 - value % 97:02}{account}"
    return joint.join(whole[start : start + 4] for start in range(0, len(whole), 4))


def _aba(draw: Draw) -> str:
    body = draw.one(("02", "11", "07", "31")) + draw.digits(6)
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return body + str(-total % 10)


def _ssn(draw: Draw, joint: str = "-") -> str:
    chance = draw.whose
    area = chance.choice([number for number in range(1, 900) if number != 666])
    return joint.join((f"{area:03}", f"{chance.randint(1, 99):02}", f"{chance.randint(1, 9999):04}"))


def _itin(draw: Draw) -> str:
    chance = draw.chance
    return f"9{chance.randint(0, 99):02}-{chance.choice([70, 75, 80, 88, 90, 94, 99])}-{chance.randint(1, 9999):04}"


def _weighed(draw: Draw, length: int, check: Callable[[str], str]) -> str:
    """Digits whose check is one digit, drawn anew until it is."""
    chance = draw.chance
    while True:
        body = str(chance.randint(1, 9)) + "".join(chance.choices(string.digits, k=length - 2))
        if len(digit := check(body)) == 1:
            return body + digit


def _nhs(draw: Draw, joint: str = "") -> str:
    digits = _weighed(draw, 10, lambda body: str((11 - sum(int(d) * (10 - i) for i, d in enumerate(body)) % 11) % 11))
    return joint.join((digits[:3], digits[3:6], digits[6:]))


def _nino(draw: Draw, joint: str = "") -> str:
    chance = draw.whose
    pairs = [f"{chance.randint(0, 99):02}" for _ in range(3)]
    return joint.join((chance.choice(("AB", "CE", "JK", "PW", "SX")), *pairs, chance.choice("ABCD")))


def _nif(draw: Draw) -> str:
    number = draw.whose.randint(10_000_000, 99_999_999)
    return f"{number}{_LETTERS_OF_NIF[number % 23]}"


def _nie(draw: Draw) -> str:
    head, number = draw.whose.choice("XYZ"), draw.whose.randint(1_000_000, 9_999_999)
    return f"{head}{number}{_LETTERS_OF_NIF[int(str('XYZ'.index(head)) + str(number)) % 23]}"


def _codice(draw: Draw) -> str:
    chance = draw.whose
    letters = "".join(chance.choices("BCDFGLMNPRST", k=6))
    body = f"{letters}{chance.randint(50, 99)}{chance.choice('ABCDEHLMPRST')}{chance.randint(1, 28):02}"
    body += f"{chance.choice('ABCDEFGHI')}{chance.randint(101, 999)}"
    even = {char: int(char, 36) - (10 if char.isalpha() else 0) for char in _ODD}
    total = sum(even[char] if index % 2 else _ODD[char] for index, char in enumerate(body))
    return body + string.ascii_uppercase[total % 26]


def _pesel(draw: Draw) -> str:
    chance = draw.whose
    body = f"{chance.randint(50, 99)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{chance.randint(1000, 9999)}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return body + str(-total % 10)


def _tax_de(draw: Draw) -> str:
    """Steuer-Identifikationsnummer: ISO 7064, mod 11,10; one digit twice."""
    chance = draw.whose
    nine = chance.sample("123456789", 9)
    body = "".join([*nine, nine[0]])
    product = 10
    for digit in body:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return body + str((11 - product) % 10)


def _nir(draw: Draw) -> str:
    chance = draw.whose
    body = f"{chance.randint(1, 2)}{chance.randint(50, 99)}{chance.randint(1, 12):02}{chance.randint(10, 95)}"
    body += f"{chance.randint(1, 990):03}{chance.randint(1, 999):03}"
    return body + f"{97 - int(body) % 97:02}"


def _bsn(draw: Draw) -> str:
    def check(body: str) -> str:
        return str(sum(int(digit) * (9 - index) for index, digit in enumerate(body)) % 11)

    return _weighed(draw, 9, check)


def _personnummer(draw: Draw) -> str:
    chance = draw.whose
    body = f"{chance.randint(50, 99)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{chance.randint(100, 999)}"
    return f"{body[:6]}-{body[6:]}{luhn(body)}"


def _vat(draw: Draw) -> str:
    def german(body: str) -> str:
        product = 10
        for digit in body:
            product = ((int(digit) + product) % 10 or 10) * 2 % 11
        return str((11 - product) % 10)

    match draw.one(("DE", "FR", "NL")):
        case "DE":
            return "DE" + _weighed(draw, 9, german)
        case "FR":
            body = draw.digits(8)
            siren = body + luhn(body)
            return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"
        case _:
            return f"NL{_bsn(draw)}B01"


def _dea(draw: Draw) -> str:
    digits = draw.digits(6)
    check = sum(int(digits[i]) for i in (0, 2, 4)) + 2 * sum(int(digits[i]) for i in (1, 3, 5))
    return f"{draw.one(tuple('ABFM'))}{person(draw)[1][0].upper()}{digits}{check % 10}"


def _bitcoin(draw: Draw) -> str:
    payload = b"\0" + draw.bytes(20)
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(payload), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return "1" * (len(payload) - len(payload.lstrip(b"\0"))) + text


def _segwit(draw: Draw) -> str:
    """BIP 173, version 0, twenty bytes."""
    bits = "".join(f"{byte:08b}" for byte in draw.bytes(20))
    data = [0, *(int(bits[start : start + 5], 2) for start in range(0, 160, 5))]
    checksum = 1
    for value in [3, 3, 0, 2, 3, *data, 0, 0, 0, 0, 0, 0]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for index, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= part if top >> index & 1 else 0
    checksum ^= 1
    return "bc1" + "".join(_BECH32[value] for value in [*data, *(checksum >> 5 * (5 - i) & 31 for i in range(6))])


def _ip(draw: Draw) -> str:
    return (
        f"{draw.one(('81.2.69', '89.160.20', '216.160.83', '175.16.199', '2.125.160'))}.{draw.chance.randint(2, 253)}"
    )


def _ipv6(draw: Draw) -> str:
    return ":".join(("2a02:cf40", *(f"{draw.chance.randint(1, 0xFFFF):x}" for _ in range(6))))


def _coordinates(draw: Draw) -> str:
    return f"{draw.chance.uniform(36, 58):.5f}, {draw.chance.uniform(-9, 24):.5f}"


def _driver_license(draw: Draw) -> str:
    return draw.of(string.ascii_uppercase, 1) + draw.digits(7)


MAKERS: Final[Mapping[str, Maker]] = {
    "card": Maker("CREDIT_CARD", _card),
    "card_spaced": Maker("CREDIT_CARD", lambda draw: _card(draw, " ")),
    "card_dashed": Maker("CREDIT_CARD", lambda draw: _card(draw, "-")),
    "cvv": Maker("CARD_SECURITY_CODE", lambda draw: draw.digits(3)),
    "iban": Maker("IBAN_CODE", _iban),
    "iban_spaced": Maker("IBAN_CODE", lambda draw: _iban(draw, " ")),
    "account_number": Maker("BANK_ACCOUNT", lambda draw: draw.digits(10)),
    "account_short": Maker("BANK_ACCOUNT", lambda draw: draw.digits(8)),
    "sort_code": Maker("BANK_ACCOUNT", lambda draw: f"{draw.digits(2)}-{draw.digits(2)}-{draw.digits(2)}"),
    "aba": Maker("ABA_ROUTING_NUMBER", _aba),
    "ssn": Maker("US_SSN", _ssn),
    "ssn_digits": Maker("US_SSN", lambda draw: _ssn(draw, "")),
    "ssn_spaced": Maker("US_SSN", lambda draw: _ssn(draw, " ")),
    "itin": Maker("US_ITIN", _itin),
    "nhs": Maker("UK_NHS", _nhs),
    "nhs_spaced": Maker("UK_NHS", lambda draw: _nhs(draw, " ")),
    "nino": Maker("UK_NINO", _nino),
    "nino_spaced": Maker("UK_NINO", lambda draw: _nino(draw, " ")),
    "nif": Maker("ES_NIF", _nif),
    "nie": Maker("NATIONAL_ID", _nie),
    "codice": Maker("IT_FISCAL_CODE", _codice),
    "pesel": Maker("PL_PESEL", _pesel),
    "tax_de": Maker("NATIONAL_ID", _tax_de),
    "nir": Maker("NATIONAL_ID", _nir),
    "bsn": Maker("NATIONAL_ID", _bsn),
    "personnummer": Maker("NATIONAL_ID", _personnummer),
    "pan": Maker("IN_PAN", lambda draw: f"{draw.of(string.ascii_uppercase, 3)}P{person(draw)[1][0].upper()}"
                 f"{draw.digits(4)}{draw.one(tuple('ABCDEFGH'))}"),
    "vat": Maker("VAT_NUMBER", _vat),
    "passport": Maker("PASSPORT", lambda draw: draw.one(tuple("CFGHJK")) + draw.digits(8)),
    "passport_us": Maker("US_PASSPORT", lambda draw: draw.digits(9)),
    "driver_license": Maker("DRIVER_LICENSE", _driver_license),
    "dea": Maker("MEDICAL_LICENSE", _dea),
    "mrn": Maker("HEALTH", lambda draw: draw.digits(8)),
    "diagnosis": Maker("HEALTH", lambda draw: draw.one(_DIAGNOSES)),
    "medicine": Maker("HEALTH", lambda draw: draw.one(_MEDICINES)),
    "icd": Maker("HEALTH", lambda draw: draw.one(("E11.9", "F32.1", "B20", "C50.9", "G40.3", "J45.0"))),
    "salary": Maker("INCOME", lambda draw: str(draw.chance.randint(38, 240) * 1000)),
    "ip": Maker("IP_ADDRESS", _ip),
    "ipv6": Maker("IP_ADDRESS", _ipv6),
    "mac": Maker("MAC_ADDRESS", lambda draw: ":".join(f"{byte:02x}" for byte in draw.bytes(6))),
    "mac_dashed": Maker("MAC_ADDRESS", lambda draw: "-".join(f"{byte:02X}" for byte in draw.bytes(6))),
    "coordinates": Maker("COORDINATES", _coordinates),
    "bitcoin": Maker("CRYPTO", _bitcoin),
    "segwit": Maker("CRYPTO", _segwit),
    "ether": Maker("CRYPTO", lambda draw: "0x" + draw.bytes(20).hex()),
}  # fmt: skip
