"""Which days a summary covers: always whole weeks or months that are over."""

from dataclasses import dataclass
from datetime import date, timedelta

from calsync.model.people import Frequency

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class SummaryPeriod:
    """The days from `first` (inclusive) to `last` (exclusive), and how often such a period comes."""

    first: date
    last: date
    frequency: Frequency

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.last


def last_period(frequency: Frequency, night: date) -> SummaryPeriod | None:
    """The last week (Monday to Sunday) or calendar month that was over before this night; None for none."""
    if frequency is Frequency.WEEKLY:
        monday = night - timedelta(days=night.weekday())
        return SummaryPeriod(monday - _WEEK, monday, frequency)
    if frequency is Frequency.MONTHLY:
        last = night.replace(day=1)
        return SummaryPeriod((last - timedelta(days=1)).replace(day=1), last, frequency)
    return None


def previous_period(period: SummaryPeriod) -> SummaryPeriod:
    """The week or month that ended when this one began."""
    before = last_period(period.frequency, period.first)
    if before is None:
        raise ValueError(f"{period} is of no frequency")
    return before
