"""Minutes to meetings: one person-minute is spent once.

In every local day the confirmed minutes add up to the union of the confirmed spans, and all minutes
to the union of all counted spans.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

import pandas as pd

from calsync.analysis.counting import Standing, count, working_days
from calsync.analysis.sharing import PARTS_A_MINUTE, Claim, Share, Shares, Ticks, ticks, ticks_of
from calsync.analysis.travel import Itinerary, Stop
from calsync.analysis.worktime import DAY, Leave, WorkingTime, at_work, leave_of
from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, Classification
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.span import Span

FRAME_COLUMNS = Allocation._fields


class _Part(NamedTuple):
    """A counted meeting's time in the period, under the verdict by which it is entered."""

    meeting: Meeting
    confirmed: bool
    stretches: tuple[Ticks, ...]
    verdict: Classification


def allocate(
    manager: Manager, meetings: Iterable[Meeting], worktime: WorkingTime, period: Span
) -> list[Allocation]:
    """Put the minutes of a period on one manager's meetings, by day, meeting and activity.

    meetings: everything in the manager's calendars that overlaps the period, in any order, with the
    excluded ones and leave. A double booking is shared equally; unconfirmed meetings share only what
    no confirmed one covers. Days are those of `worktime.zone`; minutes are real ones, so that a day
    on which the clocks change has 23 or 25 hours. Sorted by day, then the meeting's start and id.
    """
    parts, hours = _parts(manager, tuple(meetings), worktime, period)
    days = _Days(worktime, period)
    cells = [
        (*piece, part.meeting.id, day, part)
        for part in parts
        for stretch in part.stretches
        for day, piece in days.divided(stretch)
    ]
    cells.sort(key=_IN_ORDER)
    claims = (Claim(stretch, part.confirmed) for part in parts for stretch in part.stretches)
    shares = Shares(claims, (start for start, *_ in cells), hours)
    return [
        allocation
        for start, end, _, day, part in cells
        for allocation in _entered(manager.id, day, part, shares.of((start, end), part.confirmed))
    ]


_IN_ORDER = itemgetter(0, 1, 2)


def allocations_frame(allocations: Iterable[Allocation]) -> pd.DataFrame:
    """Allocations as a table with one column per field; `day` holds dates, names are text."""
    rows = [[str(v) if isinstance(v, StrEnum) else v for v in a] for a in allocations]
    return pd.DataFrame(rows, columns=list(FRAME_COLUMNS)).astype(_TYPES)


_TYPES = {
    **dict.fromkeys(("manager_id", "meeting_id", "partnership", "activity", "kind"), "str"),
    **dict.fromkeys(("confirmed", "in_hours"), "bool"),
    "minutes": "float64",
}


def _parts(
    manager: Manager, meetings: Sequence[Meeting], worktime: WorkingTime, period: Span
) -> tuple[list[_Part], list[Ticks]]:
    # A day more on either side: travel may lead to a meeting beyond the period's edge.
    wide = worktime.around(Span(period.start - DAY, period.end + DAY))
    leave = leave_of(meetings, worktime, wide)
    stops = _stops(manager, meetings, leave, worktime, wide)
    itinerary = Itinerary(stop for _, stops_of in stops for stop in stops_of)
    bounds = ticks_of(period)
    parts = [
        _Part(meeting, stops_of[0].confirmed, tuple(inside), itinerary.verdict_of(stops_of[0]))
        for meeting, stops_of in stops
        if (inside := _cut([stop.stretch for stop in stops_of], bounds))
    ]
    return parts, [ticks_of(span) for span in at_work(manager, leave, worktime, wide)]


def _stops(
    manager: Manager, meetings: Sequence[Meeting], leave: Leave, worktime: WorkingTime, wide: Span
) -> list[tuple[Meeting, list[Stop]]]:
    stops = []
    bounds = ticks_of(wide)
    for meeting in meetings:
        standing = count(meeting).standing
        if standing is Standing.EXCLUDED:
            continue
        if meeting.all_day:
            days = working_days(meeting, manager, leave, worktime, wide)
            stretches = [ticks_of(span) for span in days]
        else:
            stretches = [(ticks(meeting.start), ticks(meeting.end))]
        if inside := _cut(stretches, bounds):
            confirmed = standing is Standing.CONFIRMED
            stops.append((meeting, [Stop(stretch, confirmed, meeting.verdict) for stretch in inside]))
    return stops


def _cut(stretches: Sequence[Ticks], bounds: Ticks) -> Sequence[Ticks]:
    first, last = bounds
    if all(first <= start < end <= last for start, end in stretches):
        return stretches
    cuts = [(max(start, first), min(end, last)) for start, end in stretches]
    return [(start, end) for start, end in cuts if start < end]


class _Days:
    """The local days of a period, to divide stretches at their midnights."""

    def __init__(self, worktime: WorkingTime, period: Span) -> None:
        self._first = worktime.day_of(period.start)
        last = worktime.day_of(period.end) + DAY
        self._starts = _day_starts(worktime, self._first, last)

    def divided(self, stretch: Ticks) -> Iterator[tuple[date, Ticks]]:
        """Each day that the stretch touches, with what lies in it."""
        start, end = stretch
        place = bisect_right(self._starts, start)
        while (midnight := self._starts[place]) < end:
            yield self._first + DAY * (place - 1), (start, midnight)
            start, place = midnight, place + 1
        yield self._first + DAY * (place - 1), (start, end)


@lru_cache(maxsize=64)
def _day_starts(worktime: WorkingTime, first: date, last: date) -> tuple[int, ...]:
    """The midnights from `first` to `last` (inclusive): the same for all managers."""
    return tuple(ticks(worktime.midnight(first + DAY * n)) for n in range((last - first).days + 1))


def _entered(manager_id: str, day: date, part: _Part, shares: tuple[Share, Share]) -> Iterator[Allocation]:
    """A part's allocations of one day. shares: in working hours, and outside."""
    verdict = part.verdict
    for in_hours, share in zip((True, False), shares, strict=True):
        if not share:
            continue
        for partnership, activity, portion in _portions(verdict):
            if minutes := float(share * portion / PARTS_A_MINUTE):
                yield Allocation(
                    manager_id,
                    day,
                    part.meeting.id,
                    partnership,
                    activity,
                    verdict.kind,
                    part.confirmed,
                    in_hours,
                    minutes,
                )


def _portions(verdict: Classification) -> Iterator[tuple[str, Activity, int | Fraction]]:
    partnerships = verdict.partnerships or ("",)
    for partnership in partnerships:
        for activity, portion in _activities(verdict):
            whole = len(partnerships) == 1
            yield partnership, activity, portion if whole else Fraction(portion) / len(partnerships)


def _activities(verdict: Classification) -> tuple[tuple[Activity, int | Fraction], ...]:
    process = verdict.process_share
    if verdict.activity is not Activity.MIXED or process is None:
        return ((verdict.activity, 1),)
    return ((Activity.PROCESS, process), (Activity.SERVICE_IMPROVEMENT, 1 - process))
