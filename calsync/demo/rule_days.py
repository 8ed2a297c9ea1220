"""The days of a recurrence rule, by counting; independent of calsync's expansion, which the demo tests."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from calsync.demo.diary import PlanRule

_WEEK = timedelta(days=7)


def rule_days(rule: PlanRule, first: date, last: date) -> Iterator[date]:
    """The days of a rule from `first` to `last`, both inclusive, in order."""
    last = min(last, rule.until) if rule.until else last
    days = {"week": _in_weeks, "month": _in_months, "year": _in_years}[rule.unit]
    for day in days(rule, first):
        if day > last:
            return
        if day >= first:
            yield day


def first_rule_day(rule: PlanRule, not_before: date) -> date:
    """The first day of a rule, not before this day: the interval (`every`) is counted from it."""
    return next(
        day for day in rule_days(PlanRule(rule.unit, 1, rule.weekdays, rule.nth), not_before, date.max)
    )


def _in_weeks(rule: PlanRule, first: date) -> Iterator[date]:
    monday = first - timedelta(days=first.weekday())
    while True:
        for weekday in rule.weekdays:
            yield monday + timedelta(days=weekday)
        monday += rule.every * _WEEK


def _in_months(rule: PlanRule, first: date) -> Iterator[date]:
    month = first.year * 12 + first.month - 1
    while True:
        yield _nth_of_month(month // 12, month % 12 + 1, rule.weekdays[0], rule.nth)
        month += rule.every


def _nth_of_month(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth of these weekdays in a month; a negative nth means the last."""
    if nth < 0:
        last_day = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last_day - timedelta(days=(last_day.weekday() - weekday) % 7)
    first_day = date(year, month, 1)
    return first_day + timedelta(days=(weekday - first_day.weekday()) % 7 + 7 * (nth - 1))


def _in_years(rule: PlanRule, first: date) -> Iterator[date]:
    year = first.year
    while True:
        yield first.replace(year=year)
        year += rule.every


def at_same_time(day: date, clock: datetime) -> datetime:
    """The local time of `clock` on another day."""
    return datetime.combine(day, clock.time())
