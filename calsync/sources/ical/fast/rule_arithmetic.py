"""The starts of common rules by sums alone: every n days, weeks on some weekdays, months on one day.

The same as `recur.starts` gives, which walks period by period and knows every rule.
"""

from datetime import datetime, timedelta

from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule

_DAY = timedelta(days=1)
# Far from where `starts` gives up, which sums never do.
_MAX_YEAR = 2500
# Days of a period that begins before the first or ends after the last.
_EDGE_DAYS = 62
_SHORTEST_MONTH, _WEEKS_IN_EVERY_MONTH = 28, 4


def starts_by_arithmetic(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime, budget: SeriesBudget
) -> list[datetime]:
    """Give the starts in [first, last] of an event's only rule; raises RuleError as `recur.starts` does."""
    found = (
        _starts_of_simple_rule(rule, dtstart, max(first, dtstart), last) if last.year < _MAX_YEAR else None
    )
    if found is None:
        return rule_starts(rule, dtstart, first, last, budget=budget)
    # What `starts` would have spent at most: a step for each day.
    budget.spend_steps((last - first).days + _EDGE_DAYS)
    budget.spend_starts(len(found))
    return found


def _starts_of_simple_rule(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    """The same, or None for a rule that is not so plain."""
    if (
        rule.by_week_no
        or rule.by_year_day
        or rule.by_set_pos
        or rule.by_hour
        or rule.by_minute
        or rule.by_second
    ):
        return None
    if rule.freq is Freq.YEARLY and (
        rule.by_month == (dtstart.month,) or not (rule.by_month or rule.selects_days)
    ):
        return _monthly_starts(rule, dtstart, first, last)
    if rule.by_month:
        return None
    sums = {Freq.MONTHLY: _monthly_starts, Freq.WEEKLY: _weekly_starts, Freq.DAILY: _daily_starts}.get(
        rule.freq
    )
    return sums(rule, dtstart, first, last) if sums else None


def _daily_starts(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    if rule.selects_days:
        return None
    step = _DAY * rule.interval
    number, end = -((dtstart - first) // step), (last - dtstart) // step
    if rule.count:
        end = min(end, rule.count - 1)
    return [dtstart + step * place for place in range(number, end + 1)]


def _weekly_starts(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    if rule.by_month_day:
        return None
    own = (dtstart.weekday() - rule.wkst) % 7
    days = sorted({(weekday - rule.wkst) % 7 for _, weekday in rule.by_day} or {own})
    if rule.count and own not in days:
        return None
    step, week = _DAY * 7 * rule.interval, dtstart - _DAY * own
    # Places are counted from the start of DTSTART's week, so that COUNT is a place, too.
    before = sum(day < own for day in days)
    end = (rule.count or 0) + before
    begins = [week + _DAY * day for day in days]
    found = []
    for number in range(max(0, (first - week) // step), (last - week) // step + 1):
        later = step * number
        for place, first_month in enumerate(begins, number * len(days)):
            start = first_month + later
            if first <= start <= last and (not rule.count or place < end):
                found.append(start)
    return found


def _monthly_starts(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    """Every month, or with YEARLY the same month of every year."""
    interval = rule.interval * (12 if rule.freq is Freq.YEARLY else 1)
    first_month = dtstart.year * 12 + dtstart.month - 1
    if not _has_one_start_per_month(rule, dtstart) or (
        rule.count and _start_in_month(rule, first_month, dtstart) != dtstart
    ):
        return None
    skipped = max(0, (first.year * 12 + first.month - 1 - first_month) // interval)
    end = last.year * 12 + last.month
    if rule.count:
        end = min(end, first_month + rule.count * interval)
    months = range(first_month + skipped * interval, end, interval)
    return [start for month in months if first <= (start := _start_in_month(rule, month, dtstart)) <= last]


def _has_one_start_per_month(rule: RecurrenceRule, dtstart: datetime) -> bool:
    if rule.by_day:
        return (
            len(rule.by_day) == 1
            and not rule.by_month_day
            and 1 <= abs(rule.by_day[0][0]) <= _WEEKS_IN_EVERY_MONTH
        )
    days = rule.by_month_day or (dtstart.day,)
    return len(days) == 1 and 1 <= days[0] <= _SHORTEST_MONTH


def _start_in_month(rule: RecurrenceRule, month: int, dtstart: datetime) -> datetime:
    """The day of a month, counted in months since the year 0."""
    at = dtstart.replace(year=month // 12, month=month % 12 + 1, day=1)
    if not rule.by_day:
        return at.replace(day=rule.by_month_day[0] if rule.by_month_day else dtstart.day)
    which, weekday = rule.by_day[0]
    if which > 0:
        return at + _DAY * ((weekday - at.weekday()) % 7 + 7 * (which - 1))
    following = month + 1
    last = at.replace(year=following // 12, month=following % 12 + 1) - _DAY
    return last - _DAY * ((last.weekday() - weekday) % 7 + 7 * (-which - 1))
