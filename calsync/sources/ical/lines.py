"""Content lines (RFC 5545, 3.1): name, parameters and value of the few properties that matter here."""

import re
from dataclasses import dataclass
from functools import cache

_TZID = re.compile(r""";TZID=(?:"([^"]*)"|(.*?)(?=;[A-Za-z0-9-]+=|$))""", re.I)
_RANGE = re.compile(r';RANGE="?THISANDFUTURE\b', re.I)
_PERIOD = re.compile(r';VALUE="?PERIOD\b', re.I)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A property that holds times; `tzid` is "" where there is none."""

    name: str
    tzid: str
    value: str
    this_and_future: bool
    period: bool


def named_lines(text: str, names: frozenset[str]) -> list[tuple[str, str]]:
    """Give (name in capitals, the rest with its `;` or `:`) of every line that has one of these names."""
    return [(name.upper(), rest.removesuffix("\r")) for name, rest in _lines(names).findall(f"\n{text}")]


def lines_by_name(text: str, names: frozenset[str]) -> dict[str, list[str]]:
    """Give what follows each of these names in capitals, with its `;` or `:`, line by line."""
    lines: dict[str, list[str]] = {name: [] for name in names}
    for name, rest in _lines(names).findall(f"\n{text}"):
        of_name = lines[name] if name in lines else lines[name.upper()]
        of_name.append(rest.removesuffix("\r"))
    return lines


@cache
def _lines(names: frozenset[str]) -> re.Pattern[str]:
    # A literal line feed is found many times faster than the beginning of a line (`^`).
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"\n({'|'.join(longest_first)})[ \t]*+([;:][^\n]*+)", re.I | re.A)


def time_line(name: str, rest: str) -> TimeLine:
    """Read a line whose value holds no colon, as times, rules and durations do.

    So the last colon begins the value, even where a zone's name has colons and stands unquoted.
    """
    parameters, _, value = rest.rpartition(":")
    tzid = _TZID.search(parameters)
    return TimeLine(
        name,
        (tzid[1] or tzid[2] or "").strip() if tzid else "",
        value.strip(),
        bool(_RANGE.search(parameters)),
        bool(_PERIOD.search(parameters)),
    )
