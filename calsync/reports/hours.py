"""Hours by activity for a manager's summary, and the bounds that follow from them.

A mail shows whole minutes, and its parts must add up to its totals. So minutes are rounded once, where
they are summed, and every total is the sum of rounded parts.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from math import fsum
from typing import NamedTuple, TypeVar

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity

Key = TypeVar("Key", bound=Hashable)

ACTIVITIES = (
    Activity.PROCESS,
    Activity.SERVICE_IMPROVEMENT,
    Activity.MIXED,
    Activity.OPERATIONAL,
    Activity.UNCLEAR,
)


@dataclass(frozen=True, slots=True)
class OwnActivity:
    """The hours of an activity that a pack of rules defines.

    label: its own name. activity: the activity that it counts as, the hours of which include these.
    """

    activity: Activity
    label: str
    hours: float


@dataclass(frozen=True, slots=True)
class Hours:
    """Partnership hours by activity.

    own_activities: the parts that have a name of their own, most hours first.
    """

    process: float = 0.0
    service_improvement: float = 0.0
    mixed: float = 0.0
    operational: float = 0.0
    unclear: float = 0.0
    own_activities: tuple[OwnActivity, ...] = ()

    def own_activities_of(self, activity: str) -> tuple[OwnActivity, ...]:
        """The own activities that count as this one."""
        return tuple(own for own in self.own_activities if own.activity == activity)

    @property
    def total(self) -> float:
        """The sum over all activities."""
        return fsum(self.parts)

    @property
    def parts(self) -> tuple[float, ...]:
        """The hours in the order of `ACTIVITIES`."""
        return tuple(getattr(self, activity.value) for activity in ACTIVITIES)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower bound, estimate and upper bound, in hours."""

    low: float
    estimate: float
    high: float

    @property
    def is_exact(self) -> bool:
        """Whether both bounds are the same to the minute."""
        return round(self.low * 60) == round(self.high * 60)


def activity_bounds(activity: Activity, confirmed: Hours, unconfirmed: Hours) -> Bounds:
    """Return the bounds of process or of service improvement.

    The lower bound is the confirmed time with that label. The estimate adds half of the mixed time. The upper
    bound adds all mixed and unclear time to the lower one, and the unconfirmed time that has this label or
    may yet get it.
    """
    low = getattr(confirmed, activity.value)
    may_belong = confirmed.mixed + confirmed.unclear
    pending = getattr(unconfirmed, activity.value) + unconfirmed.mixed + unconfirmed.unclear
    mixed_minutes = round(confirmed.mixed * 60)
    # Of an odd number of minutes, process gets one more, so that both halves are whole and add up.
    half = mixed_minutes // 2 + (mixed_minutes % 2 if activity is Activity.PROCESS else 0)
    return Bounds(low, low + half / 60, low + may_belong + pending)


def sum_allocated_hours(allocations: Iterable[Allocation]) -> float:
    """Return the allocated time in hours."""
    return fsum(allocation.minutes for allocation in allocations) / 60


def round_parts(parts: Mapping[Key, float], total: int | None = None) -> dict[Key, int]:
    """Round parts to whole numbers that add up to the total.

    The largest remainders are rounded up (Hamilton's method); of equal ones the first given.

    Args:
        parts: The exact values, none of them negative.
        total: By default the rounded sum of the parts; then each part is within 1 of its exact value. A
            caller that has rounded the total with other figures gives it; it may be a few minutes off.
    """
    whole = {key: int(part) for key, part in parts.items()}
    missing = (round(fsum(parts.values())) if total is None else total) - sum(whole.values())
    # Rounded, because floating-point remainders that are equal may differ in the last bit.
    by_remainder = sorted(parts, key=lambda key: round(whole[key] - parts[key], 9))
    # A part of 0 is not lowered further.
    step, keys = (1, by_remainder) if missing > 0 else (-1, [key for key in by_remainder[::-1] if whole[key]])
    for key in islice(cycle(keys), abs(missing) if parts else 0):
        whole[key] += step
    return whole


def hours_by_partnership(allocations: Iterable[Allocation]) -> dict[str, Hours]:
    """Return the allocated time by partnership id and activity, in whole minutes; `none` is left out.

    All cells are rounded together, so that rows, columns and the total add up.
    """
    cells: dict[_HoursCell, float] = {}
    for allocation in sorted(allocations, key=lambda a: (a.partnership, a.activity, a.label)):
        if allocation.activity in ACTIVITIES:
            cell = _HoursCell(allocation.partnership, allocation.activity, allocation.label)
            cells[cell] = cells.get(cell, 0.0) + allocation.minutes
    minutes = round_parts(cells)
    return {
        partnership: _hours_of_cells(
            {cell: whole for cell, whole in minutes.items() if cell.partnership == partnership}
        )
        for partnership in dict.fromkeys(cell.partnership for cell in cells)
    }


class _HoursCell(NamedTuple):
    partnership: str
    activity: Activity
    label: str


def _hours_of_cells(minutes: Mapping[_HoursCell, int]) -> Hours:
    by_activity = dict.fromkeys(ACTIVITIES, 0)
    for cell, whole in minutes.items():
        by_activity[cell.activity] += whole
    return Hours(
        **{activity.value: whole / 60 for activity, whole in by_activity.items()},
        own_activities=_sort_by_hours(
            OwnActivity(cell.activity, cell.label, whole / 60)
            for cell, whole in minutes.items()
            if cell.label
        ),
    )


def _sort_by_hours(activities: Iterable[OwnActivity]) -> tuple[OwnActivity, ...]:
    """The activities with any hours, most hours first."""
    with_hours = (activity for activity in activities if activity.hours > 0)
    return tuple(sorted(with_hours, key=lambda own: (-own.hours, own.label, own.activity)))


def add_hours(several: Iterable[Hours]) -> Hours:
    """Return the sum, activity by activity and label by label."""
    summands = tuple(several)
    parts_by_label: dict[tuple[Activity, str], list[float]] = {}
    for part in (part for hours in summands for part in hours.own_activities):
        parts_by_label.setdefault((part.activity, part.label), []).append(part.hours)
    return Hours(
        **{a.value: fsum(getattr(hours, a.value) for hours in summands) for a in ACTIVITIES},
        own_activities=_sort_by_hours(
            OwnActivity(activity, label, fsum(parts)) for (activity, label), parts in parts_by_label.items()
        ),
    )


def hours_without_partnership(allocations: Iterable[Allocation]) -> tuple[OwnActivity, ...]:
    """Return the own activities that count as no partnership time, each rounded to the minute."""
    minutes: dict[str, list[float]] = {}
    for allocation in allocations:
        if allocation.activity is Activity.NONE and allocation.label:
            minutes.setdefault(allocation.label, []).append(allocation.minutes)
    return _sort_by_hours(
        OwnActivity(Activity.NONE, label, round(fsum(parts)) / 60) for label, parts in minutes.items()
    )


def round_to_minute(hours: float) -> float:
    """Return the hours rounded to the minute."""
    return round(hours * 60) / 60
