"""The days on which a rule falls, by plain counting; no iCalendar and no library for recurrence here."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from calsync.demo.diary import PlanRule

_WEEK = timedelta(days=7)


def rule_days(rule: PlanRule, first: date, last: date) -> Iterator[date]:
    """The days from the first occurrence on, in order, up to and with `last`."""
    stop = min(last, rule.until) if rule.until else last
    step = {"week": _in_weeks, "month": _in_months, "year": _in_years}[rule.unit]
    for day in step(rule, first):
        if day > stop:
            return
        if day >= first:
            yield day


def first_rule_day(rule: PlanRule, not_before: date) -> date:
    """The first day from a day on that the rule allows; where its counting begins."""
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
    if nth < 0:
        after = date(year + month // 12, month % 12 + 1, 1)
        back = (after - timedelta(days=1)).weekday() - weekday
        return after - timedelta(days=1 + back % 7)
    begin = date(year, month, 1)
    return begin + timedelta(days=(weekday - begin.weekday()) % 7 + 7 * (nth - 1))


def _in_years(rule: PlanRule, first: date) -> Iterator[date]:
    year = first.year
    while True:
        yield first.replace(year=year)
        year += rule.every


def at_same_time(day: date, clock: datetime) -> datetime:
    """The series' clock time on another day."""
    return datetime.combine(day, clock.time())
