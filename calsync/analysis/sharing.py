"""Shares of double bookings: each instant is divided equally, and exactly, among the meetings that cover it.

One sweep runs over the bounds of all spans. While n meetings run, each gets 1/n of the time, so the sweep
keeps a running total of (time / n); the share of a meeting is the total at its end minus the total at its
start. That takes O(n log n) steps, however many meetings overlap.

Shares are integers: a microsecond has `PARTS_PER_TICK` parts, a number that 1 to 16 divide. More than 16
meetings at once get fractions, which are also exact, and slower.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from calsync.model.span import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
TICKS_PER_MINUTE = 60_000_000
PARTS_PER_TICK = lcm(*range(1, 17))
PARTS_PER_MINUTE = PARTS_PER_TICK * TICKS_PER_MINUTE
Share = int | Fraction
"""Time in parts of a microsecond, exactly."""


class TickRange(NamedTuple):
    """A stretch of time in microseconds since 1970: from `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int


def to_ticks(moment: datetime) -> int:
    """Return microseconds since 1970, which never go back, unlike wall-clock times."""
    return (moment - _EPOCH) // _TICK


def span_to_ticks(span: Span) -> TickRange:
    """Return a span in microseconds since 1970."""
    return TickRange(to_ticks(span.start), to_ticks(span.end))


class Interval(NamedTuple):
    """A stretch that a meeting takes, and whether it is confirmed: confirmed meetings have precedence."""

    stretch: TickRange
    confirmed: bool


def _divide_equally(length: int, meetings: int) -> Share:
    """The share of each meeting in a stretch of `length` ticks."""
    parts = length * PARTS_PER_TICK
    return parts // meetings if PARTS_PER_TICK % meetings == 0 else Fraction(parts, meetings)


class RunningTotals(NamedTuple):
    """The time of a meeting that runs from the start to an instant, in working hours (`inside`) or not."""

    confirmed_inside: Share
    confirmed_outside: Share
    unconfirmed_inside: Share
    unconfirmed_outside: Share


class EqualShares:
    """The shares of meetings in stretches that begin and end at bounds of the given intervals."""

    def __init__(self, intervals: Iterable[Interval], hours: Iterable[TickRange]) -> None:
        """intervals: of one manager, in any order. hours: the working hours, disjoint."""
        self._totals = _sweep(_build_steps(intervals, hours))

    def shares_of_range(self, stretch: TickRange, confirmed: bool) -> tuple[Share, Share]:
        """Return the share of a meeting that runs through the whole stretch, in working hours and outside."""
        previous, after = self._totals[stretch.start], self._totals[stretch.end]
        if confirmed:
            return (
                after.confirmed_inside - previous.confirmed_inside,
                after.confirmed_outside - previous.confirmed_outside,
            )
        return (
            after.unconfirmed_inside - previous.unconfirmed_inside,
            after.unconfirmed_outside - previous.unconfirmed_outside,
        )


# Integers instead of an enumeration: each manager has thousands of steps, and they are sorted.
_UNCONFIRMED, _CONFIRMED, _WORKING_HOURS = range(3)
SweepStep = tuple[int, int, int]
"""An instant, what begins or ends there (one of the three above), and 1 where it begins, -1 where it ends."""


def _build_steps(intervals: Iterable[Interval], hours: Iterable[TickRange]) -> list[SweepStep]:
    steps: list[SweepStep] = []
    for (start, end), confirmed in intervals:
        kind = _CONFIRMED if confirmed else _UNCONFIRMED
        steps += ((start, kind, 1), (end, kind, -1))
    for start, end in hours:
        steps += ((start, _WORKING_HOURS, 1), (end, _WORKING_HOURS, -1))
    steps.sort()
    return steps


def _sweep(steps: Sequence[SweepStep]) -> dict[int, RunningTotals]:
    """The running totals at every instant where something begins or ends."""
    confirmed = unconfirmed = at_work = 0
    confirmed_inside: Share = 0
    confirmed_outside: Share = 0
    unconfirmed_inside: Share = 0
    unconfirmed_outside: Share = 0
    totals: dict[int, RunningTotals] = {}
    previous = 0
    for instant, kind, change in steps:
        if instant not in totals:
            # Unconfirmed meetings share only what no confirmed one covers.
            if confirmed and at_work:
                confirmed_inside += _divide_equally(instant - previous, confirmed)
            elif confirmed:
                confirmed_outside += _divide_equally(instant - previous, confirmed)
            elif unconfirmed and at_work:
                unconfirmed_inside += _divide_equally(instant - previous, unconfirmed)
            elif unconfirmed:
                unconfirmed_outside += _divide_equally(instant - previous, unconfirmed)
            totals[instant] = RunningTotals(
                confirmed_inside, confirmed_outside, unconfirmed_inside, unconfirmed_outside
            )
            previous = instant
        if kind == _WORKING_HOURS:
            at_work += change
        elif kind == _CONFIRMED:
            confirmed += change
        else:
            unconfirmed += change
    return totals
