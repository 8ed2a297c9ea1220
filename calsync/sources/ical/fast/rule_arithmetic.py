"""The starts of common rules by arithmetic: every n days, weeks on some weekdays, months on one day.

The same as `recurrence.rule_starts` returns, which goes through any rule period by period.
"""

from datetime import datetime, timedelta

from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.recurrence import rule_starts
from calsync.sources.ical.recurrence_rule import Freq, RecurrenceRule

_DAY = timedelta(days=1)
# Far from the years at which `rule_starts` raises RecurrenceRuleError; arithmetic never does.
_MAX_YEAR = 2500
# Days of a period that begins before the first or ends after the last.
_EDGE_DAYS = 62
_SHORTEST_MONTH, _WEEKS_IN_EVERY_MONTH = 28, 4


def starts_by_arithmetic(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime, budget: SeriesBudget
) -> list[datetime]:
    """Return the starts in [first, last] of an event's only rule.

    Raises RecurrenceRuleError as `rule_starts` does.
    """
    starts = None
    if last.year < _MAX_YEAR:
        starts = _starts_of_simple_rule(rule, dtstart, max(first, dtstart), last)
    if starts is None:
        return rule_starts(rule, dtstart, first, last, budget=budget)
    # The most that `rule_starts` would spend: a step for each day.
    budget.spend_steps((last - first).days + _EDGE_DAYS)
    budget.spend_starts(len(starts))
    return starts


def _starts_of_simple_rule(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    """Return the starts, or None for a rule that is not one of the common ones."""
    is_rare = rule.by_week_no or rule.by_year_day or rule.by_set_pos
    if is_rare or rule.by_hour or rule.by_minute or rule.by_second:
        return None
    if rule.freq is Freq.YEARLY and (
        rule.by_month == (dtstart.month,) or not (rule.by_month or rule.selects_days)
    ):
        return _monthly_starts(rule, dtstart, first, last)
    if rule.by_month:
        return None
    if rule.freq is Freq.MONTHLY:
        return _monthly_starts(rule, dtstart, first, last)
    if rule.freq is Freq.WEEKLY:
        return _weekly_starts(rule, dtstart, first, last)
    return _daily_starts(rule, dtstart, first, last) if rule.freq is Freq.DAILY else None


def _daily_starts(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    if rule.selects_days:
        return None
    step = _DAY * rule.interval
    # Starts are numbered, DTSTART's number being 0.
    first_number, last_number = -((dtstart - first) // step), (last - dtstart) // step
    if rule.count:
        last_number = min(last_number, rule.count - 1)
    return [dtstart + step * number for number in range(first_number, last_number + 1)]


def _weekly_starts(
    rule: RecurrenceRule, dtstart: datetime, first: datetime, last: datetime
) -> list[datetime] | None:
    if rule.by_month_day:
        return None
    # Days of the week are counted from WKST.
    dtstart_day = (dtstart.weekday() - rule.wkst) % 7
    days = sorted({(weekday - rule.wkst) % 7 for _, weekday in rule.by_day} or {dtstart_day})
    if rule.count and dtstart_day not in days:
        return None
    step, first_week = _DAY * 7 * rule.interval, dtstart - _DAY * dtstart_day
    starts_of_first_week = [first_week + _DAY * day for day in days]
    # Starts are numbered from the beginning of DTSTART's week, so that COUNT is a number as well.
    end_number = (rule.count or 0) + sum(day < dtstart_day for day in days)
    starts = []
    for week in range(max(0, (first - first_week) // step), (last - first_week) // step + 1):
        later = step * week
        for number, start_of_first_week in enumerate(starts_of_first_week, week * len(days)):
            start = start_of_first_week + later
            if first <= start <= last and (not rule.count or number < end_number):
                starts.append(start)
    return starts


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
    end_month = last.year * 12 + last.month
    if rule.count:
        end_month = min(end_month, first_month + rule.count * interval)
    months = range(first_month + skipped * interval, end_month, interval)
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
    """The only start in a month. month: counted since the year 0."""
    first_day = dtstart.replace(year=month // 12, month=month % 12 + 1, day=1)
    if not rule.by_day:
        return first_day.replace(day=rule.by_month_day[0] if rule.by_month_day else dtstart.day)
    which, weekday = rule.by_day[0]
    if which > 0:
        return first_day + _DAY * ((weekday - first_day.weekday()) % 7 + 7 * (which - 1))
    following = month + 1
    last_day = first_day.replace(year=following // 12, month=following % 12 + 1) - _DAY
    return last_day - _DAY * ((last_day.weekday() - weekday) % 7 + 7 * (-which - 1))
