"""Double bookings: every instant shared equally among the meetings that cover it, exactly.

One sweep over the bounds of all spans. While n meetings run, each gets 1/n of the time; so a running
total of (time / n) is kept, and a meeting's share is the total at its end less the total at its
start. That is O(n log n) whatever overlaps, where asking every meeting about every instant is not.

Shares are whole numbers: a microsecond has PARTS parts, which any number of meetings up to 16 divides.
In a greater crowd they are fractions, which are as exact, and slower.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import lcm

from calsync.model.span import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
TICKS_PER_MINUTE = 60_000_000
PARTS_PER_TICK = lcm(*range(1, 17))
PARTS_PER_MINUTE = PARTS_PER_TICK * TICKS_PER_MINUTE
Share = int | Fraction
"""Time in parts of a microsecond, exactly."""
TickRange = tuple[int, int]
"""A stretch of time in microseconds since 1970: from (inclusive), to (exclusive)."""


def to_ticks(moment: datetime) -> int:
    """Microseconds since 1970; unlike wall-clock times these never go back."""
    return (moment - _EPOCH) // _TICK


def from_ticks(instant: int) -> datetime:
    """The time at so many microseconds since 1970, in UTC."""
    return _EPOCH + instant * _TICK


def span_to_ticks(span: Span) -> TickRange:
    """A span in microseconds."""
    return to_ticks(span.start), to_ticks(span.end)


Interval = tuple[TickRange, bool]
"""A stretch that a meeting asks for, and whether it is confirmed: those come before the others."""


def _divide_equally(length: int, meetings: int) -> Share:
    """What each of so many meetings gets of a stretch."""
    parts = length * PARTS_PER_TICK
    return parts // meetings if PARTS_PER_TICK % meetings == 0 else Fraction(parts, meetings)


RunningTotals = tuple[Share, Share, Share, Share]
"""Outside working hours: unconfirmed, confirmed; inside: unconfirmed, confirmed."""


class EqualShares:
    """Who gets how much of each instant, for stretches bounded by claims."""

    def __init__(self, intervals: Iterable[Interval], hours: Iterable[TickRange]) -> None:
        """hours: the working hours, disjoint."""
        self._totals = _sweep(_build_steps(intervals, hours))

    def of(self, stretch: TickRange, confirmed: bool) -> tuple[Share, Share]:
        """What one meeting that runs through the whole stretch gets of it in working hours, and outside."""
        previous, after = self._totals[stretch[0]], self._totals[stretch[1]]
        return after[2 + confirmed] - previous[2 + confirmed], after[confirmed] - previous[confirmed]


SweepStep = tuple[int, int, int]
"""An instant; what begins there (1) or ends (-1): an unconfirmed claim (0), a confirmed one (1), working
hours (2)."""


def _build_steps(intervals: Iterable[Interval], hours: Iterable[TickRange]) -> list[SweepStep]:
    steps: list[SweepStep] = []
    for (start, end), confirmed in [*intervals, *((stretch, 2) for stretch in hours)]:
        steps.append((start, confirmed, 1))
        steps.append((end, confirmed, -1))
    steps.sort()
    return steps


def _sweep(steps: Sequence[SweepStep]) -> dict[int, RunningTotals]:
    """The running totals at every instant where something begins or ends."""
    running = [0, 0, 0]
    sums: list[Share] = [0, 0, 0, 0]
    totals: dict[int, RunningTotals] = {}
    previous = 0
    for instant, what, change in steps:
        if instant not in totals:
            share_class = 1 if running[1] else 0
            if running[share_class]:
                sums[share_class + 2 * running[2]] += _divide_equally(
                    instant - previous, running[share_class]
                )
            totals[instant] = (sums[0], sums[1], sums[2], sums[3])
            previous = instant
        running[what] += change
    return totals
