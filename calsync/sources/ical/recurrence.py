"""The starts that a rule makes, in wall-clock time (RFC 5545, 3.3.10).

Why not `dateutil.rrule`: it gives all seven days for BYWEEKNO without BYDAY, counts a first week's
BYSETPOS from DTSTART, reads "MO,2TU" as days that are both, and walks to the year 9999 for a rule
that never matches. Here a period (a year, a month, …) is made whole, and a series is entered at the
window, so that its age costs nothing: without COUNT always, with COUNT where every period has equally
many starts.

No long set of starts is ever stored: BYHOUR x BYMINUTE x BYSECOND alone may be 86,400 a day. Such a
period is a `_Starts`, which knows its size and any of its members by arithmetic.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from itertools import islice, product
from math import prod
from typing import overload

from calsync.model.localtime import MAX_LOCAL_TIME
from calsync.sources.ical import rule_days
from calsync.sources.ical.budget import DENSE_RULE_HINT, SeriesBudget
from calsync.sources.ical.period_sizes import max_starts_per_period, starts_per_period, times_of_day
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule, RuleError

_SECONDS = {Freq.HOURLY: 3600, Freq.MINUTELY: 60, Freq.SECONDLY: 1}
# Of as many times of day a period is made as a list.
_MAX_LISTED_TIMES = 24
# For one more step, a rule's lists may be so long.
_LIST_LENGTH_PER_STEP = 8


class _LazyStarts(Sequence[datetime]):
    """Days times times of day, in order, as a sequence that takes no room."""

    __slots__ = ("_days", "_hours", "_minutes", "_seconds", "_size")

    def __init__(
        self, days: Sequence[date], hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int]
    ) -> None:
        self._days, self._hours, self._minutes, self._seconds = days, hours, minutes, seconds
        self._size = len(days) * len(hours) * len(minutes) * len(seconds)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> datetime: ...
    @overload
    def __getitem__(self, index: slice) -> list[datetime]: ...
    def __getitem__(self, index: int | slice) -> datetime | list[datetime]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._size))]
        if index < 0:
            index += self._size
        if not 0 <= index < self._size:
            raise IndexError
        index, second = divmod(index, len(self._seconds))
        index, minute = divmod(index, len(self._minutes))
        index, hour = divmod(index, len(self._hours))
        moment = time(self._hours[hour], self._minutes[minute], self._seconds[second])
        return datetime.combine(self._days[index], moment)


def rule_starts(
    rule: RecurrenceRule,
    dtstart: datetime,
    first: datetime,
    last: datetime,
    *,
    is_only_rule: bool = True,
    budget: SeriesBudget | None = None,
) -> list[datetime]:
    """Give the starts in [first, last], in order; all times naive, `begin` being DTSTART.

    DTSTART is given only if the rule meets it. It counts towards COUNT even if it does not, unless the
    event has other rules that it may belong to (alone is False). Raises RuleError for a rule that
    costs more than its budget or never lets up.
    """
    if rule.freq >= Freq.HOURLY and not (rule.count or rule.until or rule.by_hour):
        raise RuleError(f"it recurs round the clock without end ({rule.freq.name})", DENSE_RULE_HINT)
    budget = budget or SeriesBudget()
    found: list[datetime] = []
    for period, low, high in _periods_in_range(rule, dtstart, first, last, is_only_rule, budget):
        budget.spend_starts(high - low)
        found += period[low:high]
    return found


def _periods_in_range(
    rule: RecurrenceRule,
    dtstart: datetime,
    first: datetime,
    last: datetime,
    is_only_rule: bool,
    budget: SeriesBudget,
) -> Iterator[tuple[Sequence[datetime], int, int]]:
    """Periods, and of each which starts lie in [first, last], from one number up to another."""
    left, counting, lower = rule.count, False, max(dtstart, first)
    for period, before in _counted_periods(rule, dtstart, lower, last, budget):
        if left is not None:
            left -= before
        chosen: Sequence[datetime] = (
            _select_set_positions(rule, period, budget) if rule.by_set_pos else period
        )
        if not chosen:
            continue
        low, high = _count_before(chosen, dtstart), len(chosen)
        if left is not None:
            # "The DTSTART property value always counts as the first occurrence" (3.3.10).
            if not counting and low < high:
                counting = True
                left -= is_only_rule and chosen[low] != dtstart
            if left <= 0:
                return
            high = min(high, low + left)
            left -= high - low
        low = max(low, _count_before(chosen, lower))
        if chosen[-1] > last:
            high = min(high, bisect_right(chosen, last))
        if low < high:
            yield chosen, low, high
        if left == 0:
            return


def _count_before(chosen: Sequence[datetime], first: datetime) -> int:
    """How many lie before `first`."""
    return 0 if chosen[0] >= first else bisect_left(chosen, first)


def _select_set_positions(
    rule: RecurrenceRule, period: Sequence[datetime], budget: SeriesBudget
) -> list[datetime]:
    """The wanted places of a period's set (BYSETPOS), from the front, each once."""
    budget.spend_steps(len(rule.by_set_pos))
    length = len(period)
    places = {place - 1 if place > 0 else length + place for place in rule.by_set_pos}
    return [period[place] for place in sorted(places) if 0 <= place < length]


