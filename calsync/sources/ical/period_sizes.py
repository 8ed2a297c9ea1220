"""How many starts each period of a rule has, where that is known without making them; for `recurrence`.

So COUNT is counted over centuries at once: every week of `BYDAY=MO,TU` has two starts.
"""

from collections.abc import Sequence
from datetime import date, datetime
from math import prod

from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule

_SHORTEST_MONTH, _WEEKS_IN_EVERY_MONTH = 28, 4


def starts_per_period(rule: RecurrenceRule, dtstart: datetime) -> int | None:
    """Return how many starts every whole period has; None where periods differ, or may differ."""
    if rule.freq >= Freq.HOURLY:
        days, is_even = 1, not (rule.by_hour or rule.by_month or rule.selects_days)
        is_even = is_even and not (rule.by_minute and rule.freq > Freq.HOURLY)
        is_even = is_even and not (rule.by_second and rule.freq is Freq.SECONDLY)
        # Only what is shorter than the period (minutes and seconds in an hour) multiplies its starts.
        longer = {Freq.HOURLY: 1, Freq.MINUTELY: 2}.get(rule.freq, 3)
        times = prod(map(len, times_of_day(rule, dtstart)[longer:]))
    else:
        count = _days_per_period(rule, dtstart)
        days, is_even = count or 0, count is not None
        times = prod(map(len, times_of_day(rule, dtstart)))
    if not is_even:
        return None
    size = days * times
    if not rule.by_set_pos:
        return size
    positions = {position if position > 0 else size + 1 + position for position in rule.by_set_pos}
    return sum(1 <= position <= size for position in positions)


def max_starts_per_period(rule: RecurrenceRule, dtstart: datetime) -> int:
    """Return a number of starts that no period exceeds."""
    days = {Freq.YEARLY: 7 * 54, Freq.MONTHLY: 31, Freq.WEEKLY: 7}.get(rule.freq, 1)
    shorter = (3600 if rule.freq is Freq.HOURLY else 60) if rule.freq >= Freq.HOURLY else 0
    return days * max(1, shorter or prod(map(len, times_of_day(rule, dtstart))))


def times_of_day(
    rule: RecurrenceRule, dtstart: datetime
) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Return the hours, minutes and seconds at which a rule recurs on its days."""
    # Python has no leap seconds.
    seconds = tuple(second for second in rule.by_second or (dtstart.second,) if second < 60)
    return rule.by_hour or (dtstart.hour,), rule.by_minute or (dtstart.minute,), seconds


def _days_per_period(rule: RecurrenceRule, dtstart: date) -> int | None:
    """How many days every period of a daily, weekly, monthly or yearly rule has; None where they differ."""
    if rule.by_week_no or rule.by_year_day:
        return None
    if rule.freq is Freq.YEARLY:
        in_month = None if rule.by_day and not rule.by_month else _days_per_month(rule, dtstart)
        return None if in_month is None else in_month * max(1, len(rule.by_month))
    if rule.by_month:
        return None
    if rule.freq is Freq.MONTHLY:
        return _days_per_month(rule, dtstart)
    if rule.by_month_day or (rule.by_day and rule.freq is Freq.DAILY):
        return None
    return max(1, len({weekday for _, weekday in rule.by_day}))


def _days_per_month(rule: RecurrenceRule, dtstart: date) -> int | None:
    if rule.by_day:
        # All counted from the start, or all from the end: in a short month the fourth Monday is also the
        # last.
        signs = {which > 0 for which, _ in rule.by_day}
        is_certain = len(signs) == 1 and all(
            1 <= abs(which) <= _WEEKS_IN_EVERY_MONTH for which, _ in rule.by_day
        )
        return len(rule.by_day) if is_certain and not rule.by_month_day else None
    days = rule.by_month_day or (dtstart.day,)
    is_certain = len({day > 0 for day in days}) == 1 and all(1 <= abs(day) <= _SHORTEST_MONTH for day in days)
    return len(days) if is_certain else None
