"""The same in other spellings: days of birth, telephones of many countries, places, devices, further wallets.

Rules:
- A day of birth is the invented person's (`people`), whatever way it is written.
- `tel_xx` is a number of country xx in its international form, `tel_xx_home` as people there write it, `tel_xx_row`
  digits in a row with the country's code, `tel_xx_00` as dialled from abroad.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from typing import Final

import phonenumbers

from tests.corpora.generators.draw import BASE62, Draw, Maker
from tests.corpora.generators.people import born

_REGIONS: Final = (
    "US", "GB", "DE", "AT", "CH", "FR", "ES", "IT", "PT", "NL", "BE", "PL", "CZ", "SE", "NO", "DK", "FI", "IE", "GR",
    "TR", "RU", "UA", "IN", "CN", "JP", "KR", "AU", "NZ", "BR", "MX", "AR", "ZA", "NG", "KE", "IL", "AE", "SG", "HK",
)  # fmt: skip
_MONTHS: Final[Mapping[str, str]] = {
    "en": "January February March April May June July August September October November December",
    "short": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
_WORDS: Final = ("copper", "lantern", "meadow", "violin", "glacier", "pepper")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def _as_day(form: str, months: str = "en") -> Maker:
    """`{y}` and `{d}` bare, `{dd}` and `{mm}` in two digits, `{yy}` a short year, `{month}` the month's name."""

    def make(draw: Draw) -> str:
        year, month, day = born(draw)
        name = _MONTHS[months].split()[month - 1]
        return form.format(
            y=year, m=month, d=day, yy=f"{year % 100:02}", mm=f"{month:02}", dd=f"{day:02}", month=name,
            upper=name.upper(),
        )  # fmt: skip

    return Maker("DATE_OF_BIRTH", make)


def _epoch(factor: int) -> Maker:
    return Maker("DATE_OF_BIRTH", lambda draw: str(int(dt.datetime(*born(draw), tzinfo=dt.UTC).timestamp()) * factor))


def _telephone(region: str, write: Callable[[phonenumbers.PhoneNumber], str], *, mobile: bool) -> Maker:
    def make(draw: Draw) -> str:
        kind = phonenumbers.PhoneNumberType.MOBILE if mobile else phonenumbers.PhoneNumberType.FIXED_LINE
        number = phonenumbers.example_number_for_type(region, kind)
        assert number is not None
        assert number.national_number is not None
        for _ in range(50):
            other = phonenumbers.PhoneNumber(
                country_code=number.country_code, italian_leading_zero=number.italian_leading_zero
            )
            other.national_number = number.national_number // 1000 * 1000 + draw.chance.randint(0, 999)
            if phonenumbers.is_valid_number(other):
                return write(other)
        return write(number)

    return Maker("PHONE_NUMBER", make)


def _written(form: int) -> Callable[[phonenumbers.PhoneNumber], str]:
    return lambda number: phonenumbers.format_number(number, form)


def _telephones() -> Mapping[str, Maker]:
    formats = phonenumbers.PhoneNumberFormat
    row = _written(formats.E164)
    makers: dict[str, Maker] = {}
    for region in _REGIONS:
        name = f"tel_{region.lower()}"
        makers[name] = _telephone(region, _written(formats.INTERNATIONAL), mobile=True)
        makers[f"{name}_home"] = _telephone(region, _written(formats.NATIONAL), mobile=False)
        makers[f"{name}_row"] = _telephone(region, lambda number: row(number)[1:], mobile=True)
        makers[f"{name}_00"] = _telephone(region, lambda number: "00" + row(number)[1:], mobile=True)
        makers[f"{name}_desk"] = _telephone(region, _written(formats.INTERNATIONAL), mobile=False)
    return makers


def _position(draw: Draw) -> tuple[float, float]:
    """Latitude and longitude, the same for every spelling with the same number."""
    chance = draw.whose
    return chance.uniform(36, 58), chance.uniform(2, 24)


def _sexagesimal(degrees: float) -> tuple[int, int, int]:
    seconds = int(degrees * 3600)
    return seconds // 3600, seconds // 60 % 60, seconds % 60


def _place(form: str) -> Maker:
    def make(draw: Draw) -> str:
        north, east = _position(draw)
        (a, b, c), (d, e, f) = _sexagesimal(north), _sexagesimal(east)
        return form.format(north=north, east=east, a=a, b=b, c=c, d=d, e=e, f=f, minutes=b + c / 60, further=e + f / 60)

    return Maker("COORDINATES", make)


def _base58(version: bytes, draw: Draw) -> str:
    payload = version + draw.bytes(20)
    payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(payload), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return text


def _short_ipv6(draw: Draw) -> str:
    return f"2a02:cf40:{draw.chance.randint(1, 0xFFFF):x}::{draw.chance.randint(1, 0xFFFF):x}"


def _long_ipv6(draw: Draw) -> str:
    return ipaddress.ip_address(_short_ipv6(draw)).exploded.upper()


