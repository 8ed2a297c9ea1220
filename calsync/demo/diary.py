"""The neutral description: what is planned, and what stands of it in one manager's calendar.

Times are wall-clock times in London, naive on purpose: every writer draws its own zone over them.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from calsync.model.occurrence import AttendeeKind, Response, Sensitivity, ShowAs

LONDON = ZoneInfo("Europe/London")
DEMO_DAY = date(2026, 11, 16)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or some room or list, that can be invited. manager_id: "" if no calendar is read."""

    key: str
    name: str
    address: str
    kind: AttendeeKind = AttendeeKind.INDIVIDUAL
    manager_id: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invited, with the answer that the organizer sees."""

    person: Person
    answer: Response = Response.ACCEPTED
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PlanRule:
    """How a meeting recurs. unit: week, month or year. until: the last day on which it may be, inclusive.

    weekdays: Monday is 0; of a week all of them, of a month the `nth` of the one (-1: the last).
    """

    unit: str
    every: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 0
    until: date | None = None


@dataclass(frozen=True, slots=True)
class OccurrenceChange:
    """One occurrence changed on its own, named by the day it was to be on; None: as in the series.

    cancelled: the organizer called it off. answer: the owner's own, to this occurrence.
    """

    day: date
    title: str | None = None
    start: datetime | None = None
    minutes: int | None = None
    notes: str | None = None
    cancelled: bool = False
    answer: Response | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A meeting as its organizer planned it, for everybody whose calendar it stands in.

    organizer: None for an own entry that nobody else sees. minutes: of an all-day one whole days.
    dropped: days of the series that were taken out. online: "", "teams" or "meet".
    """

    uid: str
    title: str
    start: datetime
    minutes: int
    organizer: Person | None = None
    guests: tuple[Guest, ...] = ()
    owner: str = ""
    all_day: bool = False
    rule: PlanRule | None = None
    changes: tuple[OccurrenceChange, ...] = ()
    dropped: tuple[date, ...] = ()
    notes: str = ""
    place: str = ""
    online: str = ""
    show_as: ShowAs = ShowAs.BUSY
    sensitivity: Sensitivity = Sensitivity.NORMAL
    categories: tuple[str, ...] = ()
    cancelled: bool = False
    answers: tuple[tuple[str, Response], ...] = ()

    @property
    def end(self) -> datetime:
        """Where the first occurrence ends, by the same clock."""
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A plan as it stands in one calendar: the owner's answer, and how the time is shown there."""

    plan: Plan
    answer: Response
    show_as: ShowAs


@dataclass(frozen=True, slots=True)
class PlannedOccurrence:
    """One meeting at one time in one calendar. day: that it was to be on; changed: not as the series says."""

    entry: CalendarEntry
    day: date
    start: datetime
    end: datetime
    title: str
    notes: str
    answer: Response
    show_as: ShowAs
    cancelled: bool = False
    is_changed: bool = False


@dataclass(slots=True)
class BookedTimes:
    """What is in the calendars so far, to find free times; filled while the plan is made."""

    spans: dict[tuple[str, date], list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def add(self, owner: str, start: datetime, end: datetime) -> None:
        """From now on this time is taken."""
        for day in {start.date(), end.date()}:
            self.spans.setdefault((owner, day), []).append((start, end))

    def is_free(self, owner: str, start: datetime, end: datetime) -> bool:
        """Whether nothing of the owner's overlaps it; for times within one day."""
        taken = self.spans.get((owner, start.date()), ())
        return all(end <= busy_start or busy_end <= start for busy_start, busy_end in taken)


def localize_london(moment: datetime) -> datetime:
    """The wall-clock time with its zone."""
    return moment.replace(tzinfo=LONDON)


def end_series_after(plan: Plan, last: date) -> Plan:
    """The same plan, ended after a day."""
    return replace(plan, rule=replace(plan.rule, until=last)) if plan.rule else plan
