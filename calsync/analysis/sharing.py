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
TICKS_A_MINUTE = 60_000_000
PARTS = lcm(*range(1, 17))
PARTS_A_MINUTE = PARTS * TICKS_A_MINUTE
Share = int | Fraction
"""Time in parts of a microsecond, exactly."""
Ticks = tuple[int, int]
"""A stretch of time in microseconds since 1970: from (inclusive), to (exclusive)."""


def ticks(moment: datetime) -> int:
    """Microseconds since 1970; unlike wall-clock times these never go back."""
    return (moment - _EPOCH) // _TICK


def moment(instant: int) -> datetime:
    """The time at so many microseconds since 1970, in UTC."""
    return _EPOCH + instant * _TICK


def ticks_of(span: Span) -> Ticks:
    """A span in microseconds."""
    return ticks(span.start), ticks(span.end)


Claim = tuple[Ticks, bool]
"""A stretch that a meeting asks for, and whether it is confirmed: those come before the others."""


def _part(length: int, meetings: int) -> Share:
    """What each of so many meetings gets of a stretch."""
    parts = length * PARTS
    return parts // meetings if PARTS % meetings == 0 else Fraction(parts, meetings)


Totals = tuple[Share, Share, Share, Share]
"""Outside working hours: unconfirmed, confirmed; inside: unconfirmed, confirmed."""


class Shares:
    """Who gets how much of each instant, for stretches bounded by claims."""

    def __init__(self, claims: Iterable[Claim], hours: Iterable[Ticks]) -> None:
        """hours: the working hours, disjoint."""
        self._totals = _sweep(_steps(claims, hours))

    def of(self, stretch: Ticks, confirmed: bool) -> tuple[Share, Share]:
        """What one meeting that runs through the whole stretch gets of it in working hours, and outside."""
        before, after = self._totals[stretch[0]], self._totals[stretch[1]]
        return after[2 + confirmed] - before[2 + confirmed], after[confirmed] - before[confirmed]


Step = tuple[int, int, int]
"""An instant; what begins there (1) or ends (-1): an unconfirmed claim (0), a confirmed one (1), working
hours (2)."""


def _steps(claims: Iterable[Claim], hours: Iterable[Ticks]) -> list[Step]:
    steps: list[Step] = []
    for (start, end), confirmed in [*claims, *((stretch, 2) for stretch in hours)]:
        steps.append((start, confirmed, 1))
        steps.append((end, confirmed, -1))
    steps.sort()
    return steps


def _sweep(steps: Sequence[Step]) -> dict[int, Totals]:
    """The running totals at every instant where something begins or ends."""
    running = [0, 0, 0]
    sums: list[Share] = [0, 0, 0, 0]
    totals: dict[int, Totals] = {}
    before = 0
    for instant, what, change in steps:
        if instant not in totals:
            served = 1 if running[1] else 0
            if running[served]:
                sums[served + 2 * running[2]] += _part(instant - before, running[served])
            totals[instant] = (sums[0], sums[1], sums[2], sums[3])
            before = instant
        running[what] += change
    return totals
