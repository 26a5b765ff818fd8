"""Checks of national numbers that python-stdnum lacks, or makes by the clock.

Rule: each function is given what its rule's form matched; what it says holds for ever, whatever day it is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Final

from stdnum import luhn
from stdnum.cn import ric
from stdnum.fr import nir as french
from stdnum.in_ import pan
from stdnum.us import itin, ssn

_NRIC: Final = {"S": "JZIHGFEDCBA", "T": "GFEDCBAJZIH", "F": "XWUTRQPNMLK", "G": "RQPNMLKXWUT"}
_VKVV: Final = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
_KR: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_NO: Final = ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
_DAY_OF_COORDINATION: Final = 60


def plain(accept: Callable[[str], bool]) -> Callable[[str], bool]:
    """A validator that is given digits and letters alone."""
    return lambda number: accept(re.sub(r"[^0-9A-Za-z]", "", number))


def written_ssn(number: str) -> bool:
    """Issued ranges, and one mark between all groups."""
    return number[3] == number[6] and ssn.is_valid(re.sub(r"\D", "", number))


def written_itin(number: str) -> bool:
    """Groups that the tax office assigns, and one mark between all groups."""
    return number[3] == number[6] and itin.is_valid(re.sub(r"\D", "", number))


def pan_of_person(number: str) -> bool:
    """India: the fourth letter says that a person holds it."""
    return number[3] == "P" and pan.is_valid(number)


def personnummer(number: str) -> bool:
    """Sweden: a day (coordination numbers add 60 to it) and Luhn over ten digits."""
    digits = re.sub(r"\D", "", number)[-10:]
    day = int(digits[4:6])
    return _is_day(digits[2:4], f"{day - _DAY_OF_COORDINATION if day > _DAY_OF_COORDINATION else day:02}") and (
        luhn.is_valid(digits)
    )


def cpr(number: str) -> bool:
    """Denmark: a day and a serial number; its check digit is not kept since 2007."""
    return _is_day(number[2:4], number[:2])


def norwegian(number: str) -> bool:
    """Norway: two check digits, each modulo 11."""
    digits = [int(digit) for digit in number]
    first, second = (-_weighed(digits, weights) % 11 for weights in _NO)
    return [first, second] == digits[9:]


def korean(number: str) -> bool:
    """South Korea: a day, and a check digit modulo 11."""
    digits = [int(digit) for digit in number]
    return _is_day(number[2:4], number[4:6]) and (11 - _weighed(digits, _KR) % 11) % 10 == digits[12]


def south_african(number: str) -> bool:
    """South Africa: a day and Luhn."""
    return _is_day(number[2:4], number[4:6]) and luhn.is_valid(number)


def belgian(number: str) -> bool:
    """Belgium: what is left of 97, for births before 2000 and from then on."""
    digits = re.sub(r"\D", "", number)
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def nir(number: str) -> bool:
    """France: two check digits modulo 97, and a sex and month that are given."""
    digits = re.sub(r"\s", "", number)
    month = int(digits[3:5])
    given = 1 <= month <= 12 or 20 <= month <= 42 or month >= 50  # noqa: PLR2004 - 20 and up: the month is not known
    return given and french.is_valid(digits)


def chinese(number: str) -> bool:
    """China: a day that was, a place, and the check of ISO 7064."""
    try:
        dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return ric.is_valid(number)


def german_insurance(number: str) -> bool:
    """Germany, VKVV § 4: area, birthday, first letter of the name, serial number, check digit."""
    bare = re.sub(r"[^0-9A-Z]", "", number.upper())
    spread = f"{bare[:8]}{ord(bare[8]) - 64:02}{bare[9:11]}"
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(spread, _VKVV, strict=True))
    return total % 10 == int(bare[11])


def nric(number: str) -> bool:
    """Singapore: seven weighed digits, and a letter that depends on the first."""
    weighed = _weighed([int(digit) for digit in number[1:8]], (2, 7, 6, 5, 4, 3, 2))
    return _NRIC[number[0].upper()][weighed % 11] == number[8].upper()


def hong_kong(number: str) -> bool:
    """Hong Kong: one letter or two, six digits, and a check modulo 11 of which 10 is an A."""
    bare = re.sub(r"[^0-9A-Z]", "", number.upper()).rjust(9)
    values = [36 if char == " " else int(char, 36) for char in bare]
    return _weighed(values, (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def snils(number: str) -> bool:
    """Russia, pension: nine digits, and what is left of 101."""
    digits = [int(digit) for digit in re.sub(r"\D", "", number)]
    return _weighed(digits[:9], (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 101 % 100 == digits[9] * 10 + digits[10]


def taiwanese(number: str) -> bool:
    """Taiwan: the letter is a place of two digits, and all is divisible by ten."""
    place = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0].upper())
    digits = [place // 10, place % 10, *map(int, number[1:])]
    return _weighed(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def dea(number: str) -> bool:
    """United States, prescribers: DEA's check digit."""
    digits = [int(digit) for digit in number[-7:]]
    return (digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5])) % 10 == digits[6]


def _weighed(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31  # noqa: PLR2004 - of an unknown year
