"""The days that a summary covers: always a whole week or month that is over."""

from dataclasses import dataclass
from datetime import date, timedelta

from calsync.model.people import Frequency

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class SummaryPeriod:
    """The days from `first` (inclusive) to `last` (exclusive) of a weekly or monthly summary."""

    first: date
    last: date
    frequency: Frequency

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.last


def last_period(frequency: Frequency, night: date) -> SummaryPeriod | None:
    """Return the last week (Monday to Sunday) or calendar month that ended before this night.

    None for managers who get no summaries.
    """
    if frequency is Frequency.WEEKLY:
        monday = night - timedelta(days=night.weekday())
        return SummaryPeriod(monday - _WEEK, monday, frequency)
    if frequency is Frequency.MONTHLY:
        last = night.replace(day=1)
        return SummaryPeriod((last - timedelta(days=1)).replace(day=1), last, frequency)
    return None


def previous_period(period: SummaryPeriod) -> SummaryPeriod:
    """Return the week or month that ended when this one began."""
    before = last_period(period.frequency, period.first)
    if before is None:
        raise ValueError(f"{period} is neither weekly nor monthly")
    return before
