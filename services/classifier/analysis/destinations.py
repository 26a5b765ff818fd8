"""Where an action would send things: hosts, buckets and mail domains in its arguments, ours or others'.

Rules:
- Looked for in arguments only: a preview holds data, a purpose holds talk. Mail addresses inside SQL are data too.
- `https://u:p@Host:8443/x?y` gives `host`; `s3://bucket/x` gives `s3://bucket`; `user@host:path` gives `host`.
- Hosts without a dot, private and loopback addresses and what the catalogue lists are internal; buckets are internal
  only when listed. Everything else is external. A host that cannot be read is external.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_DESTINATIONS: Final = 64
_BUCKETS: Final = frozenset(
    {"s3", "s3a", "s3n", "gs", "gcs", "az", "abfs", "abfss", "wasb", "wasbs", "r2", "oss", "cos"}
)
_URL: Final = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{0,31})://([^\s'\"<>`|\\^{}\x00-\x1f]{1,2000})")
_MAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})"
)
_REMOTE_COPY: Final = re.compile(
    r"(?<![\w.@-])(?:[\w.-]{1,64}@)([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}):(?!//)"
)
_HOST: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?"
)
_NAMED_HOST: Final = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62}")
_HOST_NAMES: Final = frozenset(
    {"host", "hostname", "domain", "endpoint", "server", "destination", "target", "recipient"}
)
_BUCKET_NAMES: Final = frozenset({"bucket"})
_NOT_HOSTS: Final = re.compile(
    r"(?i)\.(?:csv|json|parquet|txt|sql|gz|zip|xml|yaml|yml|py|log|md|pdf|xlsx?|tsv|avro|orc)$"
)


@dataclass(frozen=True, slots=True)
class Destinations:
    """Sorted, each once."""

    hosts: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    """Of mail addresses, and of hosts: the last two labels, or three under a two-letter second level such as co.uk."""
    external: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A string of the arguments, and what is known of it."""

    text: str
    hints: tuple[str, ...]
    is_sql: bool = False


def find(places: Iterable[Place], is_internal: Callable[[str], bool]) -> Destinations:
    """Every destination in the strings of an action's arguments."""
    hosts, domains, external = set[str](), set[str](), False
    for place in places:
        for host in _hosts(place):
            if not host:  # file:///here
                continue
            hosts.add(host)
            domains.add(domain_of(host))
            external |= not _ours(host, is_internal)
        if not place.is_sql and "@" in place.text:
            for match in _MAIL.finditer(_URL.sub(" ", place.text)):
                domain = match[1].lower()
                domains.add(domain)
                external |= not (is_internal(domain) or is_internal(f"mail.{domain}"))
    return Destinations(
        hosts=tuple(sorted(hosts)[:MAX_DESTINATIONS]),
        domains=tuple(sorted(domains - {""})[:MAX_DESTINATIONS]),
        external=external or len(hosts) > MAX_DESTINATIONS or len(domains) > MAX_DESTINATIONS,
    )


def url_hosts(text: str) -> Iterator[tuple[int, int]]:
    """Where hosts of URLs stand in a text: an address there is a destination, not somebody's."""
    for match in _URL.finditer(text):
        authority = re.split(r"[/?#]", match[2], maxsplit=1)[0]
        start = match.start(2) + authority.rfind("@") + 1
        yield start, match.start(2) + len(authority)


def domain_of(host: str) -> str:
    """`a.b.example.co.uk` → `example.co.uk`; nothing for addresses, buckets and single names."""
    labels = host.rstrip(".").split(".")
    if "://" in host or len(labels) < 2 or _address(host) is not None:  # noqa: PLR2004
        return ""
    short_second = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3  # noqa: PLR2004
    return ".".join(labels[-3:] if short_second else labels[-2:])


def _hosts(place: Place) -> Iterator[str]:
    text = place.text
    if "://" in text:
        for match in _URL.finditer(text):
            yield _authority(match[1].lower(), match[2])
    if "@" in text and not place.is_sql:
        yield from (match[1].lower() for match in _REMOTE_COPY.finditer(text))
    if "://" in text or place.is_sql or not place.hints:
        return
    stripped = text.strip()
    if not _BUCKET_NAMES.isdisjoint(place.hints) and re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,62}", stripped):
        yield f"s3://{stripped}"
    elif not _HOST_NAMES.isdisjoint(place.hints) and not _NOT_HOSTS.search(stripped):
        host = stripped.rsplit(":", 1)[0] if re.search(r":\d{1,5}$", stripped) else stripped
        if _NAMED_HOST.fullmatch(host) or _address(host) is not None:
            yield host.lower()


def _authority(scheme: str, rest: str) -> str:
    authority = (
        re.split(r"[/?#]", rest, maxsplit=1)[0].rsplit("@", 1)[-1].rstrip(".,;:)]" if "[" not in rest else ".,;)")
    )
    if scheme in _BUCKETS:
        return f"{scheme}://{authority.lower()[:200]}"
    if authority.startswith("["):
        return authority[1:].split("]", 1)[0].lower()[:200]
    return authority.split(":", 1)[0].lower()[:200]


def _ours(host: str, is_internal: Callable[[str], bool]) -> bool:
    if is_internal(host):
        return True
    if "://" in host:
        return False
    address = _address(host)
    if address is not None:
        return address.is_private or address.is_loopback or address.is_link_local
    # One odd character and the host is somebody's trick, not a name of ours.
    return host.isascii() and "." not in host and _HOST.fullmatch(host) is not None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address in any spelling that a resolver takes: dotted, whole decimal, hexadecimal."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if re.fullmatch(r"0x[0-9a-f]{1,8}|\d{4,10}", host):
        number = int(host, 0) if host.startswith("0x") else int(host)
        return ipaddress.IPv4Address(number) if number < 2**32 else None
    return None
