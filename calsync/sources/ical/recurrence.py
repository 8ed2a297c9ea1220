"""`rule_starts`: the starts of a rule by the clock of its series (RFC 5545, 3.3.10).

Why not `dateutil.rrule`: it returns all seven days for BYWEEKNO without BYDAY, counts BYSETPOS in the first
week from DTSTART, reads "MO,2TU" as days that are both, and goes on to the year 9999 for a rule that never
matches (docs/developers/recurrence.md). Here all starts of a period (a year, a month, …) are made together,
and the first period is the one at the window, so that the age of a series costs nothing: without COUNT
always, with COUNT where every period has equally many starts.

No long list of starts is stored: BYHOUR x BYMINUTE x BYSECOND may be 86,400 a day. Such a period is a
`_LazyStarts`, which computes its size and each of its items.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from itertools import islice, product, starmap
from typing import overload

from calsync.model.localtime import MAX_LOCAL_TIME
from calsync.sources.ical import rule_days
from calsync.sources.ical.budget import DENSE_RULE_HINT, SeriesBudget
from calsync.sources.ical.period_sizes import max_starts_per_period, starts_per_period, times_of_day
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule, RecurrenceRuleError

_SECONDS = {Freq.HOURLY: 3600, Freq.MINUTELY: 60, Freq.SECONDLY: 1}
# A day with more times than this is not made as a list.
_MAX_LISTED_TIMES = 24
# A rule costs one more step for each so many values in its lists.
_LIST_LENGTH_PER_STEP = 8


class _LazyStarts(Sequence[datetime]):
    """Every time of day on every day, in order, as a sequence that takes no memory."""

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
    """Return the starts of a rule from `first` to `last`, both included, in order; all times are naive.

    DTSTART is among them only if the rule meets it. It counts towards COUNT even if it does not, unless the
    event has other rules, which it may belong to.

    Args:
        dtstart: The first start of the series.
        is_only_rule: Whether the event has no other rule.
        budget: What the rule may cost; by default the most that any series may.

    Raises:
        RecurrenceRuleError: The rule costs more than its budget, or recurs within the day without end.
    """
    if rule.freq >= Freq.HOURLY and not (rule.count or rule.until or rule.by_hour):
        raise RecurrenceRuleError(
            f"it recurs round the clock without end ({rule.freq.name})", DENSE_RULE_HINT
        )
    budget = budget or SeriesBudget()
    starts: list[datetime] = []
    for period, low, high in _periods_in_range(rule, dtstart, first, last, is_only_rule, budget):
        budget.spend_starts(high - low)
        starts += period[low:high]
    return starts


def _periods_in_range(
    rule: RecurrenceRule,
    dtstart: datetime,
    first: datetime,
    last: datetime,
    is_only_rule: bool,
    budget: SeriesBudget,
) -> Iterator[tuple[Sequence[datetime], int, int]]:
    """Yield the starts of each period, and the slice of them that lies in [first, last]."""
    remaining, is_counting, lower = rule.count, False, max(dtstart, first)
    starts: Sequence[datetime]
    for period, skipped in _counted_periods(rule, dtstart, lower, last, budget):
        if remaining is not None:
            remaining -= skipped
        starts = _select_set_positions(rule, period, budget) if rule.by_set_pos else period
        if not starts:
            continue
        low, high = _count_before(starts, dtstart), len(starts)
        if remaining is not None:
            # "The DTSTART property value always counts as the first occurrence" (3.3.10).
            if not is_counting and low < high:
                is_counting = True
                remaining -= is_only_rule and starts[low] != dtstart
            if remaining <= 0:
                return
            high = min(high, low + remaining)
            remaining -= high - low
        low = max(low, _count_before(starts, lower))
        if starts[-1] > last:
            high = min(high, bisect_right(starts, last))
        if low < high:
            yield starts, low, high
        if remaining == 0:
            return


def _count_before(starts: Sequence[datetime], first: datetime) -> int:
    return 0 if starts[0] >= first else bisect_left(starts, first)


def _select_set_positions(
    rule: RecurrenceRule, period: Sequence[datetime], budget: SeriesBudget
) -> list[datetime]:
    """The starts at the positions of BYSETPOS, in order, each once."""
    budget.spend_steps(len(rule.by_set_pos))
    length = len(period)
    indices = {position - 1 if position > 0 else length + position for position in rule.by_set_pos}
    return [period[index] for index in sorted(indices) if 0 <= index < length]


def _counted_periods(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime, budget: SeriesBudget
) -> Iterator[tuple[Sequence[datetime], int]]:
    """Yield the periods up to `last`, each with how many starts were skipped just before it.

    Without COUNT they begin near `first`; with COUNT as well, if each whole period has equally many starts.
    """
    number = _first_period_number(rule, dtstart, first)
    make_periods = _subday_periods if rule.freq >= Freq.HOURLY else _day_periods
    size = 0 if rule.count is None else starts_per_period(rule, dtstart)
    if rule.count is None:
        skipped = 0
    elif number < 2 or size is None:
        # Every period is made until COUNT is reached, which takes at least so many periods.
        budget.check_steps(min(number, rule.count // max_starts_per_period(rule, dtstart)))
        yield from ((period, 0) for period in make_periods(rule, dtstart, 0, last, budget))
        return
    else:
        # The first period counts only in part: from DTSTART on.
        yield from ((period, 0) for period in islice(make_periods(rule, dtstart, 0, last, budget), 1))
        skipped = (number - 1) * size
    for period in make_periods(rule, dtstart, number, last, budget):
        yield period, skipped
        skipped = 0


def _first_period_number(rule: RecurrenceRule, dtstart: datetime, first: datetime) -> int:
    """The number of the first period that may reach `first`; that of DTSTART is 0."""
    if rule.freq is Freq.YEARLY:
        # With BYWEEKNO a year of whole weeks may end in the next year.
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
    """The first day of DTSTART's week as an ordinal: in the year 1 it may lie before Python's first date."""
    return dtstart.toordinal() - (dtstart.weekday() - rule.wkst) % 7


def _seconds_between(first: datetime, last: datetime) -> int:
    between = last - first
    return between.days * 86_400 + between.seconds


def _day_periods(
    rule: RecurrenceRule, dtstart: datetime, number: int, last: datetime, budget: SeriesBudget
) -> Iterator[Sequence[datetime]]:
    make_days = {
        Freq.YEARLY: _days_by_year,
        Freq.MONTHLY: _days_by_month,
        Freq.WEEKLY: _days_by_week,
        Freq.DAILY: _days_by_day,
    }
    listed = len(rule.by_day) + len(rule.by_month_day) + len(rule.by_year_day) + len(rule.by_week_no)
    cost_factor = 1 + listed // _LIST_LENGTH_PER_STEP
    hours, minutes, seconds = times_of_day(rule, dtstart)
    # A short list is searched faster than a `_LazyStarts`.
    is_listed = len(hours) * len(minutes) * len(seconds) <= _MAX_LISTED_TIMES
    times = list(starmap(time, product(hours, minutes, seconds))) if is_listed else []
    for days, cost in make_days[rule.freq](rule, dtstart, number, last):
        budget.spend_steps(cost * cost_factor)
        if is_listed:
            yield [datetime.combine(day, moment) for day in days for moment in times]
        else:
            yield _LazyStarts(days, hours, minutes, seconds)


def _days_by_year(
    rule: RecurrenceRule, dtstart: date, number: int, last: date
) -> Iterator[tuple[list[date], int]]:
    days_of_month = 31 if rule.selects_days else 1
    cost = (
        7 * len(rule.by_week_no)
        if rule.by_week_no
        else days_of_month * len(rule_days.months_of_rule(rule, dtstart))
    )
    first_year = _year_of_dtstart(rule, dtstart) + number * rule.interval
    for year in range(first_year, min(last.year + 1, MAXYEAR) + 1, rule.interval):
        yield list(rule_days.days_in_year(rule, max(year, MINYEAR), dtstart)), cost


def _days_by_month(
    rule: RecurrenceRule, dtstart: date, number: int, last: date
) -> Iterator[tuple[list[date], int]]:
    first_month = dtstart.year * 12 + dtstart.month - 1 + number * rule.interval
    for month in range(first_month, last.year * 12 + last.month, rule.interval):
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
    """Yield hours, minutes or seconds; a day, hour or minute that the rule leaves out is skipped whole."""
    first_period = _floor(dtstart, rule.freq)
    step, end = _SECONDS[rule.freq] * rule.interval, _seconds_between(first_period, last)
    while number * step <= end:
        period = first_period + timedelta(seconds=number * step)
        budget.spend_steps(1)
        next_candidate = _next_candidate(rule, period)
        if next_candidate is None:
            yield _subday_starts(rule, period, dtstart)
            number += 1
        else:
            # Rounded up to a whole period.
            number = max(number + 1, -(-_seconds_between(first_period, next_candidate) // step))


def _next_candidate(rule: RecurrenceRule, moment: datetime) -> datetime | None:
    """When the rule may recur next, if it leaves out the day, hour or minute of `moment`; else None."""
    if not rule_days.matches_day(rule, moment.date()):
        next_day = moment.toordinal() + 1
        # After the last day that Python can represent there is none.
        return datetime.fromordinal(next_day) if next_day <= date.max.toordinal() else MAX_LOCAL_TIME
    until_end = MAX_LOCAL_TIME - moment
    if rule.by_hour and moment.hour not in rule.by_hour:
        return _floor(moment, Freq.HOURLY) + min(timedelta(hours=1), until_end)
    if rule.freq is Freq.SECONDLY and rule.by_minute and moment.minute not in rule.by_minute:
        return _floor(moment, Freq.MINUTELY) + min(timedelta(minutes=1), until_end)
    return None


def _floor(moment: datetime, freq: Freq) -> datetime:
    if freq is Freq.HOURLY:
        return moment.replace(minute=0, second=0)
    return moment.replace(second=0) if freq is Freq.MINUTELY else moment


def _subday_starts(rule: RecurrenceRule, period: datetime, dtstart: datetime) -> _LazyStarts:
    """The starts in one hour, minute or second.

    A BYxxx part for a longer unit limits, one for a shorter unit expands (3.3.10, the table of BYxxx parts).
    """
    days: tuple[date, ...] = (period.date(),)
    if rule.freq is not Freq.HOURLY and rule.by_minute and period.minute not in rule.by_minute:
        days = ()
    if rule.freq is Freq.SECONDLY and rule.by_second and period.second not in rule.by_second:
        days = ()
    _, minutes, seconds = times_of_day(rule, dtstart)
    if rule.freq is not Freq.HOURLY:
        minutes = (period.minute,)
    if rule.freq is Freq.SECONDLY:
        seconds = (period.second,)
    return _LazyStarts(days, (period.hour,), minutes, seconds)