_BIRTHS: Final[Mapping[str, Maker]] = {
    "born_uk": _as_day("{dd}/{mm}/{y}"),
    "born_short": _as_day("{dd}/{mm}/{yy}"),
    "born_dash": _as_day("{dd}-{mm}-{y}"),
    "born_oracle": _as_day("{dd}-{upper}-{y}", "short"),
    "born_oracle_short": _as_day("{dd}-{upper}-{yy}", "short"),
    "born_slashes": _as_day("{y}/{mm}/{dd}"),
    "born_bare": _as_day("{d}.{m}.{y}"),
    "born_airy": _as_day("{d}. {m}. {y}"),
    "born_dots_short": _as_day("{dd}.{mm}.{yy}"),
    "born_american": _as_day("{month} {d}, {y}"),
    "born_ordinal": _as_day("{d}th of {month} {y}"),
    "born_abbreviated": _as_day("{d} {month} {y}", "short"),
    "born_gedcom": _as_day("{d} {upper} {y}", "short"),
    "born_de": _as_day("{d}. {month} {y}", "de"),
    "born_fr": _as_day("{d} {month} {y}", "fr"),
    "born_es": _as_day("{d} de {month} de {y}", "es"),
    "born_it": _as_day("{d} {month} {y}", "it"),
    "born_pl": _as_day("{d} {month} {y}", "pl"),
    "born_ru": _as_day("{d} {month} {y}", "ru"),
    "born_ja": _as_day("{y}年{m}月{d}日"),
    "born_midnight": _as_day("{y}-{mm}-{dd}T00:00:00Z"),
    "born_midnight_space": _as_day("{y}-{mm}-{dd} 00:00:00"),
    "born_generalized": _as_day("{y}{mm}{dd}000000Z"),
    "born_year": _as_day("{y}"),
    "born_seconds": _epoch(1),
    "born_ms": _epoch(1000),
}
_PLACES: Final[Mapping[str, Maker]] = {
    "place_dms": _place("{a}°{b:02}'{c:02}\"N {d}°{e:02}'{f:02}\"E"),
    "place_minutes": _place("{a}° {minutes:.3f}' N, {d}° {further:.3f}' E"),
    "place_letters": _place("N{north:.5f} E{east:.5f}"),
    "place_letters_behind": _place("{north:.4f}N, {east:.4f}E"),
    "place_degrees": _place("{north:.5f}° N, {east:.5f}° E"),
    "place_wkt": _place("{east:.6f} {north:.6f}"),
    "place_iso6709": _place("+{north:07.4f}+{east:08.4f}"),
    "place_pair": _place("{north:.6f},{east:.6f}"),
    "place_coarse": _place("{north:.4f}, {east:.4f}"),
    "place_lonlat": _place("{east:.5f}, {north:.5f}"),
    # Without noughts at the end, which a JSON number loses.
    "latitude": Maker("COORDINATES", lambda draw: str(round(_position(draw)[0], 6))),
    "longitude": Maker("COORDINATES", lambda draw: str(round(_position(draw)[1], 6))),
}
_DEVICES: Final[Mapping[str, Maker]] = {
    "mac_cisco": Maker("MAC_ADDRESS", lambda draw: (text := draw.bytes(6).hex())[:4] + f".{text[4:8]}.{text[8:]}"),
    "mac_upper": Maker("MAC_ADDRESS", lambda draw: draw.bytes(6).hex(":").upper()),
    "mac_row": Maker("MAC_ADDRESS", lambda draw: "3c" + draw.bytes(5).hex()),
    "ipv6_short": Maker("IP_ADDRESS", _short_ipv6),
    "ipv6_long": Maker("IP_ADDRESS", _long_ipv6),
    "ip_mapped": Maker("IP_ADDRESS", lambda draw: f"::ffff:81.2.69.{draw.chance.randint(2, 253)}"),
    "bitcoin_script": Maker("CRYPTO", lambda draw: _base58(b"\x05", draw)),
    "litecoin": Maker("CRYPTO", lambda draw: _base58(b"\x30", draw)),
    "dogecoin": Maker("CRYPTO", lambda draw: _base58(b"\x1e", draw)),
    "tron": Maker("CRYPTO", lambda draw: _base58(b"\x41", draw)),
    "ether_bare": Maker("CRYPTO", lambda draw: "0x" + draw.bytes(20).hex().upper()),
}
_SECRETS: Final[Mapping[str, Maker]] = {
    "password_signs": Maker("SECRET", lambda draw: draw.of(BASE62 + "!@#%^&*_+-=?", 18)),
    "passphrase": Maker("SECRET", lambda draw: " ".join(draw.one(_WORDS) for _ in range(4))),
    "weak": Maker("SECRET", lambda draw: f"{draw.one(('Summer', 'Winter', 'Welcome', 'Dragon'))}{draw.digits(4)}!"),
    "weak_plain": Maker("SECRET", lambda draw: f"{draw.one(('tiger', 'Harbor', 'quartz', 'Nimbus'))}{draw.digits(3)}"),
    "secret_sha": Maker("SECRET", lambda draw: draw.bytes(20).hex()),
    "totp_seed": Maker("SECRET", lambda draw: base64.b32encode(draw.bytes(20)).decode()),
    "wireguard": Maker("SECRET", lambda draw: base64.b64encode(draw.bytes(32)).decode()),
    "bcrypt": Maker("SECRET", lambda draw: "$2b$12$" + draw.of(_BASE58, 53)),
    "sha512crypt": Maker("SECRET", lambda draw: f"$6${draw.of(_BASE58, 12)}${draw.of(_BASE58, 86)}"),
    "key_part": Maker("PRIVATE_KEY", lambda draw: base64.urlsafe_b64encode(draw.bytes(32)).rstrip(b"=").decode()),
    "hex_key": Maker("SECRET", lambda draw: "0x" + draw.bytes(32).hex()),
    "recovery": Maker("SECRET", lambda draw: f"{draw.of('0123456789abcdef', 5)}-{draw.of('0123456789abcdef', 5)}"),
    "secret_long": Maker("SECRET", lambda draw: base64.urlsafe_b64encode(draw.bytes(48)).decode()),
}
MAKERS: Final[Mapping[str, Maker]] = {**_BIRTHS, **_telephones(), **_PLACES, **_DEVICES, **_SECRETS}
