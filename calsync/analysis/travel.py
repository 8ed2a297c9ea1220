"""Travel next to a partnership meeting belongs to it (design, section 2)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from calsync.analysis.sharing import TICKS_PER_MINUTE, TickRange
from calsync.model.classification import Classification, MeetingKind

MAX_TRAVEL_GAP_MINUTES = 30
"""A travel block belongs to a meeting that begins or ends within so many minutes of it."""


class TravelStop(NamedTuple):
    """A meeting that travel may lead to or from."""

    stretch: TickRange
    confirmed: bool
    classification: Classification


def is_destination(classification: Classification) -> bool:
    """Whether travel may lead to a meeting of this verdict: it has a partnership and is no travel."""
    return bool(classification.partnerships) and classification.kind is not MeetingKind.TRAVEL


class Itinerary:
    """One manager's partnership meetings, to be asked which of them a travel block serves."""

    def __init__(self, stops: Iterable[TravelStop]) -> None:
        """stops: at destinations, in any order."""
        anchors = sorted(stops, key=lambda stop: (*stop.stretch, _sort_key(stop)))
        self._all = _StopIndex(anchors)
        self._confirmed = _StopIndex([stop for stop in anchors if stop.confirmed])

    def classify_travel(self, travel: TravelStop) -> Classification:
        """A travel block's verdict: with partnership, activity and label of the meeting next to it, if any.

        Between two meetings, the later one. A block that names a partnership itself ("Travel to PSB")
        serves that partnership's meeting, and keeps what it has if there is none next to it.
        Confirmed travel never serves an unconfirmed meeting.
        """
        verdict = travel.classification
        line = self._confirmed if travel.confirmed else self._all
        gap = (stop.classification for stop in line.next_to(travel.stretch))
        served = next((other for other in gap if _may_serve(verdict, other)), None)
        if served is None:
            return verdict
        return replace(
            verdict,
            partnerships=served.partnerships,
            activity=served.activity,
            label=served.label,
            process_share=served.process_share,
        )


class _StopIndex:
    """Meetings in the order of their starts."""

    def __init__(self, stops: Sequence[TravelStop]) -> None:
        self._stops = stops
        self._starts = [stop.stretch.start for stop in stops]
        self._latest = list(accumulate(stops, _later_end))

    def next_to(self, stretch: TickRange) -> Iterator[TravelStop]:
        start, end = stretch
        index = bisect_right(self._starts, start)
        gap = MAX_TRAVEL_GAP_MINUTES * TICKS_PER_MINUTE
        if index < len(self._stops) and self._starts[index] - end <= gap:
            yield self._stops[index]
        if index and start - self._latest[index - 1].stretch.end <= gap:
            yield self._latest[index - 1]


def _may_serve(travel: Classification, meeting: Classification) -> bool:
    return not travel.partnerships or bool(set(travel.partnerships) & set(meeting.partnerships))


def _later_end(one: TravelStop, other: TravelStop) -> TravelStop:
    return other if other.stretch.end > one.stretch.end else one


def _sort_key(stop: TravelStop) -> tuple[bool, tuple[str, ...], str, Fraction, str]:
    """All that travel takes over, so that the order in which meetings are given changes nothing."""
    verdict = stop.classification
    share = Fraction(-1) if verdict.process_share is None else verdict.process_share
    return not stop.confirmed, verdict.partnerships, verdict.activity, share, verdict.label
