"""Periods for tables: calendar months, weeks from Monday, or the whole; each (first day, day after)."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from enum import StrEnum

Period = tuple[date, date]


class Every(StrEnum):
    """How a stretch of days is cut into periods."""

    WEEK = "week"
    MONTH = "month"
    WHOLE = "whole"


def periods(first: date, last: date, every: Every = Every.WHOLE) -> list[Period]:
    """Cut the days from `first` to `last` (exclusive) into periods; those at the edges may be shorter."""
    if first >= last:
        return []
    return list(_cut(first, last, _NEXT[every])) if every in _NEXT else [(first, last)]


def _cut(first: date, last: date, following: Callable[[date], date]) -> Iterator[Period]:
    while first < last:
        end = min(following(first), last)
        yield first, end
        first = end


def _next_monday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


_NEXT = {Every.WEEK: _next_monday, Every.MONTH: _next_month}
