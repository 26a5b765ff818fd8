"""Credentials of the right shape, made at run time: none is committed, none was ever issued.

Rules:
- A prefix alone stands here, the rest is chance. Where an issuer adds a checksum (GitHub, npm), it is right.
- Published example keys and stand-ins are EXAMPLE_CREDENTIAL: known, and no reason to hold anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
import uuid
import zlib
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.corpora.generators.draw import BASE62, URLSAFE, Draw, Maker

_UPPER: Final = string.ascii_uppercase + string.digits
_BASE32: Final = string.ascii_uppercase + "234567"
_HEX: Final = "0123456789abcdef"
_STAND_INS: Final = (
    "changeme", "<token>", "${DB_PASSWORD}", "xxxxxxxxxxxxxxxx", "your-api-key-here", "REPLACE_ME", "<your-password>",
    "********", "{{ secrets.DEPLOY_TOKEN }}", "dummy", "placeholder",
)  # fmt: skip
_WORDS: Final = ("Harbor", "quartz", "Nimbus", "walnut", "Ember", "tundra", "Saffron", "pixel", "Orbit", "velvet")


def _base62(number: int, length: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = BASE62[rest] + text
    return text.rjust(length, "0")


def _checked(draw: Draw, prefix: str) -> str:
    """As GitHub and npm make them: thirty characters, then CRC-32 in base 62."""
    body = draw.of(BASE62, 30)
    return f"{prefix}{body}{_base62(zlib.crc32(body.encode()), 6)}"


def _password(draw: Draw) -> str:
    chance = draw.chance
    match chance.randint(0, 3):
        case 0:
            return "".join(chance.choices(BASE62 + "!#%+*=", k=chance.randint(12, 22)))
        case 1:
            return f"{chance.choice(_WORDS)}-{chance.choice(_WORDS)}-{chance.randint(10, 9999)}"
        case 2:
            return f"{chance.choice(_WORDS).title()}{chance.randint(1, 2100)}{chance.choice('!?#*')}"
        case _:
            return "".join(chance.choices(BASE62, k=24))


def _url_password(draw: Draw) -> str:
    return draw.of(BASE62 + "._~", 18)


def _unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _jwt(draw: Draw) -> str:
    claims = {
        "sub": draw.digits(8),
        "iss": "https://id.example.com",
        "iat": draw.chance.randint(1_700_000_000, 1_790_000_000),
    }
    parts = [_unpadded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(draw.bytes(32), ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, _unpadded(signature)])


def _pem(draw: Draw) -> str:
    key = Ed25519PrivateKey.from_private_bytes(draw.bytes(32))
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode().strip()  # fmt: skip


def _armoured(draw: Draw, title: str, size: int, head: bytes = b"") -> str:
    text = base64.b64encode(head + draw.bytes(size)).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {title}-----", *lines, f"-----END {title}-----"])


def _pgp(draw: Draw) -> str:
    head, *rest = _armoured(draw, "PGP PRIVATE KEY BLOCK", 300, b"\x95\x01").split("\n")
    return "\n".join([head, "", *rest])


def _token(entity_type: str, prefix: str, alphabet: str, length: int, suffix: str = "") -> Maker:
    return Maker(entity_type, lambda draw: prefix + draw.of(alphabet, length) + suffix)


MAKERS: Final[Mapping[str, Maker]] = {
    "password": Maker("SECRET", _password),
    "userinfo": Maker(
        "URL_CREDENTIALS", lambda draw: f"{draw.one(('svc_report', 'app', 'etl', 'deploy'))}:{_url_password(draw)}"
    ),
    "basic": Maker("SECRET", lambda draw: base64.b64encode(f"svc:{_password(draw)}".encode()).decode()),
    "secret_hex": _token("SECRET", "", _HEX, 64),
    "secret_hex32": _token("SECRET", "", _HEX, 32),
    "secret_b64": Maker("SECRET", lambda draw: base64.b64encode(draw.bytes(32)).decode()),
    "secret_mixed": _token("SECRET", "", BASE62, 40),
    "pin": Maker("SECRET", lambda draw: draw.digits(6)),
    "session": Maker("SECRET", lambda draw: f"sessionid={draw.of(_HEX, 32)}"),
    "secret_uuid": Maker("SECRET", lambda draw: str(uuid.UUID(bytes=draw.bytes(16), version=4))),
    "aws_key": _token("AWS_ACCESS_KEY", "AKIA", _BASE32, 16),
    "aws_temporary": _token("AWS_ACCESS_KEY", "ASIA", _BASE32, 16),
    "aws_secret": _token("AWS_SECRET_KEY", "", BASE62 + "/+", 40),
    "github": Maker("GITHUB_TOKEN", lambda draw: _checked(draw, draw.one(("ghp_", "gho_", "ghs_")))),
    "github_fine": Maker("GITHUB_TOKEN", lambda draw: f"github_pat_{draw.of(BASE62, 22)}_{draw.of(BASE62, 59)}"),
    "gitlab": _token("GITLAB_TOKEN", "glpat-", URLSAFE, 20),
    "gitlab_runner": _token("GITLAB_TOKEN", "glrt-", URLSAFE, 20),
    "slack": Maker("SLACK_TOKEN", lambda draw: f"xoxb-{draw.digits(12)}-{draw.digits(13)}-{draw.of(BASE62, 24)}"),
    "slack_user": Maker("SLACK_TOKEN", lambda draw: f"xoxp-{draw.digits(11)}-{draw.digits(12)}-{draw.of(_HEX, 32)}"),
    "slack_hook": Maker(
        "SLACK_TOKEN",
        lambda draw: (
            f"https://hooks.slack.com/services/T{draw.of(_UPPER, 8)}/B{draw.of(_UPPER, 8)}/{draw.of(BASE62, 24)}"
        ),
    ),
    "stripe": _token("STRIPE_KEY", "sk_" + "live_", BASE62, 24),
    "stripe_restricted": _token("STRIPE_KEY", "rk_" + "live_", BASE62, 48),
    "stripe_hook": _token("STRIPE_KEY", "whsec_", BASE62, 32),
    "npm": Maker("NPM_TOKEN", lambda draw: _checked(draw, "npm_")),
    "pypi": Maker("PYPI_TOKEN", lambda draw: "pypi-" + "AgEIcHlwaS5vcmcC" + _unpadded(draw.bytes(110))),
    "openai": Maker(
        "MODEL_PROVIDER_KEY", lambda draw: f"sk-proj-{draw.of(URLSAFE, 58)}T3Blbk{'FJ'}{draw.of(BASE62, 58)}"
    ),
    "anthropic": _token("MODEL_PROVIDER_KEY", "sk-ant-" + "api03-", URLSAFE, 93, "AA"),
    "huggingface": _token("MODEL_PROVIDER_KEY", "hf_", string.ascii_letters, 34),
    "google_api": _token("GOOGLE_KEY", "AI" + "za", URLSAFE, 35),
    "google_client": _token("GOOGLE_KEY", "GOCSPX-", URLSAFE, 28),
    "google_access": _token("GOOGLE_KEY", "ya29.a0", URLSAFE, 120),
    "azure_storage": Maker("AZURE_KEY", lambda draw: base64.b64encode(draw.bytes(64)).decode()),
    "azure_shared": Maker("AZURE_KEY", lambda draw: base64.b64encode(draw.bytes(32)).decode()),
    "azure_sas": Maker(
        "AZURE_KEY",
        lambda draw: (
            base64.b64encode(draw.bytes(32)).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        ),
    ),
    "sendgrid": Maker("SERVICE_TOKEN", lambda draw: f"SG.{draw.of(URLSAFE, 22)}.{draw.of(BASE62, 43)}"),
    "twilio": _token("SERVICE_TOKEN", "SK", _HEX, 32),
    "digitalocean": _token("SERVICE_TOKEN", "dop_v1_", _HEX, 64),
    "docker_hub": _token("SERVICE_TOKEN", "dckr_pat_", URLSAFE, 27),
    "databricks": _token("SERVICE_TOKEN", "dapi", _HEX, 32),
    "telegram": Maker("SERVICE_TOKEN", lambda draw: f"{draw.digits(10)}:AA{draw.of(URLSAFE, 33)}"),
    "vault": _token("SERVICE_TOKEN", "hvs.", URLSAFE, 95),
    "shopify": _token("SERVICE_TOKEN", "shpat_", _HEX, 32),
    "grafana": Maker("SERVICE_TOKEN", lambda draw: f"glsa_{draw.of(BASE62, 32)}_{draw.of(_HEX, 8)}"),
    "linear": _token("SERVICE_TOKEN", "lin_api_", BASE62, 40),
    "discord": Maker(
        "SERVICE_TOKEN",
        lambda draw: f"{_unpadded(draw.digits(18).encode())}.{draw.of(URLSAFE, 6)}.{draw.of(URLSAFE, 38)}",
    ),
    "mailgun": _token("SERVICE_TOKEN", "key-", _HEX, 32),
    "new_relic": _token("SERVICE_TOKEN", "NRAK-", _UPPER, 27),
    "age_key": _token("PRIVATE_KEY", "AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "jwt": Maker("JWT", _jwt),
    "pem": Maker("PRIVATE_KEY", _pem),
    "pem_rsa": Maker(
        "PRIVATE_KEY", lambda draw: _armoured(draw, "RSA PRIVATE KEY", 600, b"\x30\x82\x02\x5c\x02\x01\x00")
    ),
    "openssh": Maker("PRIVATE_KEY", lambda draw: _armoured(draw, "OPENSSH PRIVATE KEY", 240, b"openssh-key-v1\0")),
    "pgp": Maker("PRIVATE_KEY", _pgp),
    "stand_in": Maker("EXAMPLE_CREDENTIAL", lambda draw: draw.one(_STAND_INS)),
    "example_aws_key": Maker("EXAMPLE_CREDENTIAL", lambda _: "AKIA" + "IOSFODNN7EXAMPLE"),
    "example_aws_secret": Maker("EXAMPLE_CREDENTIAL", lambda _: "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"),
    "example_stripe_x": Maker("EXAMPLE_CREDENTIAL", lambda _: "sk_" + "test_" + "x" * 24),
    "example_stripe": Maker("EXAMPLE_CREDENTIAL", lambda _: "sk_" + "test_4eC39HqLyjWDarjtT1zdp7dc"),
}
