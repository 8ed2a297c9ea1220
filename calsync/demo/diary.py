"""The data types of meetings and calendar entries in the demo, independent of the formats of calendars.

Times are naive local times in London: each format has its own way to write the zone.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from calsync.model.occurrence import AttendeeKind, Response, Sensitivity, ShowAs

LONDON = ZoneInfo("Europe/London")
DEMO_DAY = date(2026, 11, 16)


@dataclass(frozen=True, slots=True)
class Person:
    """A person, room or list that can be invited. manager_id: "" for those who are not managers."""

    key: str
    name: str
    address: str
    kind: AttendeeKind = AttendeeKind.INDIVIDUAL
    manager_id: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """An invited person, with the answer that the organizer sees."""

    person: Person
    answer: Response = Response.ACCEPTED
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PlanRule:
    """The recurrence of a meeting.

    unit: week, month or year. every: the interval, in units. weekdays: Monday is 0; in a week all of them,
    in a month the `nth` of the only one (-1: the last). until: the last possible day, inclusive.
    """

    unit: str
    every: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 0
    until: date | None = None


@dataclass(frozen=True, slots=True)
class OccurrenceChange:
    """The changes of one occurrence of a series; None: as in the series.

    day: the original day. cancelled: by the organizer. answer: the owner's answer to this occurrence.
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
    """A meeting or series as its organizer planned it, for all calendars.

    organizer: None for an own entry of `owner`, which is in no other calendar. minutes: the duration; of an
    all-day meeting whole days. dropped: days removed from the series. online: "", "teams" or "meet".
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
        """The local time at which the first occurrence ends."""
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A plan in one calendar, with the owner's answer and how the time is shown there."""

    plan: Plan
    answer: Response
    show_as: ShowAs


@dataclass(frozen=True, slots=True)
class PlannedOccurrence:
    """One meeting at one time in one calendar.

    day: the original day. is_changed: whether it differs from its series.
    """

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
    """The times in the calendars so far, to find free times; filled while plans are made."""

    spans: dict[tuple[str, date], list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def add(self, owner: str, start: datetime, end: datetime) -> None:
        """Add a busy time."""
        for day in {start.date(), end.date()}:
            self.spans.setdefault((owner, day), []).append((start, end))

    def is_free(self, owner: str, start: datetime, end: datetime) -> bool:
        """Whether a time within one day overlaps no busy time of the owner."""
        busy = self.spans.get((owner, start.date()), ())
        return all(end <= busy_start or busy_end <= start for busy_start, busy_end in busy)


def localize_london(moment: datetime) -> datetime:
    """The local time with the zone of London."""
    return moment.replace(tzinfo=LONDON)


def end_series_after(plan: Plan, last: date) -> Plan:
    """The plan with its series ended after this day (inclusive)."""
    return replace(plan, rule=replace(plan.rule, until=last)) if plan.rule else plan
