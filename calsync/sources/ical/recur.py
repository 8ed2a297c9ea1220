"""The starts that a rule makes, in wall-clock time (RFC 5545, 3.3.10).

Why not `dateutil.rrule`: it gives all seven days for BYWEEKNO without BYDAY, counts a first week's
BYSETPOS from DTSTART, reads "MO,2TU" as days that are both, and walks to the year 9999 for a rule
that never matches. Here a period (a year, a month, …) is made whole, and a series without COUNT is
entered at the window, so that its age costs nothing.
"""

from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from itertools import islice

from calsync.sources.ical import ruled_days
from calsync.sources.ical.rule import Freq, Rule, RuleError

MOST_STEPS = 1_000_000
"""Days, hours, … looked at for one series before it is given up: about two seconds."""
MOST_STARTS = 20_000
"""Starts in one window before a series is given up: a daily meeting for 50 years."""

_UNIT = {
    Freq.HOURLY: timedelta(hours=1),
    Freq.MINUTELY: timedelta(minutes=1),
    Freq.SECONDLY: timedelta(seconds=1),
}
_HINT = "make it a daily, weekly or monthly series"
# A period's days or times, and what it cost to look at it.
_Period = tuple[list[datetime], int]


def starts(
    rule: Rule, begin: datetime, first: datetime, last: datetime, *, alone: bool = True
) -> list[datetime]:
    """Give the starts in [first, last], in order; all times naive, `begin` being DTSTART.

    DTSTART is given only if the rule meets it. It counts towards COUNT even if it does not, unless the
    event has other rules that it may belong to (alone is False). Raises RuleError for a rule that
    takes too long or never lets up.
    """
    if rule.freq >= Freq.HOURLY and not (rule.count or rule.until or rule.by_hour):
        raise RuleError(f"it recurs round the clock without end ({rule.freq.name})", _HINT)
    found = list(islice(_within(rule, begin, first, last, alone), MOST_STARTS + 1))
    if len(found) > MOST_STARTS:
        raise RuleError(f"it recurs more than {MOST_STARTS} times in the window", _HINT)
    return found


def _within(rule: Rule, begin: datetime, first: datetime, last: datetime, alone: bool) -> Iterator[datetime]:
    left = rule.count
    for start in _from(rule, begin, begin if rule.count else max(begin, first), last):
        if start > last or left == 0:
            return
        if left is not None:
            # "The DTSTART property value always counts as the first occurrence" (3.3.10).
            if alone and left == rule.count and start != begin:
                left -= 1
            if left == 0:
                return
            left -= 1
        if start >= first:
            yield start


