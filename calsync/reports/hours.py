"""Hours by activity, and the bounds that follow from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum

from calsync.model.allocation import Allocation
from calsync.model.classification import Activity

ACTIVITIES = (
    Activity.PROCESS,
    Activity.SERVICE_IMPROVEMENT,
    Activity.MIXED,
    Activity.OPERATIONAL,
    Activity.UNCLEAR,
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Partnership hours by what was done in them."""

    process: float = 0.0
    service_improvement: float = 0.0
    mixed: float = 0.0
    operational: float = 0.0
    unclear: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return fsum(self.parts)

    @property
    def parts(self) -> tuple[float, ...]:
        """The hours in the order of `ACTIVITIES`."""
        return tuple(getattr(self, activity.value) for activity in ACTIVITIES)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is certain at least, what is thought likely, what is possible at most (hours)."""

    low: float
    estimate: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether nothing is open, to the minute."""
        return round(self.low * 60) == round(self.high * 60)


def bounds(activity: Activity, confirmed: Hours, unconfirmed: Hours) -> Bounds:
    """Bounds of process or of service improvement.

    low: confirmed time with that label. estimate: plus half of mixed. high: plus all of mixed and
    unclear, and the unconfirmed time that has this label or may yet get it.
    """
    low = getattr(confirmed, activity.value)
    doubtful = confirmed.mixed + confirmed.unclear
    pending = getattr(unconfirmed, activity.value) + unconfirmed.mixed + unconfirmed.unclear
    return Bounds(low, low + confirmed.mixed / 2, low + doubtful + pending)


def hours_of(allocations: Iterable[Allocation]) -> float:
    """The allocated time in hours."""
    return fsum(allocation.minutes for allocation in allocations) / 60


def by_activity(allocations: Iterable[Allocation]) -> Hours:
    """The allocated time by activity; `none` is no partnership time and left out."""
    held = tuple(allocations)
    return Hours(**{a.value: hours_of(x for x in held if x.activity is a) for a in ACTIVITIES})
