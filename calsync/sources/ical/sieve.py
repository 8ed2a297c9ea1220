"""Drops at a glance the single events far from the window: four of five in a calendar of some years.

A time is looked up in two halves, its zone and day and its time of day, since both come again and again.
"""

import re
from datetime import datetime, timedelta

from calsync.model.span import Span
from calsync.sources.ical.clocks import Clock
from calsync.sources.ical.moments import real
from calsync.sources.ical.outlines import SERIES, Lines, Outliner, is_near_our_time

# Wider than any zone and any change of its clock together.
_MARGIN = timedelta(days=3)
_DAY, _TIME = len("20250101"), len("T090000\r")
_TIME_OF_DAY = re.compile(rb"T(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\r").fullmatch

_Known = tuple[datetime, Clock]


class Sieve:
    """Knows the days and the times of day it has met that are sound."""

    def __init__(self, outliner: Outliner, window: Span) -> None:
        self._outliner = outliner
        self._from, self._to = real(window.start) - _MARGIN, real(window.end) + _MARGIN
        self._days: dict[bytes, _Known] = {}
        self._times: set[bytes] = set()

    def drops(self, lines: Lines) -> bool:
        """Whether it is a sound event by itself and far away; False in doubt."""
        if not lines.keys().isdisjoint(SERIES):
            return False
        start, end = _time_last(lines.get(b"DTSTART", b"")), _time_last(lines.get(b"DTEND", b""))
        first = self._days.get(start[:-_TIME]) or self._day(start)
        last = self._days.get(end[:-_TIME]) or self._day(end)
        if first is None or last is None or (self._from <= last[0] and first[0] <= self._to):
            return False
        times = start[-_TIME:], end[-_TIME:]
        if first[1] is not last[1] or not self._are_times(times):
            return False
        return first[0] < last[0] or (first[0] == last[0] and times[0] <= times[1])

    def _day(self, rest: bytes) -> _Known | None:
        """The day and the clock in the rest of a line, if both are usual and the clock is calm then."""
        parameters, day = rest[: -_DAY - _TIME], rest[-_DAY - _TIME : -_TIME]
        clock = self._outliner.clock_in(parameters)
        try:
            midnight = datetime.fromisoformat(day.decode())
        except ValueError:
            return None
        if (
            clock is None
            or not day.isdigit()
            or not is_near_our_time(midnight)
            or not clock.is_calm(midnight)
        ):
            return None
        self._days[rest[:-_TIME]] = known = (midnight, clock)
        return known

    def _are_times(self, times: tuple[bytes, bytes]) -> bool:
        for time in times:
            if time not in self._times:
                if not _TIME_OF_DAY(time):
                    return False
                self._times.add(time)
        return True


def _time_last(rest: bytes) -> bytes:
    """What follows a name, with the Z of UTC put in front, so that the time of day comes last."""
    return b"Z" + rest[:-2] + b"\r" if rest[-2:-1] == b"Z" else rest
