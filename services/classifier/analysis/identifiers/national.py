"""Numbers that states give people: python-stdnum's validators, a row for each.

Rules:
- What chance fills rarely (letters at fixed places and a check, two check digits in a written form) is found alone;
  the rest only beside its word.
- No validator asks the clock: where python-stdnum's does (was somebody born yet?), the check is `checks`'.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum.ar import cuit, dni
from stdnum.at import vnr
from stdnum.au import tfn
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.do import cedula
from stdnum.ec import ci
from stdnum.ee import ik
from stdnum.es import nie
from stdnum.fi import hetu
from stdnum.gb import utr
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.il import idnr as teudat_zehut
from stdnum.in_ import aadhaar, pan
from stdnum.is_ import kennitala
from stdnum.jp import in_ as my_number
from stdnum.mx import curp, rfc
from stdnum.my import nric as mykad
from stdnum.nl import bsn
from stdnum.nz import ird
from stdnum.pk import cnic
from stdnum.pt import cc
from stdnum.pt import nif as contribuinte
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.si import emso
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.ua import rntrc
from stdnum.us import itin, ssn

from services.classifier.analysis.identifiers import checks
from services.classifier.analysis.identifiers.checks import plain
from services.classifier.analysis.identifiers.rule import NOTHING, Accept, Rule, digits, token, words

_SSN_WORDS: Final = words("social", "security", "ssn", "ssns", "sozial")
_ITIN_WORDS: Final = words("itin", "taxpayer", "tax", "tin")


def _national(name: str, form: re.Pattern[str], accept: Accept, *needs: str, score: float = 0.9) -> Rule:
    return Rule("NATIONAL_ID", name, form, accept, words(*needs) if needs else NOTHING, score)


ALONE: Final = (
    Rule("US_SSN", "ssn_written", token(r"\d{3}[ .-]\d{2}[ .-]\d{4}"), checks.written_ssn, score=0.6),
    Rule("US_ITIN", "itin_written", token(r"9\d{2}[ -]\d{2}[ -]\d{4}"), checks.written_itin, score=0.6),
    _national("fr_nir", token(r"[12378] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"), checks.nir),
    _national("br_cpf_written", token(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), cpf.is_valid),
    _national("ch_ahv_written", token(r"756\.\d{4}\.\d{4}\.\d{2}"), ahv.is_valid),
    _national("be_nn_written", token(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"), checks.belgian),
    _national("cn_ric", token(r"[1-9]\d{5}(?:19|20)\d{9}[0-9Xx]"), checks.chinese),
)  # fmt: skip
"""Found wherever they stand."""

TOLD: Final = (
    Rule("US_SSN", "ssn_digits", digits("3 2 4"), plain(ssn.is_valid), _SSN_WORDS, 0.85),
    Rule("US_ITIN", "itin_digits", digits("3 2 4"), plain(itin.is_valid), _ITIN_WORDS, 0.85),
    _national("ar_cuit", digits("2 8 1"), plain(cuit.is_valid), "cuit", "cuil"),
    _national("ar_dni", token(r"\d{1,2}\.\d{3}\.\d{3}"), plain(dni.is_valid), "dni", "cedula"),
    _national("at_svnr", digits("4 6"), plain(vnr.is_valid), "svnr", "sozialversicherungsnummer",
              "versicherungsnummer", "sv"),
    _national("au_tfn", token(r"\d{3} ?\d{3} ?\d{2,3}"), plain(tfn.is_valid), "tfn", "taxfilenumber"),
    _national("be_nn", digits("2 2 2 3 2"), plain(checks.belgian), "rijksregister", "rijksregisternummer", "insz",
              "niss", "national"),
    _national("bg_egn", digits("10"), egn.is_valid, "egn", "егн"),
    _national("br_cpf", digits("3 3 3 2"), plain(cpf.is_valid), "cpf"),
    _national("ca_sin", digits("3 3 3"), plain(sin.is_valid), "sin", "nas"),
    _national("ch_ahv", digits("3 4 4 2"), plain(ahv.is_valid), "ahv", "avs", "oasi"),
    _national("cl_rut", token(r"\d{1,2}\.?\d{3}\.?\d{3}-?[0-9Kk]"), plain(rut.is_valid), "rut", "run"),
    _national("cz_sk_rc", token(r"\d{6}/?\d{3,4}"), plain(rc.is_valid), "rodne", "rc"),
    _national("de_idnr", token(r"\d{2}[ -]?\d{3}[ -]?\d{3}[ -]?\d{3}"), plain(idnr.is_valid), "steuer", "steuerid",
              "idnr", "identifikationsnummer", "steueridentifikationsnummer", "steuernummer", "tin", "tax"),
    _national("de_insurance", token(r"\d{2} ?\d{6} ?[A-Za-z] ?\d{3}"), checks.german_insurance, "rentenversicherung",
              "rentenversicherungsnummer", "sozialversicherungsnummer", "sozialversicherung", "versicherungsnummer"),
    _national("dk_cpr", digits("6 4"), checks.cpr, "cpr", "cprnr"),
    _national("do_cedula", digits("3 7 1"), plain(cedula.is_valid), "cedula"),
    _national("ec_cedula", digits("10"), ci.is_valid, "cedula"),
    _national("ee_lt", digits("11"), ik.is_valid, "isikukood", "asmens", "kodas"),
    _national("gb_utr", digits("5 5"), plain(utr.is_valid), "utr"),
    _national("gr_amka", digits("11"), amka.is_valid, "amka", "αμκα"),
    _national("hk_hkid", token(r"[A-Za-z]{1,2}\d{6} ?\(?[0-9Aa]\)?"), checks.hong_kong, "hkid", "身份證", "身份证"),
    _national("hr_oib", digits("11"), oib.is_valid, "oib"),
    _national("ie_pps", token(r"\d{7}[A-Wa-w][A-IWa-iw]?"), pps.is_valid, "pps", "ppsn"),
    _national("il_id", digits("9"), teudat_zehut.is_valid, "teudat", "zehut", "זהות"),
    _national("in_aadhaar", digits("4 4 4"), plain(aadhaar.is_valid), "aadhaar", "aadhar", "uidai", "आधार"),
    _national("is_kennitala", digits("6 4"), plain(kennitala.is_valid), "kennitala"),
    _national("jp_my_number", digits("4 4 4"), plain(my_number.is_valid), "mynumber", "マイナンバー", "個人番号"),
    _national("kr_rrn", digits("6 7"), plain(checks.korean), "rrn", "resident", "주민등록번호"),
    _national("jmbg", digits("13"), emso.is_valid, "jmbg", "umcn", "матични"),
    _national("mx_rfc", token(r"[A-Za-zÑñ&]{4}\d{6}[A-Za-z0-9]{3}"), rfc.is_valid, "rfc"),
    _national("my_kad", digits("6 2 4"), plain(mykad.is_valid), "mykad", "kad", "nric", "pengenalan"),
    _national("nl_bsn", token(r"\d{9}|\d{4}[ .]\d{2}[ .]\d{3}|\d{3}[ .]\d{3}[ .]\d{3}"), plain(bsn.is_valid), "bsn",
              "burgerservicenummer", "sofinummer"),
    _national("no_fnr", digits("6 5"), plain(checks.norwegian), "fødselsnummer", "fodselsnummer", "fnr",
              "personnummer"),
    _national("nz_ird", token(r"\d{2,3}[ -]?\d{3}[ -]?\d{3}"), plain(ird.is_valid), "ird"),
    _national("pk_cnic", digits("5 7 1"), plain(cnic.is_valid), "cnic", "nicop"),
    _national("pt_nif", digits("3 3 3"), plain(contribuinte.is_valid), "nif", "contribuinte"),
    _national("pt_cc", token(r"\d{8} ?\d ?[A-Za-z0-9]{2}\d"), plain(cc.is_valid), "cartao", "cidadao", "cc"),
    _national("ro_cnp", digits("13"), cnp.is_valid, "cnp"),
    _national("ru_inn", digits("12"), inn.is_valid, "inn", "инн"),
    _national("ru_snils", token(r"\d{3}-?\d{3}-?\d{3}[ -]?\d{2}"), checks.snils, "snils", "снилс"),
    _national("se_personnummer", token(r"(?:19|20)?\d{6}[+-]?\d{4}"), checks.personnummer, "personnummer", "pnr",
              "samordningsnummer", "personnr"),
    _national("sg_nric", token(r"[STFGstfg]\d{7}[A-Za-z]"), checks.nric, "nric", "fin"),
    _national("si_emso", digits("13"), emso.is_valid, "emso", "emšo"),
    _national("th_pin", digits("1 4 5 2 1"), plain(pin.is_valid), "thai", "ประชาชน"),
    _national("tr_tckn", digits("11"), tckimlik.is_valid, "tckn", "kimlik", "tc"),
    _national("tw_id", token(r"[A-Za-z][1289]\d{8}"), checks.taiwanese, "身分證", "身份證", "taiwan"),
    _national("ua_rntrc", digits("10"), rntrc.is_valid, "рнокпп", "rnokpp", "іпн"),
    _national("za_id", digits("6 4 3"), plain(checks.south_african), "identity", "rsa", "south"),
)  # fmt: skip
"""Found beside their words."""

PAN: Final = (
    Rule("IN_PAN", "pan_person", token(r"[A-Z]{3}P[A-Z]\d{4}[A-Z]"), checks.pan_of_person, score=0.85),
    Rule("IN_PAN", "pan_told", token(r"[A-Za-z]{5}\d{4}[A-Za-z]"), pan.is_valid, words("pan", "permanent")),
)
"""India's: more letters than digits."""

LETTERED: Final = (
    _national("es_nie", token(r"[XYZxyz]-?\d{7}-?[A-Za-z]"), plain(nie.is_valid)),
    _national("fi_hetu", token(r"\d{6}[+A-FY-]\d{3}[0-9A-Y]"), hetu.is_valid),
    _national("mx_curp", token(r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d"), curp.is_valid),
)
"""Found wherever they stand; fewer digits in a row than the others of that kind."""
