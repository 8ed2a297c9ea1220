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
    is_period: bool


def find_lines(text: str, names: frozenset[str]) -> list[tuple[str, str]]:
    """Give (name in capitals, the rest with its `;` or `:`) of every line that has one of these names."""
    return [
        (name.upper(), rest.removesuffix("\r")) for name, rest in _line_pattern(names).findall(f"\n{text}")
    ]


def group_lines_by_name(text: str, names: frozenset[str]) -> dict[str, list[str]]:
    """Give what follows each of these names in capitals, with its `;` or `:`, line by line."""
    lines: dict[str, list[str]] = {name: [] for name in names}
    for name, rest in _line_pattern(names).findall(f"\n{text}"):
        of_name = lines[name] if name in lines else lines[name.upper()]
        of_name.append(rest.removesuffix("\r"))
    return lines


@cache
def _line_pattern(names: frozenset[str]) -> re.Pattern[str]:
    # A literal line feed is found many times faster than the beginning of a line (`^`).
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"\n({'|'.join(longest_first)})[ \t]*+([;:][^\n]*+)", re.I | re.A)


def parse_time_line(name: str, rest: str) -> TimeLine:
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


# What times and rules are made of. A word that is none of these may be of a title: where a line end was
# lost, the value of DTSTART goes on with the next property.
_KNOWN_WORD = re.compile(
    "FREQ|UNTIL|COUNT|INTERVAL|WKST|RSCALE|SKIP|BY(SECOND|MINUTE|HOUR|DAY|MONTHDAY|YEARDAY|WEEKNO|MONTH|SETPOS)"
    "|SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY|MO|TU|WE|TH|FR|SA|SU|PT|[PWDTHMSZ]",
    re.I,
).fullmatch
_WORD = re.compile(r"[^\W\d_]+")
_MAX_SHOWN_LENGTH = 60


def redact_value(value: str) -> str:
    """Return the value of a time or a rule as a problem may quote it: every other word left out."""
    kept = _WORD.sub(lambda word: word[0] if _KNOWN_WORD(word[0]) else "…", value[:_MAX_SHOWN_LENGTH])
    return repr(kept)
