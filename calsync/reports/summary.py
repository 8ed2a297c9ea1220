"""What one manager is told about one period: built from values, changed by nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from math import fsum

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, MeetingKind
from calsync.model.meeting import Meeting
from calsync.model.people import Manager, Partnership
from calsync.reports.hours import (
    Bounds,
    Hours,
    OwnActivity,
    activity_bounds,
    add_hours,
    hours_by_partnership,
    hours_without_partnership,
    round_parts,
    round_to_minute,
    sum_allocated_hours,
)
from calsync.reports.questions import Question, find_questions
from calsync.rules.categories import UnknownCategory

QUESTIONS_SHOWN = 5
"""How many questions a mail asks at most."""


@dataclass(frozen=True, slots=True)
class PartnershipHours:
    """One partnership's confirmed hours; preparation and travel are part of them.

    partnership: with an empty id and name for work between agencies that no partnership owns.
    """

    partnership: Partnership
    hours: Hours
    preparation: float
    travel: float
    meetings: int


@dataclass(frozen=True, slots=True)
class ExcludedMeetings:
    """Meetings that were not counted, for one reason."""

    reason: str
    meetings: int
    hours: float


@dataclass(frozen=True)
class ManagerSummary:
    """One manager's period in hours, from `first` (inclusive) to `last` (exclusive).

    partnerships: most hours first. diarised: all confirmed time; contracted: weekly hours less leave
    and public holidays. outside: partnership hours outside working hours. private: hours of which
    only the times are known. questions: the longest of `unclear_meetings`, at most five.
    not_partnership: own activities of a pack of rules that count as no partnership time.
    unread_categories: categories for calsync that it did not understand, of any day that is read.
    """

    manager: Manager
    first: date
    last: date
    partnerships: tuple[PartnershipHours, ...]
    hours: Hours
    unconfirmed: Hours
    preparation: float
    travel: float
    outside: float
    diarised: float
    contracted: float
    private: float
    excluded: tuple[ExcludedMeetings, ...]
    questions: tuple[Question, ...]
    unclear_meetings: int
    unread_categories: tuple[UnknownCategory, ...] = ()
    not_partnership: tuple[OwnActivity, ...] = ()

    @property
    def process(self) -> Bounds:
        """Hours that sustained the partnerships themselves."""
        return activity_bounds(Activity.PROCESS, self.hours, self.unconfirmed)

    @property
    def improvement(self) -> Bounds:
        """Hours of work on a named service or group of service users."""
        return activity_bounds(Activity.SERVICE_IMPROVEMENT, self.hours, self.unconfirmed)

    @property
    def process_of_diarised(self) -> float | None:
        """Process as a part of the time in the calendar; None if that is empty."""
        return self.process.estimate / self.diarised if self.diarised > 0 else None

    @property
    def process_of_contracted(self) -> float | None:
        """Process as a part of contracted time; None if there is none (leave all week)."""
        return self.process.estimate / self.contracted if self.contracted > 0 else None

    @property
    def displaced_days(self) -> float | None:
        """Process in the manager's own working days; None if their working day is not known."""
        per_day = self.manager.hours_per_day
        return self.process.estimate / per_day if per_day > 0 else None


def summarise(
    manager: Manager,
    first: date,
    last: date,
    meetings: Sequence[Meeting],
    allocations: Sequence[Allocation],
    contracted_minutes: float,
    partnerships: Mapping[str, Partnership],
    excluded: Mapping[str, tuple[int, float]],
    *,
    unread: Sequence[UnknownCategory] = (),
    zone: tzinfo | None = None,
) -> ManagerSummary:
    """Sum one manager's days from `first` (inclusive) to `last` (exclusive), in whole minutes that add up.

    Allocations of other managers or days are ignored. excluded: (meetings, hours) by reason. unread:
    categories that were not understood, of any day. zone: for the times of questions; without it they
    keep their own.
    """
    mine = [a for a in allocations if a.manager_id == manager.id and first <= a.day < last]
    confirmed = [a for a in mine if a.confirmed]
    shared = [a for a in confirmed if a.activity is not Activity.NONE]
    hidden = {meeting.id for meeting in meetings if meeting.private}
    rows = _build_partnership_rows(shared, partnerships)
    hours = add_hours(row.hours for row in rows)
    questions = find_questions(meetings, shared, partnerships, zone, unclear_hours=hours.unclear)
    return ManagerSummary(
        manager=manager,
        first=first,
        last=last,
        partnerships=rows,
        hours=hours,
        unconfirmed=add_hours(hours_by_partnership(a for a in mine if not a.confirmed).values()),
        preparation=fsum(row.preparation for row in rows),
        travel=fsum(row.travel for row in rows),
        outside=round_to_minute(sum_allocated_hours(a for a in shared if not a.in_hours)),
        diarised=sum_allocated_hours(confirmed),
        contracted=contracted_minutes / 60,
        private=sum_allocated_hours(a for a in confirmed if a.meeting_id in hidden),
        excluded=tuple(ExcludedMeetings(reason, *counted) for reason, counted in sorted(excluded.items())),
        questions=questions[:QUESTIONS_SHOWN],
        unclear_meetings=sum(question.meetings for question in questions),
        unread_categories=tuple(
            UnknownCategory(one.meeting._replace(start=one.meeting.start.astimezone(zone)), one.category)
            for one in unread
        ),
        not_partnership=hours_without_partnership(confirmed),
    )


def _build_partnership_rows(
    shared: Sequence[Allocation], partnerships: Mapping[str, Partnership]
) -> tuple[PartnershipHours, ...]:
    """One row for each partnership, most hours first; work that no partnership owns comes last."""
    hours = hours_by_partnership(shared)
    rows = []
    for id_, own in hours.items():
        mine = [a for a in shared if a.partnership == id_]
        minutes = _minutes_by_kind(mine, round(own.total * 60))
        meetings = len({a.meeting_id for a in mine if a.kind is MeetingKind.MEETING})
        partnership = partnerships.get(id_) or Partnership(id_, id_)
        preparation, travel = minutes[MeetingKind.PREPARATION] / 60, minutes[MeetingKind.TRAVEL] / 60
        rows.append(PartnershipHours(partnership, own, preparation, travel, meetings))
    return tuple(sorted(rows, key=lambda row: (not row.partnership.id, -row.hours.total, row.partnership.id)))


def _minutes_by_kind(allocations: Iterable[Allocation], total: int) -> dict[MeetingKind, int]:
    """Return whole minutes by kind that add up to the total, which was rounded with other parts.

    Rounded each by itself, 7.5 minutes of preparation and 7.5 of travel would be more than their 15.
    """
    exact = dict.fromkeys((MeetingKind.PREPARATION, MeetingKind.TRAVEL, MeetingKind.MEETING), 0.0)
    for one in allocations:
        exact[one.kind] += one.minutes
    return round_parts(exact, total)
