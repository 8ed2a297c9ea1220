"""Decides which meetings count as time, and why others do not (docs/managers/counting.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from calsync.analysis.worktime import Leave, WorkingTime
from calsync.model.classification import Scope
from calsync.model.meeting import Meeting
from calsync.model.occurrence import Response, ShowAs, Status
from calsync.model.people import Manager
from calsync.model.span import Span


class CountingStatus(StrEnum):
    """How a meeting counts."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    EXCLUDED = "excluded"


class NotCountedReason(StrEnum):
    """Why a meeting is not confirmed time; the first that applies, in this order, is given."""

    CANCELLED = "cancelled"
    DECLINED = "declined"
    FREE = "free"
    OUT_OF_OFFICE = "out_of_office"
    ELSEWHERE = "elsewhere"
    ZERO_LENGTH = "zero_length"
    ALL_DAY = "all_day"
    TENTATIVE = "tentative"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class CountingDecision:
    """The counting status of one meeting; reason is None only if it is confirmed."""

    status: CountingStatus
    reason: NotCountedReason | None = None


CONFIRMED = CountingDecision(CountingStatus.CONFIRMED)
_EXCLUDED = {reason: CountingDecision(CountingStatus.EXCLUDED, reason) for reason in NotCountedReason}
_UNCONFIRMED = {reason: CountingDecision(CountingStatus.UNCONFIRMED, reason) for reason in NotCountedReason}
_NOT_BUSY = {
    ShowAs.FREE: NotCountedReason.FREE,
    ShowAs.OUT_OF_OFFICE: NotCountedReason.OUT_OF_OFFICE,
    ShowAs.ELSEWHERE: NotCountedReason.ELSEWHERE,
}


def decide_counting(meeting: Meeting) -> CountingDecision:
    """Decide whether a meeting is confirmed, unconfirmed or excluded, and why.

    The title is not used, because it may not be stored. A title such as "Canceled: …" has already set the
    status to cancelled (`calsync.model.occurrence.normalise_occurrence`).
    """
    if (reason := _exclusion_reason(meeting)) is not None:
        return _EXCLUDED[reason]
    if (reason := _unconfirmed_reason(meeting)) is not None:
        return _UNCONFIRMED[reason]
    return CONFIRMED


def _exclusion_reason(meeting: Meeting) -> NotCountedReason | None:
    if meeting.status is Status.CANCELLED:
        return NotCountedReason.CANCELLED
    if meeting.response is Response.DECLINED:
        return NotCountedReason.DECLINED
    if meeting.show_as in _NOT_BUSY:
        return _NOT_BUSY[meeting.show_as]
    # Python compares datetimes of one zone by their wall-clock times, so the two 01:30s of the night in
    # October on which the clocks change are equal; their UTC offsets differ.
    if meeting.start == meeting.end and meeting.start.utcoffset() == meeting.end.utcoffset():
        return NotCountedReason.ZERO_LENGTH
    return NotCountedReason.ALL_DAY if meeting.all_day and not _takes_working_days(meeting) else None


def _takes_working_days(meeting: Meeting) -> bool:
    """Whether an all-day meeting counts: it is shown as busy and is between agencies."""
    inter_agency = meeting.classification.scope is Scope.INTER_AGENCY
    return meeting.show_as is ShowAs.BUSY and inter_agency and not meeting.private


def _unconfirmed_reason(meeting: Meeting) -> NotCountedReason | None:
    if (
        meeting.status is Status.TENTATIVE
        or meeting.show_as is ShowAs.TENTATIVE
        or meeting.response is Response.TENTATIVE
    ):
        return NotCountedReason.TENTATIVE
    return NotCountedReason.UNANSWERED if meeting.response is Response.UNANSWERED else None


def all_day_working_spans(
    meeting: Meeting, manager: Manager, leave: Leave, worktime: WorkingTime, period: Span
) -> list[Span]:
    """Return the time that a counted all-day meeting takes in a period, as disjoint spans in order.

    It is the manager's hours a day from `day_start` on, on each of their working days that the meeting
    covers; public holidays and leave are left out.
    """
    covered = meeting.span.intersection(worktime.around(period))
    days = worktime.whole_days(covered) if covered is not None else ()
    due = (day for day in days if day not in leave.days and worktime.is_working(manager, day))
    spans = (worktime.hours_from_start(day, manager.hours_per_day) for day in due)
    return [cut for span in spans if (cut := span.intersection(period)) is not None]


def sum_exclusions(meetings: Iterable[Meeting], period: Span) -> dict[NotCountedReason, tuple[int, float]]:
    """Sum the excluded meetings of a period: (meetings, hours) by reason, sorted by reason.

    Hours are those of the timed meetings within the period. Meetings that overlap are summed in full, and
    all-day meetings count 0 hours.
    """
    sums: dict[NotCountedReason, tuple[int, float]] = {}
    for meeting in meetings:
        decision = decide_counting(meeting)
        if decision.status is CountingStatus.EXCLUDED and decision.reason and meeting.span.overlaps(period):
            number, hours = sums.get(decision.reason, (0, 0.0))
            sums[decision.reason] = (number + 1, hours + _timed_hours(meeting, period))
    return dict(sorted(sums.items()))


def _timed_hours(meeting: Meeting, period: Span) -> float:
    cut = None if meeting.all_day else meeting.span.intersection(period)
    return cut.duration.total_seconds() / 3600 if cut is not None else 0.0
