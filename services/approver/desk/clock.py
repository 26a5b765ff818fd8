"""Times as people read them. Pure: the present is an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def left(until: datetime, now: datetime) -> str:
    """Time left, in the two largest units: `12 min`, `3 h 05 min`, `2 d 4 h`; `no time` when it is over."""
    seconds = int((until - now).total_seconds())
    if seconds <= 0:
        return "no time"
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE:02d} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02d} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def urgency(until: datetime, now: datetime) -> str:
    """`over`, `soon` (two minutes), `near` (ten) or `calm`."""
    rest = until - now
    if rest <= timedelta(0):
        return "over"
    return "soon" if rest < timedelta(minutes=2) else "near" if rest < timedelta(minutes=10) else "calm"


def stamp(moment: datetime) -> str:
    """`23 Nov 2026, 10:15:02 UTC`."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def iso(moment: datetime) -> str:
    """RFC 3339 with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
