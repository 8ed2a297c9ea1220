"""Finds the events far from the window, all at once: four of five in a calendar of some years.

Only events are found of which the full parser would report nothing.
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
# How long before the window the original start of an override may lie, for its occurrence still to reach it.
_MAX_DURATION = timedelta(days=28)
_RULE_COLUMNS = [SCANNED_NAMES.index(name) for name in sorted(SERIES_PROPERTIES - {b"RECURRENCE-ID"})]


class Prefilter:
    """Finds the events of one calendar that are far from one window."""

    def __init__(self, table: IntArray, times: TimeArrays, window: Span) -> None:
        """table: for each event and name the number of its line, as in `ScannedLines`."""
        self._table, self._times = table, times
        self._from, self._to = to_naive_utc(window.start) - _MARGIN, to_naive_utc(window.end) + _MARGIN

    def far_events(self) -> frozenset[int]:
        """Return the indices of single events and overrides that are far from the window; none in doubt.

        Of an override the original start is far as well, so far that an occurrence then has ended.
        """
        if not self._times.indices:
            return frozenset()
        table, times = self._table, self._times
        has_bounds = (table[:, [DTSTART, DTEND]] >= 0).all(axis=1)
        recurs = (table[:, _RULE_COLUMNS] >= 0).any(axis=1)
        indices = np.flatnonzero(has_bounds & ~recurs)
        start_lines, end_lines = table[indices, DTSTART], table[indices, DTEND]
        starts, ends = times.local_times[start_lines], times.local_times[end_lines]
        conditions = (
            (ends < np.datetime64(self._from)) | (starts > np.datetime64(self._to)),
            starts <= ends,
            times.notations[start_lines] == times.notations[end_lines],
            times.without_transition[start_lines],
            times.without_transition[end_lines],
        )
        is_far: BoolArray = np.logical_and.reduce(conditions)
        overrides = np.flatnonzero(table[indices, RECURRENCE_ID] >= 0)
        is_far[overrides] &= self._are_originals_far(
            table[indices[overrides], RECURRENCE_ID], times.notations[start_lines[overrides]]
        )
        return frozenset(indices[is_far].tolist())

    def _are_originals_far(self, lines: IntArray, notations: IntArray) -> BoolArray:
        """Whether the original start on each line is far, and written by the same clock as DTSTART."""
        local_times = self._times.local_times[lines]
        conditions = (
            (local_times < np.datetime64(self._from - _MAX_DURATION))
            | (local_times > np.datetime64(self._to)),
            self._times.notations[lines] == notations,
            self._times.without_transition[lines],
        )
        is_far: BoolArray = np.logical_and.reduce(conditions)
        return is_far

    def is_override(self, index: int) -> bool:
        """Whether an event has a RECURRENCE-ID."""
        return bool(self._table[index, RECURRENCE_ID] >= 0)

    def can_drop_overrides(self, group: list[EventTimes]) -> bool:
        """Whether the far overrides of a UID make no difference to its other events, given here.

        They may where one of these is another version of a far override, or its series has long occurrences.
        """
        return all(
            (event.rule and event.end.local_time - event.start.local_time <= _MAX_DURATION)
            if event.recurrence_id is None
            else self._from - _MAX_DURATION + _DAY <= event.recurrence_id.local_time <= self._to - _DAY
            for event in group
        )
