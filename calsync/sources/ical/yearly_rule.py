"""`yearly_starts`: the starts of a yearly rule, computed for two centuries at once; for `vtimezone`.

The same as `recurrence.rule_starts` returns, which goes year by year: some 6,000 days for each rule of a
zone.
"""

from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calsync.model.localtime import MIN_LOCAL_TIME
from calsync.sources.ical import rule_days
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule

FIRST_ZONE_YEAR, LAST_ZONE_YEAR = 1900, 2100
"""The years of which onsets are computed. Exchange begins its zones in 1601; nobody has meetings then."""
Seconds = NDArray[np.int64]
_DAY = 86_400
_LONGEST_MONTH, _WEEKS_OF_MONTH = 31, 5
# More times of day than any zone has transitions at.
_MAX_TIMES = 24


def to_seconds(local_time: datetime) -> int:
    """Return a naive time in seconds since the beginning of year 1."""
    since: timedelta = local_time - MIN_LOCAL_TIME
    return since.days * _DAY + since.seconds


class _MonthDays(NamedTuple):
    """All days of one month in all years, one in each row.

    Attributes:
        seconds: The beginning of the day, in seconds since the beginning of year 1.
        numbers: The day of the month.
        from_end: The same counted from the end; -1 is the last day.
    """

    seconds: Seconds
    years: NDArray[np.int64]
    numbers: NDArray[np.int64]
    from_end: NDArray[np.int64]
    weekdays: NDArray[np.int64]


def yearly_starts(rule: RecurrenceRule, dtstart: datetime, last: datetime) -> Seconds | None:
    """Return the starts from DTSTART and FIRST_ZONE_YEAR up to `last`, in order; None for other rules."""
    times = len(rule.by_hour or (0,)) * len(rule.by_minute or (0,)) * len(rule.by_second or (0,))
    by_year = any(which for which, _ in rule.by_day) and not rule.by_month
    is_other = rule.freq is not Freq.YEARLY or rule.by_week_no or rule.by_year_day or rule.by_set_pos
    if is_other or by_year or times > _MAX_TIMES:
        return None
    # COUNT is counted from DTSTART on, so DTSTART must be in the years that are computed.
    if rule.count and dtstart.year < FIRST_ZONE_YEAR:
        return None
    days = np.concatenate(
        [_select_days(rule, month, dtstart) for month in rule_days.months_of_rule(rule, dtstart)]
    )
    days.sort()
    starts = (days[:, np.newaxis] + _seconds_of_day(rule, dtstart)).ravel()
    starts = starts[starts >= to_seconds(dtstart)]
    if rule.count:
        # "The DTSTART property value always counts as the first occurrence" (RFC 5545, 3.3.10).
        meets_dtstart = len(starts) > 0 and starts[0] == to_seconds(dtstart)
        starts = starts[: min(rule.count, len(starts) + 1) - (not meets_dtstart)]
    return starts[starts <= to_seconds(last)]


def _select_days(rule: RecurrenceRule, month: int, dtstart: date) -> Seconds:
    """The days of a month that match a rule, in all years, in seconds."""
    days = _days_of_month(month)
    matches = (days.years - dtstart.year) % min(rule.interval, LAST_ZONE_YEAR) == 0
    if not rule.selects_days:
        matches &= days.numbers == dtstart.day
    if rule.by_month_day:
        matches &= np.isin(days.numbers, rule.by_month_day) | np.isin(days.from_end, rule.by_month_day)
    if rule.by_day:
        wanted = np.zeros((7, 2 * _WEEKS_OF_MONTH + 1), np.bool_)
        for which, weekday in rule.by_day:
            if not which:
                wanted[weekday] = True
            elif abs(which) <= _WEEKS_OF_MONTH:
                wanted[weekday, which] = True  # -1 is the last column
        first, last = (days.numbers - 1) // 7 + 1, -((-days.from_end - 1) // 7) - 1
        matches &= wanted[days.weekdays, first] | wanted[days.weekdays, last]
    selected: Seconds = days.seconds[matches]
    return selected


def _seconds_of_day(rule: RecurrenceRule, dtstart: datetime) -> Seconds:
    times = [
        hour * 3600 + minute * 60 + second
        for hour in rule.by_hour or (dtstart.hour,)
        for minute in rule.by_minute or (dtstart.minute,)
        for second in rule.by_second or (dtstart.second,)
        if second < 60
    ]
    return np.array(times, np.int64)


@cache
def _days_of_month(month: int) -> _MonthDays:
    years = np.arange(FIRST_ZONE_YEAR, LAST_ZONE_YEAR + 1)
    months = ((years - 1970) * 12 + month - 1).astype("M8[M]")
    first, following = months.astype("M8[D]"), (months + 1).astype("M8[D]")
    lengths = (following - first).astype(np.int64)
    numbers = np.tile(np.arange(1, _LONGEST_MONTH + 1), len(years))
    exist = numbers <= np.repeat(lengths, _LONGEST_MONTH)
    ordinals = np.repeat(first.astype(np.int64), _LONGEST_MONTH) + numbers - 1 + date(1970, 1, 1).toordinal()
    return _MonthDays(
        seconds=(ordinals[exist] - 1) * _DAY,
        years=np.repeat(years, _LONGEST_MONTH)[exist],
        numbers=numbers[exist],
        from_end=(numbers - np.repeat(lengths, _LONGEST_MONTH) - 1)[exist],
        weekdays=((ordinals - 1) % 7)[exist],
    )