def _from(rule: Rule, begin: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
    """The starts from `first` on, and on beyond `last` to the end of its period."""
    spent = 0
    for found, cost in _periods(rule, begin, first, last):
        spent += cost
        if spent > MOST_STEPS:
            raise RuleError("its rule would take too long to follow", _HINT)
        chosen = [found[place] for place in _places(rule, len(found))] if rule.by_place else found
        yield from (start for start in chosen if start >= first)


def _places(rule: Rule, length: int) -> list[int]:
    """The wanted places of a period's set (BYSETPOS), from the front, each once."""
    places = {place - 1 if place > 0 else length + place for place in rule.by_place}
    return sorted(place for place in places if 0 <= place < length)


def _periods(rule: Rule, begin: datetime, first: datetime, last: datetime) -> Iterator[_Period]:
    if rule.freq >= Freq.HOURLY:
        return _short_periods(rule, begin, first, last)
    return _with_times(rule, begin, _long_periods(rule, begin.date(), first.date(), last.date()))


def _with_times(rule: Rule, begin: datetime, periods: Iterator[tuple[list[date], int]]) -> Iterator[_Period]:
    times = [
        time(hour, minute, second)
        for hour in rule.by_hour or (begin.hour,)
        for minute in rule.by_minute or (begin.minute,)
        for second in rule.by_second or (begin.second,)
        if second < 60  # a leap second; no clock of ours shows it
    ]
    for days, cost in periods:
        yield [datetime.combine(day, moment) for day in days for moment in times], cost


def _long_periods(rule: Rule, begin: date, first: date, last: date) -> Iterator[tuple[list[date], int]]:
    walk = {Freq.YEARLY: _years, Freq.MONTHLY: _months, Freq.WEEKLY: _weeks, Freq.DAILY: _days}
    return walk[rule.freq](rule, begin, first, last)


def _years(rule: Rule, begin: date, first: date, last: date) -> Iterator[tuple[list[date], int]]:
    start, cost = begin.year, 366 if rule.chooses_days else 12
    if rule.by_week:
        start, cost = ruled_days.week_year(begin, rule.week_start), 7 * len(rule.by_week)
    skipped = max(0, first.year - 1 - start) // rule.interval
    for year in range(start + skipped * rule.interval, min(last.year + 1, MAXYEAR) + 1, rule.interval):
        yield list(ruled_days.in_year(rule, max(year, MINYEAR), begin)), cost


def _months(rule: Rule, begin: date, first: date, last: date) -> Iterator[tuple[list[date], int]]:
    start = begin.year * 12 + begin.month - 1
    skipped = max(0, first.year * 12 + first.month - 1 - start) // rule.interval
    end = last.year * 12 + last.month
    for month in range(start + skipped * rule.interval, end, rule.interval):
        yield list(ruled_days.in_month(rule, month // 12, month % 12 + 1, begin)), 31


def _weeks(rule: Rule, begin: date, first: date, last: date) -> Iterator[tuple[list[date], int]]:
    # In ordinals, since the week that holds 1 January of year 1 begins before there are dates.
    start = begin.toordinal() - (begin.weekday() - rule.week_start) % 7
    step = 7 * rule.interval
    skipped = max(0, first.toordinal() - start) // step
    for week in range(start + skipped * step, last.toordinal() + 1, step):
        if 1 <= week <= date.max.toordinal() - 6:
            yield list(ruled_days.in_week(rule, date.fromordinal(week), begin)), 7


def _days(rule: Rule, begin: date, first: date, last: date) -> Iterator[tuple[list[date], int]]:
    skipped = max(0, first.toordinal() - begin.toordinal()) // rule.interval
    start = begin.toordinal() + skipped * rule.interval
    for number in range(start, last.toordinal() + 1, rule.interval):
        day = date.fromordinal(number)
        yield [day] if ruled_days.agrees(rule, day) else [], 1


def _short_periods(rule: Rule, begin: datetime, first: datetime, last: datetime) -> Iterator[_Period]:
    """Hours, minutes and seconds; a day or an hour that the rule leaves out is stepped over whole."""
    block = _floor(begin, rule.freq)
    step = _UNIT[rule.freq] * rule.interval
    number = max(0, (first - block) // step)
    while (at := block + number * step) <= last:
        beyond = _left_out_until(rule, at)
        if beyond is None:
            yield _in_block(rule, at, begin), 1
            number += 1
        else:
            yield [], 1
            number = max(number + 1, -((block - beyond) // step))


def _left_out_until(rule: Rule, at: datetime) -> datetime | None:
    """Where the rule may speak again, if it leaves out the day or the hour; None if it leaves out neither."""
    if not ruled_days.agrees(rule, at.date()):
        return datetime.combine(at.date(), time()) + timedelta(days=1)
    if rule.by_hour and at.hour not in rule.by_hour:
        return _floor(at, Freq.HOURLY) + timedelta(hours=1)
    return None


def _floor(moment: datetime, freq: Freq) -> datetime:
    if freq is Freq.HOURLY:
        return moment.replace(minute=0, second=0)
    return moment.replace(second=0) if freq is Freq.MINUTELY else moment


def _in_block(rule: Rule, at: datetime, begin: datetime) -> list[datetime]:
    """The times in one hour, one minute or one second: what is longer limits, what is shorter expands."""
    if rule.freq is not Freq.HOURLY and rule.by_minute and at.minute not in rule.by_minute:
        return []
    if rule.freq is Freq.SECONDLY:
        return [at] if not rule.by_second or at.second in rule.by_second else []
    seconds = [second for second in rule.by_second or (begin.second,) if second < 60]
    minutes = (rule.by_minute or (begin.minute,)) if rule.freq is Freq.HOURLY else (at.minute,)
    return [at.replace(minute=minute, second=second) for minute in minutes for second in seconds]
