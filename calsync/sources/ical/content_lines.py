"""Content lines (RFC 5545, 3.1): finds the lines of given properties in unfolded text.

In this package `rest` is what follows the name on a line: parameters and value, with their `;` or `:`.
"""

import re
from dataclasses import dataclass
from functools import cache

_TZID = re.compile(r""";TZID=(?:"([^"]*)"|(.*?)(?=;[A-Za-z0-9-]+=|$))""", re.I)
_RANGE = re.compile(r';RANGE="?THISANDFUTURE\b', re.I)
_PERIOD = re.compile(r';VALUE="?PERIOD\b', re.I)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A line whose value is a time, a list of times, a rule or a duration.

    Attributes:
        tzid: The value of TZID, "" for none.
        this_and_future: Whether it has RANGE=THISANDFUTURE.
        is_period: Whether it has VALUE=PERIOD.
    """

    name: str
    tzid: str
    value: str
    this_and_future: bool
    is_period: bool


def find_lines(text: str, names: frozenset[str]) -> list[tuple[str, str]]:
    """Return (name in capitals, rest) of every line that has one of these names, in order."""
    return [
        (name.upper(), rest.removesuffix("\r")) for name, rest in _line_pattern(names).findall(f"\n{text}")
    ]


def group_lines_by_name(text: str, names: frozenset[str]) -> dict[str, list[str]]:
    """Return for each of these names, in capitals, the rests of its lines in order; [] for none."""
    lines: dict[str, list[str]] = {name: [] for name in names}
    for name, rest in _line_pattern(names).findall(f"\n{text}"):
        rests = lines[name] if name in lines else lines[name.upper()]
        rests.append(rest.removesuffix("\r"))
    return lines


@cache
def _line_pattern(names: frozenset[str]) -> re.Pattern[str]:
    # The pattern begins with a line feed, since `re` finds one many times faster than a line's start (`^`).
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"\n({'|'.join(longest_first)})[ \t]*+([;:][^\n]*+)", re.I | re.A)


def parse_time_line(name: str, rest: str) -> TimeLine:
    """Read a line whose value has no colon: times, rules and durations have none.

    So the last colon begins the value, even where the name of a zone has colons and is not quoted.
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


# The words of times and rules. Any other word may be of a title: where a line end was lost, the value of
# DTSTART continues with the next property.
_KNOWN_WORD = re.compile(
    "FREQ|UNTIL|COUNT|INTERVAL|WKST|RSCALE|SKIP|BY(SECOND|MINUTE|HOUR|DAY|MONTHDAY|YEARDAY|WEEKNO|MONTH|SETPOS)"
    "|SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY|MO|TU|WE|TH|FR|SA|SU|PT|[PWDTHMSZ]",
    re.I,
).fullmatch
_WORD = re.compile(r"[^\W\d_]+")
_MAX_SHOWN_LENGTH = 60


def redact_value(value: str) -> str:
    """Return the value of a time or a rule as a problem may quote it: each unknown word replaced by `…`."""
    return repr(_WORD.sub(lambda word: word[0] if _KNOWN_WORD(word[0]) else "…", value[:_MAX_SHOWN_LENGTH]))
