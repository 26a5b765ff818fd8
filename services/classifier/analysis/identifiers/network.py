"""Addresses of mail and of machines.

Rules:
- An address of mail ends in a name of letters (`ui@8.6.87`, `deploy@10.0.0.1` and `pkg@1.2.3` are none), and is no
  place to log in to (`git@github.com:team/repo`, `ssh deploy@host`, `rsync … deploy@host:/srv`).
- A message's own name (`Message-ID: <…@host>`, a UUID before the @) is nobody's address, and digits behind `sip:` are
  a telephone.
- Addresses of machines are looked for where they are somebody's: public ones, outside URLs and versions. What a URL
  names is a destination, and a fact of its own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis import destinations
from services.classifier.model import Passage, Span

_LOCAL: Final = r"[\w+%.-]{1,64}(?:'[\w.+%-]{1,64})?"
_MAIL: Final = re.compile(
    rf"(?<![\w.+%-]){_LOCAL}(?:[@＠]|%40)(?P<domain>[^\W_](?:[\w-]{{0,62}}\.){{1,8}}[^\W\d_][\w-]{{1,62}})(?<![-_])"
)
_FILES: Final = re.compile(r"(?i)[1-9]x\.[a-z]{3,5}")
"""`logo@2x.png`."""
_VERSION: Final = re.compile(r"v?\d{1,5}\.\d")
_PATH: Final = re.compile(r":(?:[/~]|[\w.-]{1,100}/|[\w-]{1,100}\.git\b)")
_LOGIN: Final = re.compile(
    r"(?<![\w-])(?:ssh|mosh|sftp|sshfs|autossh|ssh-copy-id)(?:\s{1,3}-[A-Za-z]{1,12}(?:\s?[^\s-]\S{0,80})?){0,6}\s{1,3}\Z|"
    r"://[^\s/?#]{0,100}\Z"
)
"""A command that logs in and its options, or the beginning of a URL."""
_COPY: Final = re.compile(r"(?<![\w-])(?:scp|rsync)\s[^|;&\n]{0,150}\Z")
_MESSAGE: Final = re.compile(r"(?i)(?:message-id|in-reply-to|references|content-id)['\"]?\s?:[^\r\n:]{0,140}<\Z")
_MACHINE: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,64}")
_CALLED: Final = re.compile(r"(?i)\bsips?:\Z")
_BEFORE: Final = 160

_IPV4: Final = re.compile(
    r"(?<![\w.])(?<![\w.:/]/)(?<![A-Za-z_]-)(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?!\w|-[A-Za-z]|\.\w)", re.ASCII
)
_IPV6: Final = re.compile(
    r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,35}(?:(?:\d{1,3}\.){3}\d{1,3})?(?:/\d{1,3})?(?![\w:])", re.ASCII
)
"""Global unicast addresses begin with the bits 001 (RFC 4291): nobody's others leave a house."""
_MAPPED: Final = "::ffff:"
"""An IPv4 address as IPv6 has it (RFC 4291)."""
_BARE_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")
_MAC: Final = re.compile(
    r"(?<![\w:.-])(?:[0-9A-Fa-f]{2}(?P<mark>[:-]))(?:[0-9A-Fa-f]{2}(?P=mark)){4}[0-9A-Fa-f]{2}(?![\w-]|:\w)|"
    r"(?<![\w:.-])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![\w-]|\.\w)",
    re.ASCII,
)
_OF_A_VERSION: Final = re.compile(r"(?i)(?:\bv|\bversion['\"]?[\s:=]{0,3}|release\s?|[\w-]@|[=~><!]=\s?|[A-Za-z_.]-)\Z")
_SHORT: Final = 20
_CARDS: Final = frozenset({"mac", "bssid", "macaddress", "hwaddr", "lladdr", "ethernet"})
"""Names under which twelve hexadecimal digits are an address of hardware."""
_NOBODYS: Final = ("000000000000", "ffffffffffff", "01005e", "3333", "0180c2", "01000c")
"""None, all, and groups: IPv4 and IPv6 multicast, bridges (IEEE 802.1), Cisco's protocols."""


def find(passage: Passage) -> Iterator[Span]:
    """Addresses of mail, of the network and of its cards."""
    text = passage.text
    if "@" in text or "＠" in text or "%40" in text:
        yield from _mail(text)
    if text.count(".") >= 3 or text.count(":") >= 2:  # noqa: PLR2004 - no address has fewer
        yield from _addresses(passage)
    if text.count(":") >= 5 or text.count("-") >= 5 or text.count(".") >= 2:  # noqa: PLR2004
        yield from _cards(text)
    if not _CARDS.isdisjoint(passage.hints) and _BARE_MAC.fullmatch(text) and not text.lower().startswith(_NOBODYS):
        yield Span("MAC_ADDRESS", 0, len(text), 0.8, "identifier/mac_field")


def _mail(text: str) -> Iterator[Span]:
    for match in _MAIL.finditer(text):
        start, end = match.span()
        if not match[0][: match.start("domain") - start].strip(".@＠-"):
            continue
        if _VERSION.match(match["domain"]) or _FILES.fullmatch(match["domain"]):
            continue
        if _is_machines(text, match):
            continue
        if _PATH.match(text, end) or _is_login(text, start, end):
            continue
        while text[start] in ".-":
            start += 1
        yield Span("EMAIL_ADDRESS", start, end, 0.9, "identifier/mail")


def _is_machines(text: str, match: re.Match[str]) -> bool:
    """Whether an address names a message or a telephone rather than a mailbox."""
    start, local = match.start(), text[match.start() : match.start("domain") - 1]
    before = text[max(0, start - _BEFORE) : start]
    if _MACHINE.fullmatch(local) or _MESSAGE.search(before):
        return True
    return local.lstrip("+").isdigit() and _CALLED.search(before) is not None


def _is_login(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _BEFORE) : start]
    return _LOGIN.search(before) is not None or (text[end : end + 1] == ":" and _COPY.search(before) is not None)


def _addresses(passage: Passage) -> Iterator[Span]:
    text = passage.text
    found = [*_IPV4.finditer(text), *_IPV6.finditer(text)]
    if not found or "version" in passage.hints:
        return
    hosts = frozenset(start for start, _ in destinations.url_hosts(text)) if "://" in text else frozenset[int]()
    for match in found:
        if match.start() not in hosts and _is_somebodys(text, match):
            start = match.start() - (len(_MAPPED) if text[: match.start()].lower().endswith(_MAPPED) else 0)
            yield Span("IP_ADDRESS", start, match.end(), 0.8, "identifier/ip_address")


def _is_somebodys(text: str, match: re.Match[str]) -> bool:
    """Public, and no version number."""
    try:
        address = ipaddress.ip_interface(match[0])
    except ValueError:
        return False
    if not address.is_global or address.is_multicast:
        return False
    return _OF_A_VERSION.search(text[max(0, match.start() - _SHORT) : match.start()]) is None


def _cards(text: str) -> Iterator[Span]:
    for match in _MAC.finditer(text):
        bare = re.sub(r"[^0-9a-f]", "", match[0].lower())
        if not bare.startswith(_NOBODYS):
            yield Span("MAC_ADDRESS", *match.span(), 0.8, "identifier/mac_address")
