"""What only looks like something: identifiers, digests, versions, times, counts. None of it is sensitive.

Rules: shapes are those that machines write; nothing here has the check digits of a card, an IBAN or a national number
except by the chance that real identifiers have as well (one in ten or less).
"""

from __future__ import annotations

import base64
import datetime as dt
import string
import uuid
from collections.abc import Mapping
from typing import Final

from tests.corpora.generators.draw import BASE62, Draw, Maker

_HEX: Final = "0123456789abcdef"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_EPOCH: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _moment(draw: Draw) -> dt.datetime:
    return _EPOCH + dt.timedelta(seconds=draw.chance.randint(0, 27_000_000), milliseconds=draw.chance.randint(0, 999))


def _uuid(draw: Draw) -> str:
    return str(uuid.UUID(bytes=draw.bytes(16), version=4))


def _plain(form: str, *, low: int = 0, high: int = 9) -> Maker:
    return Maker(None, lambda draw: form.format(draw.chance.randint(low, high)))


def _hex(length: int, prefix: str = "") -> Maker:
    return Maker(None, lambda draw: prefix + draw.of(_HEX, length))


MAKERS: Final[Mapping[str, Maker]] = {
    "uuid": Maker(None, _uuid),
    "ulid": Maker(None, lambda draw: "01" + draw.of(_CROCKFORD, 24)),
    "md5": _hex(32),
    "sha1": _hex(40),
    "sha256": _hex(64),
    "image_digest": _hex(64, "sha256:"),
    "git_short": _hex(7),
    "trace_id": _hex(32),
    "span_id": _hex(16),
    "etag": Maker(None, lambda draw: f'"{draw.of(_HEX, 32)}-{draw.chance.randint(2, 40)}"'),
    "digits6": Maker(None, lambda draw: draw.digits(6)),
    "digits8": Maker(None, lambda draw: draw.digits(8)),
    "digits9": Maker(None, lambda draw: draw.digits(9)),
    "digits10": Maker(None, lambda draw: draw.digits(10)),
    "digits12": Maker(None, lambda draw: draw.digits(12)),
    "digits13": Maker(None, lambda draw: draw.digits(13)),
    "digits18": Maker(None, lambda draw: draw.digits(18)),
    "order": Maker(None, lambda draw: f"ORD-{draw.digits(4)}-{draw.digits(7)}"),
    "order_dashed": Maker(
        None, lambda draw: f"{draw.digits(3)}-{draw.of(string.digits, 7)}-{draw.of(string.digits, 7)}"
    ),
    "invoice": Maker(None, lambda draw: f"INV-2026-{draw.digits(5)}"),
    "sku": Maker(
        None, lambda draw: f"{draw.of(string.ascii_uppercase, 3)}-{draw.digits(4)}-{draw.of(string.ascii_uppercase, 2)}"
    ),
    "tracking": Maker(
        None, lambda draw: f"1Z{draw.of(string.ascii_uppercase + string.digits, 6)}{draw.of(string.digits, 10)}"
    ),
    "account_id": Maker(None, lambda draw: draw.digits(12)),
    "instance": _hex(17, "i-0"),
    "subnet": _hex(17, "subnet-0"),
    "iso": Maker(None, lambda draw: _moment(draw).isoformat(timespec="milliseconds").replace("+00:00", "Z")),
    "log_time": Maker(None, lambda draw: _moment(draw).strftime("%Y-%m-%d %H:%M:%S,%f")[:23]),
    "date": Maker(None, lambda draw: _moment(draw).strftime("%Y-%m-%d")),
    "date_words": Maker(None, lambda draw: _moment(draw).strftime("%d %B %Y")),
    "time": Maker(None, lambda draw: _moment(draw).strftime("%H:%M")),
    "unix": Maker(None, lambda draw: str(int(_moment(draw).timestamp()))),
    "unix_ms": Maker(None, lambda draw: str(int(_moment(draw).timestamp() * 1000))),
    "version": Maker(None, lambda draw: f"{draw.chance.randint(0, 9)}.{draw.chance.randint(0, 30)}.{draw.digits(2)}"),
    "version4": Maker(None, lambda draw: f"{draw.chance.randint(80, 140)}.0.{draw.digits(4)}.{draw.digits(3)}"),
    "money": Maker(None, lambda draw: f"{draw.chance.randint(3, 90_000)}.{draw.of(string.digits, 2)}"),
    "count": _plain("{}", low=2, high=9_000),
    "small": _plain("{}", low=1, high=60),
    "port": _plain("{}", low=1024, high=65_000),
    "issue": _plain("OPS-{}", low=100, high=9_999),
    "build": _plain("#{}", low=100, high=90_000),
    "host": Maker(
        None, lambda draw: f"{draw.one(('web', 'db', 'kafka', 'etl'))}-{draw.chance.randint(1, 40):02}.prod.example.com"
    ),
    "blob": Maker(None, lambda draw: base64.b64encode(b"\x89PNG\r\n\x1a\n" + draw.bytes(90)).decode()),
    "opaque": Maker(None, lambda draw: draw.of(BASE62, 22)),
    "slug": Maker(
        None, lambda draw: f"{draw.one(('atlas', 'falcon', 'ledger', 'mosaic'))}-{draw.one(('api', 'worker', 'ui'))}"
    ),
    "private_ip": Maker(
        "PRIVATE_IP",
        lambda draw: f"10.{draw.chance.randint(0, 99)}.{draw.one(('4', '12', '80'))}.{draw.chance.randint(2, 250)}",
    ),
    "marking": Maker(
        "MARKING", lambda draw: draw.one(("CONFIDENTIAL", "TLP:AMBER", "ATTORNEY-CLIENT PRIVILEGED", "INTERNAL ONLY"))
    ),
}
