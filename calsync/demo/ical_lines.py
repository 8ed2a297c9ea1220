"""Content lines of iCalendar (RFC 5545, 3.1): escaped, folded, and times as texts."""

from collections.abc import Iterable
from datetime import UTC, datetime

from calsync.demo.diary import Rule, in_london

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
STAMP = "20261115T220000Z"
"""When the calendars were exported: the evening before the demo's night."""


def lines_of(lines: Iterable[str]) -> bytes:
    """Lines folded at 75 octets, never within a character, each ended by CR LF."""
    return b"".join(map(_folded, lines))


def _folded(line: str) -> bytes:
    octets, parts, room = line.encode(), [], 75
    while len(octets) > room:
        cut = room
        while octets[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(octets[:cut])
        octets, room = octets[cut:], 74
    return b"\r\n ".join([*parts, octets]) + b"\r\n"


def text(value: str) -> str:
    """A text with what would end it or part it escaped."""
    plain = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\n").replace("\n", "\\n")


def quoted(value: str) -> str:
    """A parameter's value in quotes."""
    return '"' + value.replace('"', "'") + '"'


def local(moment: datetime) -> str:
    """A clock time."""
    return f"{moment:%Y%m%dT%H%M%S}"


def in_utc(moment: datetime) -> str:
    """A London clock time, in UTC."""
    return f"{in_london(moment).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def by_days(rule: Rule) -> str:
    """The BYDAY of a rule: `TU`, `MO,WE` or `3TU`."""
    nth = str(rule.nth) if rule.unit == "month" else ""
    return ",".join(f"{nth}{DAYS[weekday]}" for weekday in rule.weekdays)
