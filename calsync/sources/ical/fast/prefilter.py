"""Drops at a glance what is far from the window: four of five events in a calendar of some years.

Only a sound event is dropped, of which the exact path would have nothing to tell.
"""

from datetime import timedelta

import numpy as np

from calsync.model.span import Span
from calsync.sources.ical.fast.event_times import SERIES_PROPERTIES, EventTimes
from calsync.sources.ical.fast.scan_lines import (
    DTEND,
    DTSTART,
    RECURRENCE_ID,
    SCANNED_NAMES,
    BoolArray,
    IntArray,
)
from calsync.sources.ical.fast.time_arrays import TimeArrays
from calsync.sources.ical.time_values import to_naive_utc

# Wider than any zone and any change of its clock together.
_MARGIN, _DAY = timedelta(days=3), timedelta(days=1)
# What began so long before the window may be in it.
_MAX_DURATION = timedelta(days=28)
_RULE_COLUMNS = [SCANNED_NAMES.index(name) for name in sorted(SERIES_PROPERTIES - {b"RECURRENCE-ID"})]


class Prefilter:
    """For one calendar and one window."""

    def __init__(self, table: IntArray, times: TimeArrays, window: Span) -> None:
        """table: as in `Skim`."""
        self._table, self._times = table, times
        self._from, self._to = to_naive_utc(window.start) - _MARGIN, to_naive_utc(window.end) + _MARGIN

    def far_events(self) -> frozenset[int]:
        """The events that are sound, far from the window, and by themselves or overrides; none in doubt.

        The original start of an override is so far that what began then has ended, too.
        """
        if not self._times.indices:
            return frozenset()
        table, times = self._table, self._times
        timed, ruled = (
            (table[:, [DTSTART, DTEND]] >= 0).all(axis=1),
            (table[:, _RULE_COLUMNS] >= 0).any(axis=1),
        )
        places = np.flatnonzero(timed & ~ruled)
        start, end = table[places, DTSTART], table[places, DTEND]
        first, last = times.local_times[start], times.local_times[end]
        conditions = (
            (last < np.datetime64(self._from)) | (first > np.datetime64(self._to)),
            first <= last,
            times.notations[start] == times.notations[end],
            times.without_transition[start],
            times.without_transition[end],
        )
        is_dropped: BoolArray = np.logical_and.reduce(conditions)
        moved = np.flatnonzero(table[places, RECURRENCE_ID] >= 0)
        is_dropped[moved] &= self._are_far(table[places[moved], RECURRENCE_ID], times.notations[start[moved]])
        return frozenset(places[is_dropped].tolist())

    def _are_far(self, originals: IntArray, kinds: IntArray) -> BoolArray:
        walls = self._times.local_times[originals]
        conditions = (
            (walls < np.datetime64(self._from - _MAX_DURATION)) | (walls > np.datetime64(self._to)),
            self._times.notations[originals] == kinds,
            self._times.without_transition[originals],
        )
        far: BoolArray = np.logical_and.reduce(conditions)
        return far

    def is_override(self, index: int) -> bool:
        """Whether an event says that it stands for one of a series."""
        return bool(self._table[index, RECURRENCE_ID] >= 0)

    def can_drop_overrides(self, group: list[EventTimes]) -> bool:
        """Whether to these events of a UID its far overrides make no difference.

        They do where one of these may be another version of one of those, or they are no short series.
        """
        return all(
            (outline.rule and outline.end.local_time - outline.start.local_time <= _MAX_DURATION)
            if outline.recurrence_id is None
            else self._from - _MAX_DURATION + _DAY <= outline.recurrence_id.local_time <= self._to - _DAY
            for outline in group
        )
