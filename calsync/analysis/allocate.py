"""Minutes to meetings: one person-minute is spent once.

In every local day the confirmed minutes add up to the union of the confirmed spans, and all minutes
to the union of all counted spans.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import islice, takewhile

import pandas as pd

from calsync.analysis.counting import Standing, count, working_days
from calsync.analysis.sharing import PARTS_A_MINUTE, Claim, Shares, Ticks, moment, ticks, ticks_of
from calsync.analysis.travel import Itinerary, Stop
from calsync.analysis.worktime import DAY, Leave, WorkingTime, at_work, leave_of
from calsync.model.allocation import Allocation
from calsync.model.classification import Activity, Classification
from calsync.model.meeting import Meeting
from calsync.model.people import Manager
from calsync.model.span import Span

FRAME_COLUMNS = tuple(field.name for field in fields(Allocation))


@dataclass(frozen=True, slots=True)
class _Part:
    """A counted meeting's time in the period, under the verdict by which it is entered."""

    meeting: Meeting
    confirmed: bool
    stretches: tuple[Ticks, ...]
    verdict: Classification


@dataclass(frozen=True, slots=True)
class _Day:
    """A local day, midnight to midnight."""

    date: date
    stretch: Ticks


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
    claims = [Claim(stretch, part.confirmed) for part in parts for stretch in part.stretches]
    days = _days([claim.stretch for claim in claims], worktime)
    shares = Shares(claims, {instant for day in days for instant in day.stretch}, hours)
    cells = [
        (day.date, part, (max(start, day.stretch[0]), min(end, day.stretch[1])))
        for part in parts
        for start, end in part.stretches
        for day in _touched(days, start, end)
    ]
    cells.sort(key=lambda cell: (cell[0], *cell[2], cell[1].meeting.id))
    return [row for cell in cells for row in _rows(manager, *cell, shares)]


def allocations_frame(allocations: Iterable[Allocation]) -> pd.DataFrame:
    """Allocations as a table with one column per field; `day` holds dates, names are text."""
    rows = [[str(v) if isinstance(v, StrEnum) else v for v in _values(a)] for a in allocations]
    return pd.DataFrame(rows, columns=list(FRAME_COLUMNS)).astype(_TYPES)


_TYPES = {
    **dict.fromkeys(("manager_id", "meeting_id", "partnership", "activity", "kind"), "str"),
    **dict.fromkeys(("confirmed", "in_hours"), "bool"),
    "minutes": "float64",
}


def _values(allocation: Allocation) -> Iterator[object]:
    return (getattr(allocation, name) for name in FRAME_COLUMNS)


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


def _days(stretches: Sequence[Ticks], worktime: WorkingTime) -> list[_Day]:
    if not stretches:
        return []
    first, last = min(start for start, _ in stretches), max(end for _, end in stretches)
    dates = worktime.days(Span(moment(first), moment(last)))
    return [_Day(day, (ticks(worktime.midnight(day)), ticks(worktime.midnight(day + DAY)))) for day in dates]


def _touched(days: Sequence[_Day], start: int, end: int) -> Iterator[_Day]:
    place = bisect_right(days, start, key=lambda day: day.stretch[0]) - 1
    return takewhile(lambda day: day.stretch[0] < end, islice(days, place, None))


def _rows(manager: Manager, day: date, part: _Part, stretch: Ticks, shares: Shares) -> Iterator[Allocation]:
    for in_hours in (True, False):
        share = shares.of(stretch, confirmed=part.confirmed, in_hours=in_hours)
        if not share:
            continue
        for partnership, activity, portion in _portions(part.verdict):
            if minutes := float(share * portion / PARTS_A_MINUTE):
                yield Allocation(
                    manager.id,
                    day,
                    part.meeting.id,
                    partnership,
                    activity,
                    part.verdict.kind,
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
