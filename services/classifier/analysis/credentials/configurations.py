"""Secrets in files of configuration, where the file's form tells: Secrets of Kubernetes, registries, wireless networks.

Rules:
- In a Secret's `data` and `stringData` any name may hold one. What is named for a user, a host or a port is none, and
  a value without a digit or a sign counts only under a telling name.
- `auth` of a registry is user and password in base64, however short.
- What stands for a value (`{{ … }}`, `ENC(…)`, `*.sops`) is judged as everywhere (`stand_ins`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.credentials import stand_ins
from services.classifier.analysis.credentials.rule import SECRET, Rule, Text
from services.classifier.model import Span

MANIFEST: Final = "kubernetes_manifest"
_PAIR: Final = re.compile(r"[A-Za-z0-9+/]{4,4000}={0,2}")
_LEAST: Final = 3
"""`a:b` is the shortest pair of user and password."""


def is_pair(value: str) -> bool:
    """Whether a text is `user:password` in base64."""
    text = _decoded(value)
    user, sign, password = text.partition(":")
    return bool(sign and user and password) and len(text) >= _LEAST and " " not in user


def _decoded(value: str) -> str:
    """The printable text that base64 stands for, or nothing."""
    if len(value) % 4 or _PAIR.fullmatch(value) is None:
        return ""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() else ""


def _rule(name: str, source: str, pattern: str, *marks: str) -> Rule:
    return Rule(SECRET, name, re.compile(pattern), marks, source=source, folded=True, told=True)


RULES: Final = (
    Rule(
        SECRET, "registry_auth",
        re.compile(r"(?:\"auth\"\s{0,3}:\s{0,3}\"|(?m:^|:)_auth\s{0,3}=\s{0,3}\"?)([A-Za-z0-9+/]{4,4000}={0,2})(?![\w+/=])"),
        ("auth",), source="Docker: config.json; npm: .npmrc", accept=is_pair,
    ),
    _rule("wireless_code", "ZXing: the barcode of a wireless network",
          r"\bwifi:(?:[sthre]:[^;\r\n]{0,80};){0,5}p:((?:[^;\\\r\n]|\\.){1,80}+);", "wifi:"),
    _rule("wireless_option", "ifupdown and Cisco: wpa-psk; wpa_supplicant: wpa_passphrase",
          r"(?<![\w=-])(?:wpa-psk\s{1,8}(?:(?:ascii|hex)\s{1,3}[078]?\s{0,3})?|wpa_passphrase\s{1,3}(?:\"[^\"\r\n]{1,40}\"|"
          r"[^\s\"]{1,40})\s{1,3})\"?([^\s\"'|;&<>]{8,64})(?![^\s\"'|;&])", "wpa-psk", "wpa_passphrase"),
    _rule("device_line", "Cisco IOS, NX-OS and ASA, Arista EOS: secrets, keys and communities of devices",
          r"(?m)^[ \t]{0,8}(?:enable (?:secret|password)|username \S{1,60}(?: privilege \d{1,2}| role \S{1,40}){0,2} "
          r"(?:secret|password)|snmp-server (?:community|user \S{1,60} \S{1,60}(?: v3)? auth (?:md5|sha))|"
          r"(?:tacacs|radius)(?:-server)?(?: host \S{1,80})?(?: \S{1,40}){0,4}? key|neighbor \S{1,60} password|"
          r"ip ospf (?:authentication-key|message-digest-key \d{1,3} md5)|crypto isakmp key|ppp chap password|"
          r"(?:ikev2 )?(?:local-authentication |remote-authentication )?pre-shared-key)(?: [0-9])? ([^\s\"']{4,200})",
          "secret", "password", "community", "key", " auth "),
    _rule("password_file_line", "PostgreSQL: the password file, ports of other servers",
          r"(?m)^(?:[\w-]{1,60}(?:\.[\w-]{1,60}){0,6}|\*):(?:[1-9]\d{3,4}|\*):(?:[a-z_][\w-]{0,60}|\*):[a-z_][\w-]{0,60}:"
          r"(?=[^\s:]{0,200}\d)(?=[^\s:]{0,200}[a-z])([^\s:'\"/]{6,200})$", ":"),
)  # fmt: skip

_KIND: Final = re.compile(r"(?m)^([ \t]{0,20})kind:[ \t]{1,4}[\"']?Secret[\"']?[ \t]*\r?$")
_DOCUMENT: Final = re.compile(r"(?m)^---")
_BLOCK: Final = re.compile(r"(?m)^([ \t]{0,20})(data|stringData):[ \t]*\r?$")
_MEMBER: Final = re.compile(
    r"([ \t]{1,40})([\"']?)([\w.-]{1,120})\2:[ \t]{1,8}(\"[^\"\r\n]{1,4000}\"|'[^'\r\n]{1,4000}'|[^\r\n]{1,4000})"
)
_OPEN: Final = re.compile(
    r"(?i)(?:.*[_.-])?(?:user(?:name)?|login|e?mail|host(?:name)?|port|db|database|name(?:space)?|region|endpoint|url|uri|"
    r"domain|bucket|ca\.crt|tls\.crt|.*\.(?:crt|pub|pem\.pub)|issuer|client[_-]?id|tenant[_-]?id|ssl[_-]?mode|type|version)"
)
_SIGN: Final = re.compile(r"[^A-Za-z._/-]")
_PLAIN: Final = re.compile(
    r"(?i)[|>][+-]?\d?|true|false|null|\d{1,5}|https?://[^@\s]*|[\w-]+(?:\.[\w-]+)+(?::\d{2,5})?|(?:/[\w.-]+)+"
)


def find(text: Text) -> Iterator[Span]:
    """Values in the Secrets of Kubernetes that stand in a text as YAML."""
    raw = text.raw
    if "kind:" not in raw or "Secret" not in raw:
        return
    bounds = [0, *(match.start() for match in _DOCUMENT.finditer(raw)), len(raw)]
    for start, end in pairwise(bounds):
        if (kind := _KIND.search(raw, start, end)) is None:
            continue
        for block in _BLOCK.finditer(raw, start, end):
            if block[1] == kind[1]:
                yield from _members(raw, block, end)


def _members(raw: str, block: re.Match[str], end: int) -> Iterator[Span]:
    position, indent = block.end() + 1, 0
    while position < end:
        stop = raw.find("\n", position, end)
        stop = end if stop < 0 else stop
        line = raw[position:stop]
        margin = len(line) - len(line.lstrip(" \t"))
        if line.strip():
            if margin <= len(block[1]):
                return
            indent = indent or margin
            member = _MEMBER.match(raw, position, stop) if margin == indent else None
            if member is not None:
                yield from _judged(member, encoded=block[2] == "data")
        position = stop + 1


def _judged(member: re.Match[str], *, encoded: bool) -> Iterator[Span]:
    start, end = member.span(4)
    value = member[4].split(" #", 1)[0].rstrip()
    end = start + len(value)
    if value[:1] in {'"', "'"} and value[-1:] == value[:1]:
        start, end, value = start + 1, end - 1, value[1:-1]
    hints = names.words(member[3])
    clear = (_decoded(value) or value) if encoded else value
    if not value or (not names.is_secret(hints) and not _counts(member[3], clear)):
        return
    kind = stand_ins.kind_of_told(SECRET, clear, hints if names.is_secret(hints) else ("password",))
    if kind is not None:
        yield Span(kind, start, end, 0.85, f"credential/{MANIFEST}")


def _counts(name: str, value: str) -> bool:
    """Whether a value may be a secret under a name that does not say so."""
    return not _OPEN.fullmatch(name) and not _PLAIN.fullmatch(value) and _SIGN.search(value) is not None
