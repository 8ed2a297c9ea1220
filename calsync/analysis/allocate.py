"""Allocates a manager's minutes to meetings; each minute is counted once.

In every local day the confirmed minutes add up to the union of the confirmed spans, and all minutes
to the union of all counted spans.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from calsync.analysis.counting import CountingStatus, all_day_working_spans, decide_counting
from calsync.analysis.sharing import (
    PARTS_PER_MINUTE,
    EqualShares,
    Interval,
    Share,
    TickRange,
    span_to_ticks,
    to_ticks,
)
from calsync.analysis.travel import Itinerary, TravelStop, is_destination
from calsync.analysis.worktime import (
    DAY,
    Leave,
    WorkingTime,
    clip_to_service,
    find_leave,
    scheduled_hours,
    working_spans,
)
from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, Classification, MeetingKind
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.span import Span

FRAME_COLUMNS = Allocation._fields


class _ActivityPortion(NamedTuple):
    """The part of a meeting's time that goes to a partnership and an activity: a fraction of two integers."""

    partnership: str
    activity: Activity
    numerator: int
    denominator: int


class _CountedMeeting(NamedTuple):
    """A meeting that counts, whether it is confirmed, and the time that it takes."""

    meeting: Meeting
    confirmed: bool
    stretches: Sequence[TickRange]


class _CountedPart(NamedTuple):
    """A counted meeting's time in the period, and what its allocations contain."""

    meeting_id: str
    confirmed: bool
    stretches: Sequence[TickRange]
    kind: MeetingKind
    label: str
    portions: Sequence[_ActivityPortion]


class _DayPiece(NamedTuple):
    """The piece of a part's time that lies in one local day."""

    day: date
    stretch: TickRange
    part: _CountedPart


def allocate(
    manager: Manager, meetings: Iterable[Meeting], worktime: WorkingTime, period: Span
) -> list[Allocation]:
    """Allocate the minutes of a period to one manager's meetings, by day, meeting and activity.

    A double booking is shared equally; unconfirmed meetings share only what no confirmed one covers. Minutes
    are elapsed time, so a day on which the clocks change has 23 or 25 hours. Nothing is allocated before the
    manager started or after they left.

    Args:
        manager: Whose time is allocated.
        meetings: All meetings of the manager's calendars that overlap the period, in any order, including
            excluded ones and leave.
        worktime: Its zone defines the local days.
        period: The time that is allocated.

    Returns:
        The allocations, sorted by the start of the time they are about, then by meeting id.
    """
    service_period = clip_to_service(manager, worktime, period)
    if service_period is None:
        return []
    parts, hours = _count_parts(manager, tuple(meetings), worktime, service_period)
    days = _DayBounds(worktime, service_period)
    pieces = [
        _DayPiece(day, piece, part)
        for part in parts
        for stretch in part.stretches
        for day, piece in days.divide(stretch)
    ]
    pieces.sort(key=lambda piece: (piece.stretch, piece.part.meeting_id))
    # A stretch that is cut at midnight gets the same minutes as one that is not.
    equal_shares = EqualShares((Interval(piece.stretch, piece.part.confirmed) for piece in pieces), hours)
    return [
        allocation
        for day, stretch, part in pieces
        for allocation in _allocate_part(
            manager.id, day, part, equal_shares.shares_of_range(stretch, part.confirmed)
        )
    ]


def allocations_frame(allocations: Iterable[Allocation]) -> pd.DataFrame:
    """Return allocations as a table with one column per field; `day` has dates, names are text."""
    rows = [[str(v) if isinstance(v, StrEnum) else v for v in a] for a in allocations]
    return pd.DataFrame(rows, columns=list(FRAME_COLUMNS)).astype(_TYPES)


_TYPES = {
    **dict.fromkeys(("manager_id", "meeting_id", "partnership", "activity", "kind", "label"), "str"),
    **dict.fromkeys(("confirmed", "in_hours"), "bool"),
    "minutes": "float64",
}


def _count_parts(
    manager: Manager, meetings: Sequence[Meeting], worktime: WorkingTime, period: Span
) -> tuple[list[_CountedPart], Sequence[TickRange]]:
    # One day more on either side: travel may lead to a meeting beyond the edge of the period.
    wide = worktime.around(Span(period.start - DAY, period.end + DAY))
    leave = find_leave(meetings, worktime, wide)
    counted = _find_counted(manager, meetings, leave, worktime, wide)
    itinerary = Itinerary(
        TravelStop(stretch, confirmed, meeting.classification)
        for meeting, confirmed, stretches in counted
        if is_destination(meeting.classification)
        for stretch in stretches
    )
    bounds = span_to_ticks(period)
    portions_by_id: dict[int, tuple[Classification, Sequence[_ActivityPortion]]] = {}
    parts = []
    for meeting, confirmed, stretches in counted:
        if inside := _clip_stretches(stretches, bounds):
            classification = meeting.classification
            if classification.kind is MeetingKind.TRAVEL:
                classification = itinerary.classify_travel(
                    TravelStop(stretches[0], confirmed, classification)
                )
            # The meetings of a series have one classification object, which is split once. The dictionary
            # also holds the object itself, so that its id is not used again.
            if id(classification) not in portions_by_id:
                portions_by_id[id(classification)] = (
                    classification,
                    tuple(_split_into_portions(classification)),
                )
            _, portions = portions_by_id[id(classification)]
            parts.append(
                _CountedPart(
                    meeting.id, confirmed, inside, classification.kind, classification.label, portions
                )
            )
    return parts, _working_hours(manager, leave, worktime, wide)


