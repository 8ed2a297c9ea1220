"""What one manager is told about one period: built from values, changed by nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import cached_property

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, Kind
from calsync.model.meeting import Meeting
from calsync.model.people import Manager, Partnership
from calsync.reports.hours import Bounds, Hours, bounds, by_activity, hours_of
from calsync.reports.questions import Question, questions_of


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
class Excluded:
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
    excluded: tuple[Excluded, ...]
    questions: tuple[Question, ...]
    unclear_meetings: int

    @cached_property
    def process(self) -> Bounds:
        """Hours that sustained the partnerships themselves."""
        return bounds(Activity.PROCESS, self.hours, self.unconfirmed)

    @cached_property
    def improvement(self) -> Bounds:
        """Hours of work on a named service or group of service users."""
        return bounds(Activity.SERVICE_IMPROVEMENT, self.hours, self.unconfirmed)

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
    zone: tzinfo | None = None,
) -> ManagerSummary:
    """Sum one manager's days from `first` (inclusive) to `last` (exclusive).

    Allocations of other managers or days are left aside. excluded: (meetings, hours) by reason.
    zone: for the times of questions; without it they keep their own.
    """
    mine = [a for a in allocations if a.manager_id == manager.id and first <= a.day < last]
    confirmed = [a for a in mine if a.confirmed]
    shared = [a for a in confirmed if a.activity is not Activity.NONE]
    hidden = {meeting.id for meeting in meetings if meeting.private}
    questions = questions_of(meetings, shared, partnerships, zone)
    return ManagerSummary(
        manager=manager,
        first=first,
        last=last,
        partnerships=_by_partnership(shared, partnerships),
        hours=by_activity(shared),
        unconfirmed=by_activity(a for a in mine if not a.confirmed),
        preparation=_hours_as(Kind.PREPARATION, shared),
        travel=_hours_as(Kind.TRAVEL, shared),
        outside=hours_of(a for a in shared if not a.in_hours),
        diarised=hours_of(confirmed),
        contracted=contracted_minutes / 60,
        private=hours_of(a for a in confirmed if a.meeting_id in hidden),
        excluded=tuple(Excluded(reason, *counted) for reason, counted in sorted(excluded.items())),
        questions=questions[:5],
        unclear_meetings=sum(question.meetings for question in questions),
    )


def _by_partnership(
    shared: Sequence[Allocation], partnerships: Mapping[str, Partnership]
) -> tuple[PartnershipHours, ...]:
    ids = sorted({a.partnership for a in shared})
    rows = [_row(partnerships.get(id_) or Partnership(id_, id_), shared) for id_ in ids]
    # Work that no partnership owns stands last, however long it took.
    return tuple(sorted(rows, key=lambda row: (not row.partnership.id, -row.hours.total, row.partnership.id)))


def _row(partnership: Partnership, shared: Sequence[Allocation]) -> PartnershipHours:
    own = [a for a in shared if a.partnership == partnership.id]
    return PartnershipHours(
        partnership,
        by_activity(own),
        _hours_as(Kind.PREPARATION, own),
        _hours_as(Kind.TRAVEL, own),
        len({a.meeting_id for a in own if a.kind is Kind.MEETING}),
    )


def _hours_as(kind: Kind, allocations: Iterable[Allocation]) -> float:
    return hours_of(a for a in allocations if a.kind is kind)
