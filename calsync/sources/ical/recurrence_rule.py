"""Parses the value of an RRULE (RFC 5545, 3.3.10); common errors are accepted if their meaning is certain."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import IntEnum
from functools import lru_cache

from calsync.sources.ical.content_lines import redact_value


class Freq(IntEnum):
    """The frequency of a recurrence rule; a smaller number is a longer period, so they can be compared."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


class RecurrenceRuleError(Exception):
    """A recurrence rule that cannot be parsed or expanded.

    The message is the reason; `hint` is what to do about it.
    """

    def __init__(self, what: str, hint: str = "enter the series again in the calendar") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """A recurrence rule. An omitted part is () or None, or has the default of the RFC.

    Attributes:
        until: A date, a local time (naive) or a time in UTC (aware), as it is written.
        wkst: The first day of the week; Monday is 0, here and in `by_day`.
        by_day: Pairs of an ordinal (1: the first, -1: the last, 0: every) and a weekday.
    """

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: date | None = None
    wkst: int = 0
    by_month: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()

    @property
    def selects_days(self) -> bool:
        """Whether a part of the rule selects days; otherwise occurrences are on the day of DTSTART."""
        return bool(self.by_week_no or self.by_year_day or self.by_month_day or self.by_day)


_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_WEEKDAY_WITH_ORDINAL = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
# By part of the rule: field, smallest and largest value, whether negative values count from the end.
_NUMBER_PARTS = {
    "BYMONTH": ("by_month", 1, 12, False),
    "BYWEEKNO": ("by_week_no", 1, 53, True),
    "BYYEARDAY": ("by_year_day", 1, 366, True),
    "BYMONTHDAY": ("by_month_day", 1, 31, True),
    "BYHOUR": ("by_hour", 0, 23, False),
    "BYMINUTE": ("by_minute", 0, 59, False),
    "BYSECOND": ("by_second", 0, 60, False),
    "BYSETPOS": ("by_set_pos", 1, 366, True),
}
# A rule may have megabytes. It is parsed, but not stored in the cache, which exists until the process ends.
_MAX_CACHED_LENGTH = 2_000
# A larger COUNT or INTERVAL makes no difference. RFC 5545 does not limit the digits of a number, `int` does.
_MAX_DIGITS = 18
_INTEGER = re.compile(r"([+-]?)(\d+)")
_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_NUMBER_PARTS})


def parse_recurrence_rule(text: str) -> RecurrenceRule:
    """Parse the value of an RRULE; raises RecurrenceRuleError.

    These errors are accepted: an empty part, blanks, lower case, a backslash before `;` or `,`, and a
    negative COUNT, which some programs write for "no limit".
    """
    return _parse_cached(text) if len(text) <= _MAX_CACHED_LENGTH else _parse(text)


@lru_cache(maxsize=1024)
def _parse_cached(text: str) -> RecurrenceRule:
    return _parse(text)


def _parse(text: str) -> RecurrenceRule:
    parts = _split_parts(text)
    if "RSCALE" in parts or "SKIP" in parts:
        raise RecurrenceRuleError(
            "its rule uses another calendar system (RSCALE, RFC 7529), which is not supported"
        )
    if not parts.keys() <= _PARTS:
        raise RecurrenceRuleError(f"its rule has an unknown part: {redact_value(min(parts.keys() - _PARTS))}")
    freq = _parse_freq(parts.get("FREQ", ""))
    return RecurrenceRule(
        freq=freq,
        interval=_parse_interval(parts.get("INTERVAL", "1")),
        count=_parse_count(parts.get("COUNT")),
        until=_parse_until(parts.get("UNTIL")),
        wkst=_parse_weekday(parts.get("WKST", "MO")),
        by_day=_parse_by_day(parts.get("BYDAY", ""), freq),
        **{
            field: _parse_numbers(parts, part) for part, (field, *_) in _NUMBER_PARTS.items() if part in parts
        },
    )


def _split_parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    # Removes the backslash before `;` or `,`, and blanks (where group 1 is empty).
    normalised = re.sub(r"\\([;,])|\s+", r"\1", text.upper())
    for part in normalised.split(";"):
        name, equals, value = part.partition("=")
        if not part:
            continue
        if not equals or not value:
            raise RecurrenceRuleError(f"its rule cannot be read: {redact_value(part)} is not NAME=VALUE")
        if parts.setdefault(name, value) != value:
            raise RecurrenceRuleError(f"its rule has {redact_value(name)} twice")
    return parts


def _parse_freq(value: str) -> Freq:
    try:
        return Freq[value]
    except KeyError:
        raise RecurrenceRuleError(f"its rule has an unknown frequency: FREQ={redact_value(value)}") from None


def _parse_number(value: str, part: str) -> int:
    """Return a whole number; 10^18, with its sign, if it has more than 18 digits."""
    match = _INTEGER.fullmatch(value)
    if match is None:
        raise RecurrenceRuleError(f"its rule cannot be read: {part}={redact_value(value)}")
    digits = match[2].lstrip("0") or "0"
    magnitude = int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS
    return -magnitude if match[1] == "-" else magnitude


def _parse_interval(value: str) -> int:
    interval = _parse_number(value, "INTERVAL")
    if interval < 1:
        raise RecurrenceRuleError(f"its rule has an interval below 1: INTERVAL={redact_value(value)}")
    return interval


def _parse_count(value: str | None) -> int | None:
    count = _parse_number(value, "COUNT") if value else None
    if count == 0:
        raise RecurrenceRuleError("its rule has COUNT=0")
    return count if count is None or count > 0 else None


def _parse_until(value: str | None) -> date | None:
    if not value:
        return None
    match = _UNTIL.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
        if not match[2]:
            return day
        time_of_day = time(int(match[2][:2]), int(match[2][2:4]), int(match[2][4:]))
        return datetime.combine(day, time_of_day, tzinfo=UTC if match[3] else None)
    except ValueError:
        raise RecurrenceRuleError(f"its rule cannot be read: UNTIL={redact_value(value)}") from None


def _parse_weekday(value: str) -> int:
    if value not in _WEEKDAYS:
        raise RecurrenceRuleError(f"its rule cannot be read: WKST={redact_value(value)}")
    return _WEEKDAYS[value]


def _parse_by_day(value: str, freq: Freq) -> tuple[tuple[int, int], ...]:
    days = []
    for day in dict.fromkeys(filter(None, value.split(","))):
        match = _WEEKDAY_WITH_ORDINAL.fullmatch(day)
        if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
            raise RecurrenceRuleError(f"its rule cannot be read: BYDAY={redact_value(value)}")
        # RFC 5545 allows "the first Monday" in a month or a year only. With other frequencies it is read as
        # every Monday.
        ordinal = int(match[1] or 0) if freq <= Freq.MONTHLY else 0
        days.append((ordinal, _WEEKDAYS[match[2]]))
    return tuple(dict.fromkeys(days))


def _parse_numbers(parts: dict[str, str], part: str) -> tuple[int, ...]:
    _, smallest, largest, may_count_from_end = _NUMBER_PARTS[part]
    numbers = []
    for value in dict.fromkeys(filter(None, parts.get(part, "").split(","))):
        number = _parse_number(value, part)
        if not smallest <= (abs(number) if may_count_from_end else number) <= largest:
            raise RecurrenceRuleError(f"its rule cannot be read: {part}={redact_value(value)}")
        numbers.append(number)
    return tuple(sorted(set(numbers)))
