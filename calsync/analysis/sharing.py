"""Double bookings: every instant shared equally among the meetings that cover it, exactly.

One sweep over the bounds of all spans. While n meetings run, each gets 1/n of the time; so a running
total of (time / n) is kept, and a meeting's share is the total at its end less the total at its
start. That is O(n log n) whatever overlaps, where asking every meeting about every instant is not.

Shares are whole numbers: a microsecond has PARTS parts, which any number of meetings up to 16 divides.
In a greater crowd they are fractions, which are as exact, and slower.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
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


@dataclass(frozen=True, slots=True)
class Claim:
    """A stretch that a meeting asks for; confirmed ones come before the others."""

    stretch: Ticks
    confirmed: bool


def _part(length: int, meetings: int) -> Share:
    """What each of so many meetings gets of a stretch."""
    parts = length * PARTS
    return parts // meetings if PARTS % meetings == 0 else Fraction(parts, meetings)


Totals = tuple[Share, Share, Share, Share]
"""Outside working hours: unconfirmed, confirmed; inside: unconfirmed, confirmed."""


class Shares:
    """Who gets how much of each instant, for stretches bounded by claims or by `cuts`."""

    def __init__(self, claims: Sequence[Claim], cuts: Iterable[int], hours: Iterable[Ticks]) -> None:
        """hours: the working hours, disjoint and in order. cuts: other instants that will be asked for."""
        self._totals = _sweep(claims, cuts, hours)

    def of(self, stretch: Ticks, *, confirmed: bool, in_hours: bool) -> Share:
        """What one meeting that runs through the whole stretch gets of it."""
        channel = 2 * in_hours + confirmed
        return self._totals[stretch[1]][channel] - self._totals[stretch[0]][channel]


def _sweep(claims: Sequence[Claim], cuts: Iterable[int], hours: Iterable[Ticks]) -> dict[int, Totals]:
    steps = _steps(claims, hours)
    instants = sorted({*steps, *cuts})
    running = [0, 0]  # how many meetings run: unconfirmed, confirmed
    sums: list[Share] = [0, 0, 0, 0]
    totals: dict[int, Totals] = {}
    working = 0
    for instant, following in pairwise([*instants, *instants[-1:]]):
        totals[instant] = (sums[0], sums[1], sums[2], sums[3])
        for level, change in steps.get(instant, ()):
            if level is None:
                working += change
            else:
                running[level] += change
        served = 1 if running[1] else 0
        if running[served]:
            sums[served + (2 if working else 0)] += _part(following - instant, running[served])
    return totals


Step = tuple[bool | None, int]
"""Something begins (1) or ends (-1): a confirmed claim, an unconfirmed one, or (None) working hours."""


def _steps(claims: Sequence[Claim], hours: Iterable[Ticks]) -> dict[int, list[Step]]:
    steps: dict[int, list[Step]] = {}
    for level, (start, end) in [*((c.confirmed, c.stretch) for c in claims), *((None, h) for h in hours)]:
        steps.setdefault(start, []).append((level, 1))
        steps.setdefault(end, []).append((level, -1))
    return steps
