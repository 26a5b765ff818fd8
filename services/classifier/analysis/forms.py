"""What may be told of one masked value: `placet.forms`, derived.

Rules:
- Only of a value that is, whole, what its type says: its own check is made once more here, on exactly the value. A card
  has twelve digits or more, a telephone number its country's code; what stands for a part of a value has no form.
- Never of a credential, nor of a value that holds one or is part of one.
- A form never holds a detected value, in any spelling that `survivors` reads. The domain of an address is told only
  where it names nobody: not where it and the part before the `@` share a word, not where that part names nobody, so
  that the domain may, and not where a word of what was masked anywhere in the action stands in it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import phonenumbers
from stdnum import iban

from placet.forms import is_form
from services.classifier.analysis.accents import fold
from services.classifier.analysis.identifiers import money

_CARD: Final = re.compile(r"[0-9](?:[ .\u00a0\u202f-]?[0-9]){11,18}")
_IBAN: Final = re.compile(r"[A-Za-z]{2}[ -]?[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_MAIL: Final = re.compile(r"(?P<local>[\w.+%'-]{1,130})@(?P<domain>[A-Za-z0-9.-]{4,63})")
_PHONE: Final = re.compile(r"(?:\+|00)[0-9][0-9 ().\u00a0/\u2010-\u2013-]{5,30}")
_EVERYBODYS: Final = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "outlook.fr", "hotmail.com", "hotmail.co.uk",
    "hotmail.fr", "hotmail.de", "hotmail.it", "live.com", "msn.com", "yahoo.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de",
    "yahoo.co.jp", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch",
    "gmx.com", "web.de", "t-online.de", "freenet.de", "proton.me", "protonmail.com", "orange.fr", "free.fr", "sfr.fr",
    "laposte.net", "wanadoo.fr", "libero.it", "virgilio.it", "alice.it", "wp.pl", "o2.pl", "onet.pl", "interia.pl",
    "seznam.cz", "mail.ru", "yandex.ru", "yandex.com", "qq.com", "163.com", "126.com", "naver.com", "daum.net",
    "hanmail.net", "btinternet.com", "comcast.net", "verizon.net", "att.net", "bluewin.ch", "ziggo.nl", "telenet.be",
    "uol.com.br", "bol.com.br", "terra.com.br", "zoho.com", "fastmail.com", "mailbox.org", "posteo.de", "tutanota.com",
})  # fmt: skip
"""Domains under which anybody has an address."""
_ONES_OWN: Final = "name"
"""A top-level domain for people."""
_SHARED: Final = 4
"""Letters in a row that two words have in common by more than chance."""
_WORD: Final = 3
"""Letters of the shortest word that names somebody."""


def of(kind: str, value: str) -> str:
    """The form of a value, or nothing; nobody has said yet that it holds nothing that was detected."""
    derive = _DERIVED.get(kind)
    form = derive(value) if derive is not None else ""
    return form if form and is_form(kind, form) else ""


def holds(form: str, names: frozenset[str]) -> bool:
    """Whether a domain holds one of the words that `naming` gives; other forms hold no words."""
    if not form.startswith("at ") or form.removeprefix("at ") in _EVERYBODYS:
        return False
    labels = form.removeprefix("at ").split(".")[:-1]
    parts = {part for label in labels for part in label.split("-")}
    # Stretches are looked up among the names: there may be thousands of those, and a label is short.
    return not names.isdisjoint(parts) or any(not names.isdisjoint(_stretches(one.replace("-", ""))) for one in labels)


def naming(values: Iterable[str]) -> frozenset[str]:
    """The words of detected values, and each value as one word, in the letters that domains are written in.

    Of an address only what stands before its `@`: everybody at a company shares what stands behind.
    """
    found: set[str] = set()
    for value in values:
        for spelled in _spelled(value.partition("@")[0]):
            words = re.findall(r"[a-z0-9]+", spelled)
            found.update(word for word in (*words, "".join(words)) if len(word) >= _WORD)
    return frozenset(found)


def _card(value: str) -> str:
    return f"ending {re.sub(r'[^0-9]', '', value)[-4:]}" if _CARD.fullmatch(value) and money.is_card(value) else ""


def _iban(value: str) -> str:
    return f"of {value[:2].upper()}" if _IBAN.fullmatch(value) and iban.is_valid(value) else ""


def _mail(value: str) -> str:
    match = _MAIL.fullmatch(value)
    if match is None:
        return ""
    domain = match["domain"].lower()
    if domain not in _EVERYBODYS and _may_name(match["local"], domain):
        return ""
    return f"at {domain}"


def _may_name(local: str, domain: str) -> bool:
    """Whether a domain may be somebody's name."""
    *labels, top = domain.split(".")
    names = {re.sub(r"[^a-z]", "", part) for label in labels for part in (label, *label.split("-"))}
    for spelled in _spelled(local):
        words = re.findall(r"[a-z]+", spelled)
        if not any(len(word) >= _WORD for word in words) or top == _ONES_OWN:
            return True
        whole = "".join(words)
        for name in names:
            if len(name) >= _WORD and name in whole:
                return True
            if any(len(word) == _WORD and word in name for word in words) or _share(whole, name):
                return True
    return False


def _share(one: str, other: str) -> bool:
    return any(one[at : at + _SHARED] in other for at in range(len(one) - _SHARED + 1))


def _stretches(label: str) -> Iterator[str]:
    ends = range(_SHARED, len(label) + 1)
    return (label[start:end] for end in ends for start in range(end - _SHARED + 1))


def _phone(value: str) -> str:
    if _PHONE.fullmatch(value) is None:
        return ""
    try:
        number = phonenumbers.parse(value if value[0] == "+" else f"+{value[2:]}", None)
    except phonenumbers.NumberParseException:
        return ""
    return f"of +{number.country_code}" if phonenumbers.is_valid_number(number) else ""


def _address(value: str) -> str:
    try:
        address = ipaddress.ip_interface(value).ip
    except ValueError:
        return ""
    return f"{'public' if address.is_global else 'private'} v{address.version}"


def _spelled(text: str) -> Iterator[str]:
    """In small letters without marks; and as German spells them where it has none."""
    folded = text.casefold()
    yield from dict.fromkeys(map(fold, (folded, folded.translate(_GERMAN))))


_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DERIVED: Final[Mapping[str, Callable[[str], str]]] = {
    "CREDIT_CARD": _card,
    "EMAIL_ADDRESS": _mail,
    "IBAN_CODE": _iban,
    "IP_ADDRESS": _address,
    "PHONE_NUMBER": _phone,
}
