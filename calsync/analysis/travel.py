"""Assigns travel to the partnership meeting next to it (docs/managers/counting.md)."""

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
    """Whether travel may lead to such a meeting: it has a partnership and is not travel itself."""
    return bool(classification.partnerships) and classification.kind is not MeetingKind.TRAVEL


class Itinerary:
    """One manager's partnership meetings in order, to find the one that a travel block belongs to."""

    def __init__(self, stops: Iterable[TravelStop]) -> None:
        """stops: the meetings for which `is_destination` is true, in any order."""
        ordered = sorted(stops, key=lambda stop: (*stop.stretch, _sort_key(stop)))
        self._all = _StopIndex(ordered)
        self._confirmed = _StopIndex([stop for stop in ordered if stop.confirmed])

    def classify_travel(self, travel: TravelStop) -> Classification:
        """Return a travel block's classification, with partnership and activity of the meeting next to it.

        Between two meetings, the later one is used. A block that names a partnership itself ("Travel to PSB")
        belongs to a meeting of that partnership only. Without such a meeting the classification is unchanged.
        Confirmed travel never belongs to an unconfirmed meeting.
        """
        classification = travel.classification
        stops = self._confirmed if travel.confirmed else self._all
        for stop in stops.next_to(travel.stretch):
            destination = stop.classification
            if not classification.partnerships or set(classification.partnerships) & set(
                destination.partnerships
            ):
                return replace(
                    classification,
                    partnerships=destination.partnerships,
                    activity=destination.activity,
                    label=destination.label,
                    process_share=destination.process_share,
                )
        return classification


class _StopIndex:
    """Meetings in the order of their starts, for searches by time."""

    def __init__(self, stops: Sequence[TravelStop]) -> None:
        self._stops = stops
        self._starts = [stop.stretch.start for stop in stops]
        # For each meeting, the one that ends last among it and those before it.
        self._last_to_end = list(accumulate(stops, _later_end))

    def next_to(self, stretch: TickRange) -> Iterator[TravelStop]:
        """Yield the nearest meeting after and before a stretch, if it is within `MAX_TRAVEL_GAP_MINUTES`."""
        start, end = stretch
        index = bisect_right(self._starts, start)
        gap = MAX_TRAVEL_GAP_MINUTES * TICKS_PER_MINUTE
        if index < len(self._stops) and self._starts[index] - end <= gap:
            yield self._stops[index]
        if index and start - self._last_to_end[index - 1].stretch.end <= gap:
            yield self._last_to_end[index - 1]


def _later_end(stop: TravelStop, other: TravelStop) -> TravelStop:
    return other if other.stretch.end > stop.stretch.end else stop


def _sort_key(stop: TravelStop) -> tuple[bool, tuple[str, ...], str, Fraction, str]:
    """All values that travel copies, so that the order of the given meetings does not matter."""
    classification = stop.classification
    share = Fraction(-1) if classification.process_share is None else classification.process_share
    return (
        not stop.confirmed,
        classification.partnerships,
        classification.activity,
        share,
        classification.label,
    )