def _working_hours(manager: Manager, leave: Leave, worktime: WorkingTime, wide: Span) -> Sequence[TickRange]:
    if leave == Leave():
        return _usual_hours(worktime, manager.working_days, wide)
    return [span_to_ticks(span) for span in working_spans(manager, leave, worktime, wide)]


@lru_cache(maxsize=64)
def _usual_hours(worktime: WorkingTime, weekdays: tuple[int, ...], wide: Span) -> tuple[TickRange, ...]:
    return tuple(span_to_ticks(hours) for _, hours in scheduled_hours(worktime, weekdays, wide))


def _find_counted(
    manager: Manager, meetings: Sequence[Meeting], leave: Leave, worktime: WorkingTime, wide: Span
) -> list[_CountedMeeting]:
    counted = []
    bounds = span_to_ticks(wide)
    for meeting in meetings:
        status = decide_counting(meeting).status
        if status is CountingStatus.EXCLUDED:
            continue
        stretches: Sequence[TickRange]
        if meeting.all_day:
            stretches = [
                span_to_ticks(span) for span in all_day_working_spans(meeting, manager, leave, worktime, wide)
            ]
        else:
            stretches = (TickRange(to_ticks(meeting.start), to_ticks(meeting.end)),)
        if inside := _clip_stretches(stretches, bounds):
            counted.append(_CountedMeeting(meeting, status is CountingStatus.CONFIRMED, inside))
    return counted


def _clip_stretches(stretches: Sequence[TickRange], bounds: TickRange) -> Sequence[TickRange]:
    first, last = bounds
    for start, end in stretches:
        if not first <= start < end <= last:
            break
    else:
        return stretches
    cuts = [TickRange(max(start, first), min(end, last)) for start, end in stretches]
    return [cut for cut in cuts if cut.start < cut.end]


class _DayBounds:
    """The local days of a period, to divide stretches at their midnights."""

    def __init__(self, worktime: WorkingTime, period: Span) -> None:
        first, last = worktime.day_of(period.start), worktime.day_of(period.end)
        self._days, self._starts = _days_of(worktime, first, last + DAY)

    def divide(self, stretch: TickRange) -> list[tuple[date, TickRange]]:
        """Return each day that the stretch touches, with the piece of the stretch in it."""
        start, end = stretch
        index = bisect_right(self._starts, start)
        pieces = []
        while (midnight := self._starts[index]) < end:
            pieces.append((self._days[index - 1], TickRange(start, midnight)))
            start, index = midnight, index + 1
        pieces.append((self._days[index - 1], TickRange(start, end)))
        return pieces


@lru_cache(maxsize=64)
def _days_of(worktime: WorkingTime, first: date, last: date) -> tuple[tuple[date, ...], tuple[int, ...]]:
    """The days from `first` to `last` (inclusive) and their midnights; cached for all managers."""
    days = tuple(first + DAY * n for n in range((last - first).days + 1))
    return days, tuple(to_ticks(worktime.midnight(day)) for day in days)


def _allocate_part(
    manager_id: str, day: date, part: _CountedPart, shares: tuple[Share, Share]
) -> Iterator[Allocation]:
    """Yield a part's allocations of one day. shares: in working hours, and outside."""
    for in_hours, share in zip((True, False), shares, strict=True):
        if share:
            for partnership, activity, numerator, denominator in part.portions:
                if minutes := float(share * numerator / (denominator * PARTS_PER_MINUTE)):
                    yield Allocation(
                        manager_id=manager_id,
                        day=day,
                        meeting_id=part.meeting_id,
                        partnership=partnership,
                        activity=activity,
                        kind=part.kind,
                        confirmed=part.confirmed,
                        in_hours=in_hours,
                        minutes=minutes,
                        label=part.label,
                    )


def _split_into_portions(classification: Classification) -> Iterator[_ActivityPortion]:
    # Several partnerships are a true tie and share the time equally.
    partnerships = classification.partnerships or ("",)
    for partnership in partnerships:
        for activity, part in _split_activity(classification):
            yield _ActivityPortion(
                partnership, activity, part.numerator, part.denominator * len(partnerships)
            )


def _split_activity(classification: Classification) -> tuple[tuple[Activity, Fraction], ...]:
    process = classification.process_share
    if classification.activity is not Activity.MIXED or process is None:
        return ((classification.activity, Fraction(1)),)
    return ((Activity.PROCESS, process), (Activity.SERVICE_IMPROVEMENT, 1 - process))
