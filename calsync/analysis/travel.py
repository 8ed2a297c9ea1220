"""Travel next to a partnership meeting belongs to it (design, section 2)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from calsync.analysis.sharing import TICKS_A_MINUTE, Ticks
from calsync.model.classification import Classification, Kind

NEXT_TO_MINUTES = 30
"""A travel block belongs to a meeting that begins or ends within so many minutes of it."""


class Stop(NamedTuple):
    """A meeting that travel may lead to or from."""

    stretch: Ticks
    confirmed: bool
    verdict: Classification


def is_destination(verdict: Classification) -> bool:
    """Whether travel may lead to a meeting of this verdict: it has a partnership and is no travel."""
    return bool(verdict.partnerships) and verdict.kind is not Kind.TRAVEL


class Itinerary:
    """One manager's partnership meetings, to be asked which of them a travel block serves."""

    def __init__(self, stops: Iterable[Stop]) -> None:
        """stops: at destinations, in any order."""
        anchors = sorted(stops, key=lambda stop: (*stop.stretch, _rank(stop)))
        self._all = _Line(anchors)
        self._confirmed = _Line([stop for stop in anchors if stop.confirmed])

    def verdict_of(self, travel: Stop) -> Classification:
        """A travel block's verdict: with partnership and activity of the meeting next to it, if any.

        Between two meetings, the later one. A block that names a partnership itself ("Travel to PSB")
        serves that partnership's meeting, and keeps what it has if there is none next to it.
        Confirmed travel never serves an unconfirmed meeting.
        """
        verdict = travel.verdict
        line = self._confirmed if travel.confirmed else self._all
        near = (stop.verdict for stop in line.next_to(travel.stretch))
        served = next((other for other in near if _may_serve(verdict, other)), None)
        if served is None:
            return verdict
        return replace(
            verdict,
            partnerships=served.partnerships,
            activity=served.activity,
            process_share=served.process_share,
        )


class _Line:
    """Meetings in the order of their starts."""

    def __init__(self, stops: Sequence[Stop]) -> None:
        self._stops = stops
        self._starts = [stop.stretch[0] for stop in stops]
        self._latest = list(accumulate(stops, _later_end))

    def next_to(self, stretch: Ticks) -> Iterator[Stop]:
        start, end = stretch
        place = bisect_right(self._starts, start)
        near = NEXT_TO_MINUTES * TICKS_A_MINUTE
        if place < len(self._stops) and self._starts[place] - end <= near:
            yield self._stops[place]
        if place and start - self._latest[place - 1].stretch[1] <= near:
            yield self._latest[place - 1]


def _may_serve(travel: Classification, meeting: Classification) -> bool:
    return not travel.partnerships or bool(set(travel.partnerships) & set(meeting.partnerships))


def _later_end(one: Stop, other: Stop) -> Stop:
    return other if other.stretch[1] > one.stretch[1] else one


def _rank(stop: Stop) -> tuple[bool, tuple[str, ...], str, Fraction]:
    """All that travel takes over, so that the order in which meetings are given never tells."""
    verdict = stop.verdict
    share = Fraction(-1) if verdict.process_share is None else verdict.process_share
    return not stop.confirmed, verdict.partnerships, verdict.activity, share
