"""Working time: a manager's working hours, contracted minutes and leave."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import pandas as pd

from calsync.model.meeting import Meeting
from calsync.model.occurrence import Response, ShowAs, Status
from calsync.model.people import Manager, Nation
from calsync.model.span import Span, merge_spans

LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)
_SUBDIVISIONS = {
    Nation.WALES: "WLS",
    Nation.ENGLAND: "ENG",
    Nation.SCOTLAND: "SCT",
    Nation.NORTHERN_IRELAND: "NIR",
}
_ATTENDING = (Response.ORGANIZER, Response.ACCEPTED, Response.UNRECORDED)
CONTRACTED_COLUMNS = ("manager_id", "day", "minutes")


@lru_cache(maxsize=256)
def public_holidays(nation: Nation, year: int) -> frozenset[date]:
    """Return the public holidays of a nation in a year, including substitute days."""
    return frozenset(holidays.country_holidays("GB", subdiv=_SUBDIVISIONS[nation], years=year))


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The organisation's working day, in its own zone.

    closed: days on which the organisation does not work, besides the public holidays of its nation.
    """

    zone: ZoneInfo = LONDON
    day_start: time = time(9)
    day_end: time = time(17)
    nation: Nation = Nation.WALES
    closed: frozenset[date] = frozenset()

    def midnight(self, day: date) -> datetime:
        """Return the start of a day in the organisation's zone."""
        return datetime.combine(day, time(0), self.zone)

    def day_of(self, moment: datetime) -> date:
        """Return the local date of a moment."""
        return moment.astimezone(self.zone).date()

    def is_holiday(self, day: date) -> bool:
        """Whether it is a public holiday or a day on which the organisation is closed."""
        return day in self.closed or day in public_holidays(self.nation, day.year)

    def is_working(self, manager: Manager, day: date) -> bool:
        """Whether the manager is due to work that day; leave is not considered."""
        return day.weekday() in manager.working_days and not self.is_holiday(day)

    def hours_of(self, day: date) -> Span:
        """Return the working hours of a day, whether or not anybody works on it."""
        start, end = (datetime.combine(day, clock, self.zone) for clock in (self.day_start, self.day_end))
        return Span(start, end)

    def hours_from_start(self, day: date, hours: float) -> Span:
        """Return a span of `hours` from the start of the working day, until midnight at the latest."""
        start = datetime.combine(day, self.day_start, self.zone)
        end = start.astimezone(UTC) + timedelta(hours=hours)
        return Span(start, min(end, self.midnight(day + DAY).astimezone(UTC)))

    def around(self, span: Span) -> Span:
        """Return the whole local days that the span touches."""
        last = self.day_of(span.end)
        end = self.midnight(last)
        return Span(
            self.midnight(self.day_of(span.start)), end if end == span.end else self.midnight(last + DAY)
        )

    def days(self, span: Span) -> Iterator[date]:
        """Yield every local day that the span touches, in order."""
        day = self.day_of(span.start)
        while self.midnight(day) < span.end:
            yield day
            day += DAY

    def whole_days(self, span: Span) -> Iterator[date]:
        """Yield the local days of which noon lies in the span: the days of an all-day event.

        All-day spans run from midnight to midnight in the zone of their calendar, which may be another.
        """
        for day in self.days(span):
            if span.start <= datetime.combine(day, time(12), self.zone) < span.end:
                yield day


@dataclass(frozen=True, slots=True)
class Leave:
    """When a manager is away: whole days, and spans within days (disjoint, in order)."""

    days: frozenset[date] = frozenset()
    spans: tuple[Span, ...] = ()


def find_leave(meetings: Iterable[Meeting], worktime: WorkingTime, period: Span) -> Leave:
    """Find the leave in one manager's calendar on the days of a period: entries shown as out of office.

    Unanswered entries are left out, because they may be invitations about somebody else's leave.
    """
    around = worktime.around(period)
    away = [
        (m.all_day, cut) for m in meetings if _is_leave(m) if (cut := m.span.intersection(around)) is not None
    ]
    days = {day for all_day, span in away if all_day for day in worktime.whole_days(span)}
    return Leave(frozenset(days), tuple(merge_spans(span for all_day, span in away if not all_day)))


def _is_leave(meeting: Meeting) -> bool:
    return (
        meeting.show_as is ShowAs.OUT_OF_OFFICE
        and meeting.status is Status.CONFIRMED
        and meeting.response in _ATTENDING
    )


def clip_to_service(manager: Manager, worktime: WorkingTime, period: Span) -> Span | None:
    """Return the part of a period in which the manager is in service; None if there is none."""
    start, end = period.start, period.end
    if manager.started is not None:
        start = max(start, worktime.midnight(manager.started))
    if manager.left is not None:
        end = min(end, worktime.midnight(manager.left + DAY))
    return Span(start, end) if start < end else None


def working_spans(manager: Manager, leave: Leave, worktime: WorkingTime, period: Span) -> list[Span]:
    """Return the manager's working hours in a period, without public holidays and leave."""
    spans: list[Span] = []
    for day, hours in scheduled_hours(worktime, manager.working_days, period):
        if day not in leave.days:
            spans.extend(_subtract_spans(hours, leave.spans) if leave.spans else (hours,))
    return spans


@lru_cache(maxsize=64)
def scheduled_hours(
    worktime: WorkingTime, weekdays: tuple[int, ...], period: Span
) -> tuple[tuple[date, Span], ...]:
    """Return the working hours of each working day of a period, without public holidays; leave is ignored.

    Cached, because managers who work on the same weekdays share them.
    """
    due = (day for day in worktime.days(period) if day.weekday() in weekdays)
    return tuple((day, worktime.hours_of(day)) for day in due if not worktime.is_holiday(day))


def _subtract_spans(span: Span, taken: Iterable[Span]) -> Iterator[Span]:
    start = span.start
    for other in taken:
        cut = other.intersection(Span(start, span.end)) if start < span.end else None
        if cut is not None:
            if start < cut.start:
                yield Span(start, cut.start)
            start = cut.end
    if start < span.end:
        yield Span(start, span.end)


def contracted_minutes(
    manager: Manager, meetings: Iterable[Meeting], worktime: WorkingTime, first: date, last: date
) -> pd.DataFrame:
    """Return the manager's contracted minutes on each day from `first` (inclusive) to `last` (exclusive).

    They are 0 on days off, public holidays and days of whole-day leave, before `started` and after `left`.
    Leave of part of a day subtracts the working time that it covers.

    Returns:
        Columns manager_id, day (dates), minutes.
    """
    leave = find_leave(meetings, worktime, Span(worktime.midnight(first), worktime.midnight(last)))
    days = [first + DAY * n for n in range((last - first).days)]
    rows = [(manager.id, day, _contracted_minutes(manager, leave, worktime, day)) for day in days]
    frame = pd.DataFrame(rows, columns=list(CONTRACTED_COLUMNS))
    return frame.astype({"manager_id": "str", "minutes": "float64"})


def _contracted_minutes(manager: Manager, leave: Leave, worktime: WorkingTime, day: date) -> float:
    if day in leave.days or not worktime.is_working(manager, day) or not manager.is_in_service(day):
        return 0.0
    hours = worktime.hours_of(day)
    leave_spans = (span.intersection(hours) for span in leave.spans)
    leave_minutes = sum(cut.duration.total_seconds() for cut in leave_spans if cut is not None) / 60
    return max(0.0, manager.hours_per_day * 60 - leave_minutes)
