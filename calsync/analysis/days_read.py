"""Which of a manager's days were read; only those are compared with contracted time."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class DayCoverage(StrEnum):
    """How much of a manager's day is known: all calendars were read, some of them, or none."""

    ALL = "all"
    PART = "part"
    NONE = "none"


class CalendarDaysRead(NamedTuple):
    """The days of one calendar that were read after they had ended.

    first, last: all days from `first` (inclusive) to `last` (exclusive), the night of the last successful
    reading; both None if the calendar was never read. listed: whether the manager still has the calendar.
    """

    first: date | None
    last: date | None
    is_listed: bool = True

    def includes(self, day: date) -> bool:
        """Whether this day was read."""
        return self.first is not None and self.last is not None and self.first <= day < self.last


def determine_day_coverage(calendars: Sequence[CalendarDaysRead], days: Iterable[date]) -> list[DayCoverage]:
    """Return how much of each day was read of a manager with these calendars.

    A calendar that the manager no longer has replaces a newer one on the days before that one was first
    read, so that a move to another server leaves no gap.
    """
    listed = [calendar for calendar in calendars if calendar.is_listed]
    former = [calendar for calendar in calendars if not calendar.is_listed]
    return [_coverage_of_day(listed, former, day) for day in days]


def _coverage_of_day(
    listed: Sequence[CalendarDaysRead], former: Sequence[CalendarDaysRead], day: date
) -> DayCoverage:
    read_in_former = any(calendar.includes(day) for calendar in former)
    was_read = [
        calendar.includes(day) or (read_in_former and calendar.first is not None and day < calendar.first)
        for calendar in listed
    ]
    if all(was_read) and (was_read or read_in_former):
        return DayCoverage.ALL
    return DayCoverage.PART if read_in_former or any(was_read) else DayCoverage.NONE
