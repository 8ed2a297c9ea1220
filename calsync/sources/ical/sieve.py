"""Drops at a glance what is far from the window: four of five events in a calendar of some years.

Only a sound event is dropped, of which the exact path would have nothing to tell.
"""

from datetime import timedelta

import numpy as np

from calsync.model.span import Span
from calsync.sources.ical.moments import real
from calsync.sources.ical.outlines import SERIES, Outline
from calsync.sources.ical.skim import DTEND, DTSTART, RECURRENCE_ID, TIMES, Marks, Numbers
from calsync.sources.ical.times import Times

# Wider than any zone and any change of its clock together.
_MARGIN, _DAY = timedelta(days=3), timedelta(days=1)
# What began so long before the window may be in it.
_LONGEST = timedelta(days=28)
_RULES = [TIMES.index(name) for name in sorted(SERIES - {b"RECURRENCE-ID"})]


class Sieve:
    """For one calendar and one window."""

    def __init__(self, table: Numbers, times: Times, window: Span) -> None:
        """table: as in `Skim`."""
        self._table, self._times = table, times
        self._from, self._to = real(window.start) - _MARGIN, real(window.end) + _MARGIN

    def far(self) -> frozenset[int]:
        """The events that are sound, far from the window, and by themselves or overrides; none in doubt.

        The original start of an override is so far that what began then has ended, too.
        """
        if not self._times.places:
            return frozenset()
        table, times = self._table, self._times
        timed, ruled = (table[:, [DTSTART, DTEND]] >= 0).all(axis=1), (table[:, _RULES] >= 0).any(axis=1)
        places = np.flatnonzero(timed & ~ruled)
        start, end = table[places, DTSTART], table[places, DTEND]
        first, last = times.walls[start], times.walls[end]
        conditions = (
            (last < np.datetime64(self._from)) | (first > np.datetime64(self._to)),
            first <= last,
            times.kinds[start] == times.kinds[end],
            times.calm[start],
            times.calm[end],
        )
        gone: Marks = np.logical_and.reduce(conditions)
        moved = np.flatnonzero(table[places, RECURRENCE_ID] >= 0)
        gone[moved] &= self._is_far(table[places[moved], RECURRENCE_ID], times.kinds[start[moved]])
        return frozenset(places[gone].tolist())

    def _is_far(self, originals: Numbers, kinds: Numbers) -> Marks:
        walls = self._times.walls[originals]
        conditions = (
            (walls < np.datetime64(self._from - _LONGEST)) | (walls > np.datetime64(self._to)),
            self._times.kinds[originals] == kinds,
            self._times.calm[originals],
        )
        far: Marks = np.logical_and.reduce(conditions)
        return far

    def is_override(self, place: int) -> bool:
        """Whether an event says that it stands for one of a series."""
        return bool(self._table[place, RECURRENCE_ID] >= 0)

    def spares(self, group: list[Outline]) -> bool:
        """Whether to these events of a UID its far overrides make no difference.

        They do where one of these may be another version of one of those, or they are no short series.
        """
        return all(
            (outline.rule and outline.end.wall - outline.start.wall <= _LONGEST)
            if outline.original is None
            else self._from - _LONGEST + _DAY <= outline.original.wall <= self._to - _DAY
            for outline in group
        )
