"""The starts of common rules by sums alone: every n days, weeks on some weekdays, months on one day.

The same as `recur.starts` gives, which walks period by period and knows every rule.
"""

from datetime import datetime, timedelta

from calsync.sources.ical.budget import SeriesBudget
from calsync.sources.ical.recur import starts
from calsync.sources.ical.rule import Freq, Rule

_DAY = timedelta(days=1)
# Far from where `starts` gives up, which sums never do.
_LAST_YEAR = 2500
# Days of a period that begins before the first or ends after the last.
_EDGES = 62
_SHORTEST_MONTH, _SURE_WEEKS = 28, 4


def plain_starts(
    rule: Rule, begin: datetime, first: datetime, last: datetime, budget: SeriesBudget
) -> list[datetime]:
    """Give the starts in [first, last] of an event's only rule; raises RuleError as `recur.starts` does."""
    found = _by_sums(rule, begin, max(first, begin), last) if last.year < _LAST_YEAR else None
    if found is None:
        return starts(rule, begin, first, last, budget=budget)
    # What `starts` would have spent at most: a step for each day.
    budget.spend_steps((last - first).days + _EDGES)
    budget.spend_starts(len(found))
    return found


def _by_sums(rule: Rule, begin: datetime, first: datetime, last: datetime) -> list[datetime] | None:
    """The same, or None for a rule that is not so plain."""
    if rule.by_week or rule.by_year_day or rule.by_place or rule.by_hour or rule.by_minute or rule.by_second:
        return None
    if rule.freq is Freq.YEARLY and (
        rule.by_month == (begin.month,) or not (rule.by_month or rule.chooses_days)
    ):
        return _monthly(rule, begin, first, last)
    if rule.by_month:
        return None
    sums = {Freq.MONTHLY: _monthly, Freq.WEEKLY: _weekly, Freq.DAILY: _daily}.get(rule.freq)
    return sums(rule, begin, first, last) if sums else None


def _daily(rule: Rule, begin: datetime, first: datetime, last: datetime) -> list[datetime] | None:
    if rule.chooses_days:
        return None
    step = _DAY * rule.interval
    number, end = -((begin - first) // step), (last - begin) // step
    if rule.count:
        end = min(end, rule.count - 1)
    return [begin + step * place for place in range(number, end + 1)]


def _weekly(rule: Rule, begin: datetime, first: datetime, last: datetime) -> list[datetime] | None:
    if rule.by_month_day:
        return None
    own = (begin.weekday() - rule.week_start) % 7
    days = sorted({(weekday - rule.week_start) % 7 for _, weekday in rule.by_day} or {own})
    if rule.count and own not in days:
        return None
    step, week = _DAY * 7 * rule.interval, begin - _DAY * own
    # Places are counted from the start of DTSTART's week, so that COUNT is a place, too.
    before = sum(day < own for day in days)
    end = (rule.count or 0) + before
    begins = [week + _DAY * day for day in days]
    found = []
    for number in range(max(0, (first - week) // step), (last - week) // step + 1):
        later = step * number
        for place, begun in enumerate(begins, number * len(days)):
            start = begun + later
            if first <= start <= last and (not rule.count or place < end):
                found.append(start)
    return found


def _monthly(rule: Rule, begin: datetime, first: datetime, last: datetime) -> list[datetime] | None:
    """Every month, or with YEARLY the same month of every year."""
    interval = rule.interval * (12 if rule.freq is Freq.YEARLY else 1)
    begun = begin.year * 12 + begin.month - 1
    if not _has_one_each_month(rule, begin) or (rule.count and _in_month(rule, begun, begin) != begin):
        return None
    skipped = max(0, (first.year * 12 + first.month - 1 - begun) // interval)
    end = last.year * 12 + last.month
    if rule.count:
        end = min(end, begun + rule.count * interval)
    months = range(begun + skipped * interval, end, interval)
    return [start for month in months if first <= (start := _in_month(rule, month, begin)) <= last]


def _has_one_each_month(rule: Rule, begin: datetime) -> bool:
    if rule.by_day:
        return len(rule.by_day) == 1 and not rule.by_month_day and 1 <= abs(rule.by_day[0][0]) <= _SURE_WEEKS
    days = rule.by_month_day or (begin.day,)
    return len(days) == 1 and 1 <= days[0] <= _SHORTEST_MONTH


def _in_month(rule: Rule, month: int, begin: datetime) -> datetime:
    """The day of a month, counted in months since the year 0."""
    at = begin.replace(year=month // 12, month=month % 12 + 1, day=1)
    if not rule.by_day:
        return at.replace(day=rule.by_month_day[0] if rule.by_month_day else begin.day)
    which, weekday = rule.by_day[0]
    if which > 0:
        return at + _DAY * ((weekday - at.weekday()) % 7 + 7 * (which - 1))
    following = month + 1
    last = at.replace(year=following // 12, month=following % 12 + 1) - _DAY
    return last - _DAY * ((last.weekday() - weekday) % 7 + 7 * (-which - 1))
