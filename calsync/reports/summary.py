"""The summary of one manager's period: the values that `reports.render` shows in a mail."""

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

MAX_QUESTIONS = 5
"""How many questions a mail contains at most."""


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
    """The meetings that were not counted for one reason."""

    reason: str
    meetings: int
    hours: float


@dataclass(frozen=True)
class ManagerSummary:
    """One manager's period in hours, from `first` (inclusive) to `last` (exclusive).

    partnerships: most hours first. hours: of all partnerships. diarised: all confirmed time. contracted:
    weekly hours less leave and public holidays. outside_working_hours: the part of the partnership hours
    outside working hours. private: hours of meetings of which only the times are known. questions: the
    longest of the unclear meetings, at most `MAX_QUESTIONS`. unclear_meetings: how many there are.
    unknown_categories: categories meant for calsync that the rules do not know, of any day that is read.
    non_partnership_activities: own activities of a pack of rules that count as no partnership time.
    """

    manager: Manager
    first: date
    last: date
    partnerships: tuple[PartnershipHours, ...]
    hours: Hours
    unconfirmed: Hours
    preparation: float
    travel: float
    outside_working_hours: float
    diarised: float
    contracted: float
    private: float
    excluded: tuple[ExcludedMeetings, ...]
    questions: tuple[Question, ...]
    unclear_meetings: int
    unknown_categories: tuple[UnknownCategory, ...] = ()
    non_partnership_activities: tuple[OwnActivity, ...] = ()

    @property
    def process(self) -> Bounds:
        """Hours of work on the partnerships themselves."""
        return activity_bounds(Activity.PROCESS, self.hours, self.unconfirmed)

    @property
    def improvement(self) -> Bounds:
        """Hours of work on a named service or group of service users."""
        return activity_bounds(Activity.SERVICE_IMPROVEMENT, self.hours, self.unconfirmed)

    @property
    def process_of_diarised(self) -> float | None:
        """Process as a share of the time in the calendar; None if there is none."""
        return self.process.estimate / self.diarised if self.diarised > 0 else None

    @property
    def process_of_contracted(self) -> float | None:
        """Process as a share of contracted time; None if there is none (leave all week)."""
        return self.process.estimate / self.contracted if self.contracted > 0 else None

    @property
    def displaced_days(self) -> float | None:
        """Process in the manager's own working days; None if the length of their day is unknown."""
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
    unknown_categories: Sequence[UnknownCategory] = (),
    zone: tzinfo | None = None,
) -> ManagerSummary:
    """Sum one manager's days from `first` (inclusive) to `last` (exclusive), in whole minutes that add up.

    Args:
        manager: Allocations of other managers are ignored.
        first: The first day.
        last: The day after the last; allocations of other days are ignored.
        meetings: The manager's meetings on these days.
        allocations: The minutes of these meetings.
        contracted_minutes: The sum over these days.
        partnerships: By id; an id that is missing is shown as it is.
        excluded: (meetings, hours) by reason.
        unknown_categories: Categories meant for calsync that the rules do not know, of any day.
        zone: The zone of the times of questions; without it they keep their own.
    """
    own = [a for a in allocations if a.manager_id == manager.id and first <= a.day < last]
    confirmed = [a for a in own if a.confirmed]
    shared = [a for a in confirmed if a.activity is not Activity.NONE]
    private_ids = {meeting.id for meeting in meetings if meeting.private}
    rows = _build_partnership_rows(shared, partnerships)
    hours = add_hours(row.hours for row in rows)
    questions = find_questions(meetings, shared, partnerships, zone, unclear_hours=hours.unclear)
    return ManagerSummary(
        manager=manager,
        first=first,
        last=last,
        partnerships=rows,
        hours=hours,
        unconfirmed=add_hours(hours_by_partnership(a for a in own if not a.confirmed).values()),
        preparation=fsum(row.preparation for row in rows),
        travel=fsum(row.travel for row in rows),
        outside_working_hours=round_to_minute(sum_allocated_hours(a for a in shared if not a.in_hours)),
        diarised=sum_allocated_hours(confirmed),
        contracted=contracted_minutes / 60,
        private=sum_allocated_hours(a for a in confirmed if a.meeting_id in private_ids),
        excluded=tuple(ExcludedMeetings(reason, *counted) for reason, counted in sorted(excluded.items())),
        questions=questions[:MAX_QUESTIONS],
        unclear_meetings=sum(question.meetings for question in questions),
        unknown_categories=tuple(
            UnknownCategory(
                unknown.meeting._replace(start=unknown.meeting.start.astimezone(zone)), unknown.category
            )
            for unknown in unknown_categories
        ),
        non_partnership_activities=hours_without_partnership(confirmed),
    )


def _build_partnership_rows(
    shared: Sequence[Allocation], partnerships: Mapping[str, Partnership]
) -> tuple[PartnershipHours, ...]:
    """One row for each partnership, most hours first; time that belongs to no partnership comes last."""
    rows = []
    for id_, hours in hours_by_partnership(shared).items():
        allocations = [a for a in shared if a.partnership == id_]
        minutes = _minutes_by_kind(allocations, round(hours.total * 60))
        rows.append(
            PartnershipHours(
                partnership=partnerships.get(id_) or Partnership(id_, id_),
                hours=hours,
                preparation=minutes[MeetingKind.PREPARATION] / 60,
                travel=minutes[MeetingKind.TRAVEL] / 60,
                meetings=len({a.meeting_id for a in allocations if a.kind is MeetingKind.MEETING}),
            )
        )
    return tuple(sorted(rows, key=lambda row: (not row.partnership.id, -row.hours.total, row.partnership.id)))


def _minutes_by_kind(allocations: Iterable[Allocation], total: int) -> dict[MeetingKind, int]:
    """Return whole minutes by kind that add up to the total.

    Rounded by themselves, 7.5 minutes of preparation and 7.5 of travel would be 16 minutes in all.
    """
    exact = dict.fromkeys((MeetingKind.PREPARATION, MeetingKind.TRAVEL, MeetingKind.MEETING), 0.0)
    for allocation in allocations:
        exact[allocation.kind] += allocation.minutes
    return round_parts(exact, total)