def _counted_periods(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime, budget: SeriesBudget
) -> Iterator[tuple[Sequence[datetime], int]]:
    """The periods up to `last`, each with how many starts were stepped over just before it.

    Without COUNT they begin near `first`; with COUNT as well, if each whole period has equally many.
    """
    number = _first_period_number(rule, dtstart, first)
    walk = _subday_periods if rule.freq >= Freq.HOURLY else _day_periods
    size = 0 if rule.count is None else starts_per_period(rule, dtstart)
    if rule.count is None:
        before = 0
    elif number < 2 or size is None:
        # Every period has to be made until COUNT has run out, which the fullest of periods cannot hasten.
        budget.check_steps(min(number, rule.count // max_starts_per_period(rule, dtstart)))
        yield from ((period, 0) for period in walk(rule, dtstart, 0, last, budget))
        return
    else:
        # The first period is there only in part: it begins with DTSTART.
        yield from ((period, 0) for period in islice(walk(rule, dtstart, 0, last, budget), 1))
        before = (number - 1) * size
    for period in walk(rule, dtstart, number, last, budget):
        yield period, before
        before = 0


def _first_period_number(rule: RecurrenceRule, dtstart: datetime, first: datetime) -> int:
    """The number of the first period of a rule, DTSTART's being 0, that may reach `first`."""
    if rule.freq is Freq.YEARLY:
        # A year of whole weeks may reach into the next.
        periods_before = first.year - 1 - _year_of_dtstart(rule, dtstart)
    elif rule.freq is Freq.MONTHLY:
        periods_before = (first.year - dtstart.year) * 12 + first.month - dtstart.month
    elif rule.freq is Freq.WEEKLY:
        periods_before = (first.toordinal() - _week_of_dtstart(rule, dtstart)) // 7
    elif rule.freq is Freq.DAILY:
        periods_before = first.toordinal() - dtstart.toordinal()
    else:
        periods_before = _seconds_between(_floor(dtstart, rule.freq), first) // _SECONDS[rule.freq]
    return max(0, periods_before) // rule.interval


def _year_of_dtstart(rule: RecurrenceRule, dtstart: date) -> int:
    return rule_days.week_year(dtstart, rule.wkst) if rule.by_week_no else dtstart.year


def _week_of_dtstart(rule: RecurrenceRule, dtstart: date) -> int:
    """The first day of DTSTART's week, in ordinals: in year 1 it may begin before there are dates."""
    return dtstart.toordinal() - (dtstart.weekday() - rule.wkst) % 7


def _seconds_between(first: datetime, last: datetime) -> int:
    between = last - first
    return between.days * 86_400 + between.seconds


def _day_periods(
    rule: RecurrenceRule, dtstart: datetime, number: int, last: datetime, budget: SeriesBudget
) -> Iterator[Sequence[datetime]]:
    walk = {
        Freq.YEARLY: _days_by_year,
        Freq.MONTHLY: _days_by_month,
        Freq.WEEKLY: _days_by_week,
        Freq.DAILY: _days_by_day,
    }
    listed = len(rule.by_day) + len(rule.by_month_day) + len(rule.by_year_day) + len(rule.by_week_no)
    dearness = 1 + listed // _LIST_LENGTH_PER_STEP
    clock = times_of_day(rule, dtstart)
    is_listed = prod(map(len, clock)) <= _MAX_LISTED_TIMES
    times = [time(*shown) for shown in product(*clock)] if is_listed else []
    for days, cost in walk[rule.freq](rule, dtstart, number, last):
        budget.spend_steps(cost * dearness)
        # A short list is looked into faster.
        yield (
            [datetime.combine(day, at) for day in days for at in times]
            if is_listed
            else _LazyStarts(days, *clock)
        )


def _days_by_year(
    rule: RecurrenceRule, dtstart: date, number: int, last: date
) -> Iterator[tuple[list[date], int]]:
    days_of_month = 31 if rule.selects_days else 1
    cost = (
        7 * len(rule.by_week_no)
        if rule.by_week_no
        else days_of_month * len(rule_days.months_of_rule(rule, dtstart))
    )
    start = _year_of_dtstart(rule, dtstart) + number * rule.interval
    for year in range(start, min(last.year + 1, MAXYEAR) + 1, rule.interval):
        yield list(rule_days.days_in_year(rule, max(year, MINYEAR), dtstart)), cost


def _days_by_month(
    rule: RecurrenceRule, dtstart: date, number: int, last: date
) -> Iterator[tuple[list[date], int]]:
    start = dtstart.year * 12 + dtstart.month - 1 + number * rule.interval
    for month in range(start, last.year * 12 + last.month, rule.interval):
        yield (
            list(rule_days.days_in_month(rule, month // 12, month % 12 + 1, dtstart)),
            31 if rule.selects_days else 1,
        )


def _days_by_week(
    rule: RecurrenceRule, dtstart: date, number: int, last: date
) -> Iterator[tuple[list[date], int]]:
    step = 7 * rule.interval
    for week in range(_week_of_dtstart(rule, dtstart) + number * step, last.toordinal() + 1, step):
        yield list(rule_days.days_in_week(rule, week, dtstart)), 7


def _days_by_day(
    rule: RecurrenceRule, dtstart: date, number: int, last: date
) -> Iterator[tuple[list[date], int]]:
    for ordinal in range(dtstart.toordinal() + number * rule.interval, last.toordinal() + 1, rule.interval):
        day = date.fromordinal(ordinal)
        yield [day] if rule_days.matches_day(rule, day) else [], 1


def _subday_periods(
    rule: RecurrenceRule, dtstart: datetime, number: int, last: datetime, budget: SeriesBudget
) -> Iterator[Sequence[datetime]]:
    """Hours, minutes and seconds; a day, hour or minute that the rule leaves out is stepped over whole."""
    block = _floor(dtstart, rule.freq)
    step, end = _SECONDS[rule.freq] * rule.interval, _seconds_between(block, last)
    while number * step <= end:
        at = block + timedelta(seconds=number * step)
        budget.spend_steps(1)
        beyond = _next_candidate(rule, at)
        if beyond is None:
            yield _subday_starts(rule, at, dtstart)
            number += 1
        else:
            number = max(number + 1, -(-_seconds_between(block, beyond) // step))


def _next_candidate(rule: RecurrenceRule, at: datetime) -> datetime | None:
    """When the rule may recur next, if it leaves out this day, hour or minute; None if it leaves out none."""
    if not rule_days.matches_day(rule, at.date()):
        following = at.toordinal() + 1
        # After the last day that Python knows comes nothing.
        return datetime.fromordinal(following) if following <= date.max.toordinal() else MAX_LOCAL_TIME
    rest = MAX_LOCAL_TIME - at
    if rule.by_hour and at.hour not in rule.by_hour:
        return _floor(at, Freq.HOURLY) + min(timedelta(hours=1), rest)
    if rule.freq is Freq.SECONDLY and rule.by_minute and at.minute not in rule.by_minute:
        return _floor(at, Freq.MINUTELY) + min(timedelta(minutes=1), rest)
    return None


def _floor(moment: datetime, freq: Freq) -> datetime:
    if freq is Freq.HOURLY:
        return moment.replace(minute=0, second=0)
    return moment.replace(second=0) if freq is Freq.MINUTELY else moment


def _subday_starts(rule: RecurrenceRule, at: datetime, dtstart: datetime) -> _LazyStarts:
    """The times in one hour, one minute or one second: what is longer limits, what is shorter expands."""
    days: tuple[date, ...] = (at.date(),)
    if rule.freq is not Freq.HOURLY and rule.by_minute and at.minute not in rule.by_minute:
        days = ()
    if rule.freq is Freq.SECONDLY and rule.by_second and at.second not in rule.by_second:
        days = ()
    _, minutes, seconds = times_of_day(rule, dtstart)
    if rule.freq is not Freq.HOURLY:
        minutes = (at.minute,)
    return _LazyStarts(days, (at.hour,), minutes, (at.second,) if rule.freq is Freq.SECONDLY else seconds)
