"""The periods of tables, as users write them and as ranges of days."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from enum import StrEnum

DateRange = tuple[date, date]
"""The first day, and the day after the last."""


class PeriodLength(StrEnum):
    """How a range of days is cut into periods: weeks from Monday, calendar months, or not at all."""

    WEEK = "week"
    MONTH = "month"
    WHOLE = "whole"


_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.IGNORECASE)
_FINANCIAL_YEAR = re.compile(r"(\d{4})-FY", re.IGNORECASE)


def parse_period(text: str) -> DateRange:
    """Return the first day of a period and the day after its last.

    Args:
        text: `2026-11` (a month), `2026-Q3` (July to September), `2026-FY` (April 2026 to March 2027) or
            `2026-09-01..2026-10-01`, which includes the first day and excludes the last.

    Raises:
        ValueError: If it is none of these, or contains no day.
    """
    plain = text.strip()
    if ".." in plain:
        first, last = (date.fromisoformat(part.strip()) for part in plain.split("..", 1))
    elif match := _QUARTER.fullmatch(plain):
        first = date(int(match[1]), 3 * int(match[2]) - 2, 1)
        last = _next_month(_next_month(_next_month(first)))
    elif match := _FINANCIAL_YEAR.fullmatch(plain):
        first, last = date(int(match[1]), 4, 1), date(int(match[1]) + 1, 4, 1)
    elif match := _MONTH.fullmatch(plain):
        first = date(int(match[1]), int(match[2]), 1)
        last = _next_month(first)
    else:
        raise ValueError("not a period")
    if first >= last:
        raise ValueError("its first day must be before its last")
    return first, last


def split_into_periods(first: date, last: date, every: PeriodLength = PeriodLength.WHOLE) -> list[DateRange]:
    """Cut the days from `first` to `last` (exclusive) into periods; those at the edges may be shorter."""
    if first >= last:
        return []
    return list(_split_days(first, last, _NEXT_START[every])) if every in _NEXT_START else [(first, last)]


def _split_days(first: date, last: date, following: Callable[[date], date]) -> Iterator[DateRange]:
    while first < last:
        end = min(following(first), last)
        yield first, end
        first = end


def _next_monday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


_NEXT_START = {PeriodLength.WEEK: _next_monday, PeriodLength.MONTH: _next_month}
