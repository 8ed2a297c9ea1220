"""Writes content lines of iCalendar (RFC 5545, 3.1): folding, escaping and times."""

from collections.abc import Iterable
from datetime import UTC, datetime

from calsync.demo.diary import PlanRule, localize_london

BYDAY_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DTSTAMP = "20261115T220000Z"
"""The time of the export: the evening before the night of the demo."""


def encode_lines(lines: Iterable[str]) -> bytes:
    """Fold lines at 75 octets, between characters, and end each with CR LF."""
    return b"".join(map(_fold_line, lines))


def _fold_line(line: str) -> bytes:
    octets, parts, bytes_left = line.encode(), [], 75
    while len(octets) > bytes_left:
        cut = bytes_left
        while octets[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(octets[:cut])
        octets, bytes_left = octets[cut:], 74
    return b"\r\n ".join([*parts, octets]) + b"\r\n"


def escape_text(value: str) -> str:
    """Escape a value of the type TEXT (RFC 5545, 3.3.11)."""
    plain = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\n").replace("\n", "\\n")


def quote_parameter(value: str) -> str:
    """Quote a value of a parameter, which must not contain a double quote (RFC 5545, 3.2)."""
    return '"' + value.replace('"', "'") + '"'


def format_local(moment: datetime) -> str:
    """A local time without its zone."""
    return f"{moment:%Y%m%dT%H%M%S}"


def format_utc(moment: datetime) -> str:
    """A local time in London, in UTC."""
    return f"{localize_london(moment).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def format_byday(rule: PlanRule) -> str:
    """The BYDAY of a rule: `TU`, `MO,WE` or `3TU`."""
    nth = str(rule.nth) if rule.unit == "month" else ""
    return ",".join(f"{nth}{BYDAY_NAMES[weekday]}" for weekday in rule.weekdays)
