"""Numbers of further countries: of people, documents, accounts and companies, in the spellings that offices print.

Rules:
- A form is filled by chance until its validator accepts it: `#` is a digit, `@` a capital letter, `{ymd}` and its
  like a day of birth; everything else stands as it is.
- The validators are python-stdnum's, or a few lines here, never the classifier's.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Final

from stdnum import iban, luhn
from stdnum.at import uid as at_uid
from stdnum.at import vnr
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.be import vat as be_vat
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.ch import vat as ch_vat
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import cif
from stdnum.fi import hetu
from stdnum.gb import vat as gb_vat
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.il import idnr as il_id
from stdnum.in_ import aadhaar
from stdnum.is_ import kennitala
from stdnum.it import iva
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.my import nric as my_nric
from stdnum.no import fodselsnummer
from stdnum.pl import nip
from stdnum.pt import nif as pt_nif
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.se import vat as se_vat
from stdnum.si import emso
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.za import idnr as za_id

from tests.corpora.generators.draw import Draw, Maker

_TRIES: Final = 20_000
_MARKS: Final = re.compile(r"[#@]|\{[a-z]+\}")
_NRIC: Final = "JZIHGFEDCBA"
_LETTERS: Final = string.ascii_uppercase


def _any(_: str) -> bool:
    return True


def _drawn(draw: Draw, forms: tuple[str, ...], accept: Callable[[str], bool]) -> str:
    chance = draw.chance
    for _ in range(_TRIES):
        year, month, day = chance.randint(50, 99), chance.randint(1, 12), chance.randint(1, 28)
        born = {
            "{ymd}": f"{year}{month:02}{day:02}", "{dmy}": f"{day:02}{month:02}{year}", "{yy}": str(year),
            "{mm}": f"{month:02}", "{dd}": f"{day:02}", "{cymd}": f"19{year}{month:02}{day:02}",
            "{dmyyy}": f"{day:02}{month:02}9{year}",
        }  # fmt: skip

        def fill(mark: re.Match[str], born: Mapping[str, str] = born) -> str:
            return born.get(mark[0]) or chance.choice(string.digits if mark[0] == "#" else _LETTERS)

        value = _MARKS.sub(fill, chance.choice(forms))
        if accept(value):
            return value
    raise AssertionError(f"no number of the forms {forms}")


def _of(entity_type: str, forms: str, accept: Callable[[str], bool] = _any) -> Maker:
    """A maker of one of some forms, parted by `|`."""
    return Maker(entity_type, lambda draw: _drawn(draw, tuple(forms.split("|")), accept))


def _nric(number: str) -> bool:
    """Singapore, of those born before 2000."""
    weighed = sum(int(digit) * weight for digit, weight in zip(number[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    return number[8] == _NRIC[weighed % 11]


def _clabe(number: str) -> bool:
    weighed = sum(int(digit) * (3, 7, 1)[index % 3] % 10 for index, digit in enumerate(number[:17]))
    return int(number[17]) == -weighed % 10


def _my_number(number: str) -> bool:
    """Japan: twelve digits, the last of them a check."""
    digits = [int(digit) for digit in re.sub(r"\D", "", number)]
    weighed = sum(digit * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(reversed(digits[:11]), start=1))
    return digits[11] == (0 if weighed % 11 <= 1 else 11 - weighed % 11)


def _insured(number: str) -> bool:
    """Germany, pension: VKVV § 4."""
    spread = f"{number[:8]}{ord(number[8]) - 64:02}{number[9:11]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    return sum(sum(divmod(int(d) * w, 10)) for d, w in zip(spread, weights, strict=True)) % 10 == int(number[11])


def _iban(number: str) -> bool:
    return number[2:4] not in {"00", "01", "99"} and bool(iban.is_valid(number, check_country=False))


def _mrz(draw: Draw) -> str:
    """The second line of a passport (ICAO 9303), with its check digits."""

    def check(text: str) -> str:
        values = (0 if char == "<" else int(char, 36) for char in text)
        return str(sum(value * (7, 3, 1)[index % 3] for index, value in enumerate(values)) % 10)

    number = f"{draw.one(tuple('CFGHJK'))}{draw.digits(8)}"
    born = f"{draw.chance.randint(50, 99)}{draw.chance.randint(1, 12):02}{draw.chance.randint(1, 28):02}"
    until, rest = f"29{draw.chance.randint(1, 12):02}15", "<" * 14
    parts = f"{number}{check(number)}", f"{born}{check(born)}", f"{until}{check(until)}", f"{rest}{check(rest)}"
    return f"{parts[0]}D<<{parts[1]}F{parts[2]}{parts[3]}{check(''.join(parts))}"


_NATIONAL: Final[Mapping[str, Maker]] = {
    "at_svnr": _of("NATIONAL_ID", "#### {dmy}", vnr.is_valid),
    "au_tfn": _of("NATIONAL_ID", "### ### ###", tfn.is_valid),
    "be_nn": _of("NATIONAL_ID", "{yy}.{mm}.{dd}-###.##", nn.is_valid),
    "bg_egn": _of("NATIONAL_ID", "{ymd}####", egn.is_valid),
    "br_cpf": _of("NATIONAL_ID", "###.###.###-##", cpf.is_valid),
    "br_cpf_digits": _of("NATIONAL_ID", "###########", cpf.is_valid),
    "ca_sin": _of("NATIONAL_ID", "1## ### ###|4## ### ###|5##-###-###", sin.is_valid),
    "ch_ahv": _of("NATIONAL_ID", "756.####.####.##", ahv.is_valid),
    "cl_rut": _of("NATIONAL_ID", "1#.###.###-#", rut.is_valid),
    "cn_ric": _of("NATIONAL_ID", "110105{cymd}####", ric.is_valid),
    "cz_rc": _of("NATIONAL_ID", "{ymd}/####", rc.is_valid),
    "de_svnr": _of("NATIONAL_ID", "65{dmy}@0##", _insured),
    "dk_cpr": _of("NATIONAL_ID", "{dmy}-1###", cpr.is_valid),
    "ee_ik": _of("NATIONAL_ID", "3{ymd}####|4{ymd}####", ik.is_valid),
    "fi_hetu": _of("NATIONAL_ID", "{dmy}-###@", hetu.is_valid),
    "gr_amka": _of("NATIONAL_ID", "{dmy}#####", amka.is_valid),
    "hr_oib": _of("NATIONAL_ID", "###########", oib.is_valid),
    "ie_pps": _of("NATIONAL_ID", "#######@|#######@A", pps.is_valid),
    "il_id": _of("NATIONAL_ID", "0########|3########", il_id.is_valid),
    "in_aadhaar": _of("NATIONAL_ID", "4### #### ####|7###########", aadhaar.is_valid),
    "is_kennitala": _of("NATIONAL_ID", "{dmy}-###9", kennitala.is_valid),
    "jp_my_number": _of("NATIONAL_ID", "#### #### ####|############", _my_number),
    "kr_rrn": _of("NATIONAL_ID", "{ymd}-1######|{ymd}-2######", rrn.is_valid),
    "mx_curp": _of("NATIONAL_ID", "GOPR{ymd}HDFMRS0#|LEMA{ymd}MJCNXN0#", curp.is_valid),
    "my_nric": _of("NATIONAL_ID", "{ymd}-14-####|{ymd}-10-####", my_nric.is_valid),
    "no_fnr": _of("NATIONAL_ID", "{dmy}#####", fodselsnummer.is_valid),
    "pt_nif": _of("NATIONAL_ID", "2## ### ###|1########", pt_nif.is_valid),
    "ro_cnp": _of("NATIONAL_ID", "1{ymd}40####|2{ymd}12####", cnp.is_valid),
    "ru_inn": _of("NATIONAL_ID", "77##########", inn.is_valid),
    "sg_nric": _of("NATIONAL_ID", "S#######@", _nric),
    "si_emso": _of("NATIONAL_ID", "{dmyyy}50####", emso.is_valid),
    "th_pin": _of("NATIONAL_ID", "1-####-#####-##-#", pin.is_valid),
    "tr_tckn": _of("NATIONAL_ID", "1##########|3##########", tckimlik.is_valid),
    "za_id": _of("NATIONAL_ID", "{ymd}####08#", za_id.is_valid),
}
_DOCUMENTS: Final[Mapping[str, Maker]] = {
    "passport_de": _of("PASSPORT", "C##X##T##|L8#N#R##4"),
    "passport_fr": _of("PASSPORT", "1#@@#####"),
    "passport_gb": _of("PASSPORT", "5########"),
    "passport_in": _of("PASSPORT", "M#######|Z#######"),
    "passport_it": _of("PASSPORT", "YA#######|YB#######"),
    "passport_es": _of("PASSPORT", "PAB######|XDD######"),
    "passport_mrz": Maker("PASSPORT", _mrz),
    "licence_gb": _of("DRIVER_LICENSE", "MORGA657054SM9IJ|FARRO7{mm}{dd}5OA9@@|HOLLI8{mm}{dd}2RB9@@"),
    "licence_florida": _of("DRIVER_LICENSE", "@###-###-##-###-#"),
    "licence_new_york": _of("DRIVER_LICENSE", "### ### ###"),
    "licence_texas": _of("DRIVER_LICENSE", "########"),
    "licence_de": _of("DRIVER_LICENSE", "B07#RRE2I5#|J01#00KZL#1"),
}
_MONEY: Final[Mapping[str, Maker]] = {
    "bsb": _of("BANK_ACCOUNT", "06#-###|08#-###"),
    "clabe": _of("BANK_ACCOUNT", "002180############", _clabe),
    "account_dashed": _of("BANK_ACCOUNT", "##-####-#######-0#"),
    "account_twelve": _of("BANK_ACCOUNT", "5###########"),
    "iban_fr": _of("IBAN_CODE", "FR## 2004 1010 0505 #### #M02 6##", _iban),
    "iban_it": _of("IBAN_CODE", "IT##X0542811101000000######", _iban),
    "iban_pt": _of("IBAN_CODE", "PT##00020123############4", _iban),
    "iban_se": _of("IBAN_CODE", "SE## 5000 0000 #### #### ####", _iban),
    "iban_no": _of("IBAN_CODE", "NO##8601#######", _iban),
    "iban_ie": _of("IBAN_CODE", "IE##AIBK931152########", _iban),
    "iban_small": Maker("IBAN_CODE", lambda draw: _drawn(draw, ("DE##3704004405########",), _iban).lower()),
    "vat_at": _of("VAT_NUMBER", "ATU########", at_uid.is_valid),
    "vat_be": _of("VAT_NUMBER", "BE0#########|BE 0###.###.###", be_vat.is_valid),
    "vat_es": _of("VAT_NUMBER", "ESB########", lambda value: cif.is_valid(value[2:])),
    "vat_it": _of("VAT_NUMBER", "IT0##########|0##########", iva.is_valid),
    "vat_pl": _of("VAT_NUMBER", "PL##########|###-###-##-##", nip.is_valid),
    "vat_se": _of("VAT_NUMBER", "SE55########01", se_vat.is_valid),
    "vat_gb": _of("VAT_NUMBER", "GB#########|GB ### #### ##", gb_vat.is_valid),
    "vat_ch": _of("VAT_NUMBER", "CHE-1##.###.### MWST|CHE-1##.###.### TVA", ch_vat.is_valid),
    "card_maestro": _of("CREDIT_CARD", "50187###########|6304############", luhn.is_valid),
    "card_union": _of("CREDIT_CARD", "62###########4##", luhn.is_valid),
    "cvv_four": _of("CARD_SECURITY_CODE", "####"),
    "salary_grouped": _of("INCOME", "4#,#00|1##,#00|9#,#50"),
    "salary_dotted": _of("INCOME", "4#.#00|8#.#50|3.4##,00"),
    "salary_thousands": _of("INCOME", "4#k|8#k|12#k"),
}
MAKERS: Final[Mapping[str, Maker]] = {**_NATIONAL, **_DOCUMENTS, **_MONEY}
