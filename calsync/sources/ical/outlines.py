"""What each event says of time, read from a few of its lines; nothing else of it is looked at.

An outline is made only of what is written in the usual way: one DTSTART, times that exist, zones that
are known, an end after the start. Of such an event the exact path has nothing to tell, so it may be
dropped where it lies outside the window. Every other event is `OddError` and goes to the exact path.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from calsync.model.wall import placed, wall_of
from calsync.sources.ical.clocks import At, Clocks
from calsync.sources.ical.moments import duration_of, lasting, real
from calsync.sources.ical.skim import OddError
from calsync.sources.ical.slices import LineNumbers, Slices
from calsync.sources.ical.times import FIRST_YEAR, LAST_YEAR, Times
from calsync.sources.ical.whole_days import SHORTEST_DAY, is_flagged_all_day

SERIES = frozenset({b"RRULE", b"RDATE", b"EXDATE", b"EXRULE", b"RECURRENCE-ID"})
"""The lines of a series and its overrides."""
_PLAIN = re.compile(r"\d{8}(?:T(?!24)\d{6}Z?)?", re.A).fullmatch
_DAY, _ZERO = timedelta(days=1), timedelta(0)


class Outline(NamedTuple):
    """An event's times. place: which of the events it is, from 0. nominal: as in `Event`."""

    place: int
    start: At
    end: At
    nominal: timedelta | None = None
    original: At | None = None
    rule: str = ""
    exdates: tuple[At, ...] = ()


def is_near_our_time(moment: datetime) -> bool:
    """Whether no sum about it leaves the calendar."""
    return FIRST_YEAR < moment.year < LAST_YEAR


def _parted(rest: str) -> tuple[str, str]:
    """Parameters and value of a line whose value holds no colon."""
    parameters, _, value = rest.rpartition(":")
    return parameters, value


class Outliner:
    """Makes the outlines of one calendar's events."""

    def __init__(self, slices: Slices, clocks: Clocks, times: Times) -> None:
        self._slices = slices
        self._clocks = clocks
        self._times = times

    def outline(self, place: int) -> Outline:
        """The outline of an event; raises OddError."""
        lines = self._slices.lines(place)
        try:
            start, end, nominal = self._span(lines)
            if _may_be_days(start, end) and is_flagged_all_day(self._slices.text(place)):
                raise OddError
            if lines.keys().isdisjoint(SERIES):
                return Outline(place, start, end, nominal)
            return self._in_series(place, lines, (start, end, nominal))
        except (ValueError, OverflowError, KeyError) as error:
            raise OddError from error

    def _span(self, lines: LineNumbers) -> tuple[At, At, timedelta | None]:
        start, nominal = self._at(lines[b"DTSTART"]), None
        if b"DTEND" in lines:
            end = self._beside(start, self._at(lines[b"DTEND"]))
        elif b"DURATION" in lines:
            nominal = duration_of(self._slices.rest(lines[b"DURATION"]).rpartition(":")[2])
            end = _lasting(start, nominal)
            if not is_near_our_time(end.wall):
                raise OddError
        elif start.clock:
            # Its length is a setting's, and it is reported.
            raise OddError
        else:
            end = At(start.wall + _DAY, None)
        if not _ordered(start, end):
            raise OddError
        if start.clock is None and start.wall == end.wall:
            return start, At(start.wall + _DAY, None), None
        return start, end, nominal

    def _in_series(self, place: int, lines: LineNumbers, span: tuple[At, At, timedelta | None]) -> Outline:
        if b"RECURRENCE-ID" in lines and len(lines.keys() & SERIES) == 1:
            line = lines[b"RECURRENCE-ID"]
            original = self._times.at(line)
            if original is None:
                rest = self._slices.rest(line)
                if "RANGE" in rest.upper():
                    raise OddError
                original = self._read(*_parted(rest))
            return Outline(place, *span, self._beside(span[0], original))
        rule = self._slices.rest(lines[b"RRULE"]).rpartition(":")[2].strip()
        if not rule or not lines.keys() & SERIES <= {b"RRULE", b"EXDATE"}:
            raise OddError
        exdates = map(self._slices.rest, self._slices.exdates(place))
        excluded = [self._excluded(span[0], at) for value in exdates for at in self._each(value)]
        return Outline(place, *span, None, rule, tuple(excluded))

    def _excluded(self, start: At, at: At) -> At:
        return at if at.clock is None else self._beside(start, at)

    def _beside(self, start: At, at: At) -> At:
        """A time of the kind of DTSTART; raises OddError for a mixture of kinds, or a zone to be guessed."""
        if (at.clock is None) != (start.clock is None) or (
            at.floats and start.clock is not self._clocks.floating
        ):
            raise OddError
        return at

    def _at(self, line: int) -> At:
        """The one time on a line; raises OddError or ValueError."""
        return self._times.at(line) or self._read(*_parted(self._slices.rest(line)))

    def _each(self, rest: str) -> list[At]:
        parameters, values = _parted(rest)
        return [self._read(parameters, value) for value in values.split(",")]

    def _read(self, parameters: str, value: str) -> At:
        """A date or a time just as RFC 5545 writes it; raises OddError or ValueError for anything else."""
        clock = self._clocks.named(parameters)
        wall = datetime.fromisoformat(value[:15])
        if not _PLAIN(value) or not is_near_our_time(wall):
            raise OddError
        if len(value) == 8:
            return At(wall, None)
        if len(value) == 16:
            return self._in_utc(wall, named=clock is not None)
        if clock is None:
            return At(wall, self._clocks.floating, floats=True)
        if self._clocks.wall and (placed(wall, clock.zone).tzname() or "").upper() == "UTC":
            raise OddError
        return At(wall, clock)

    def _in_utc(self, wall: datetime, *, named: bool) -> At:
        if named:
            raise OddError
        if self._clocks.wall is None:
            return At(wall, self._clocks.utc)
        shown = placed(wall, UTC).astimezone(self._clocks.wall)
        if shown.fold:
            raise OddError
        return At(wall_of(shown), self._clocks.floating)


def _lasting(start: At, length: timedelta) -> At:
    if length < _ZERO or (start.clock is None and length % _DAY):
        raise OddError
    if start.clock is None:
        return At(start.wall + length, None)
    end = lasting(start.moment, length)
    if not isinstance(end, datetime) or end.fold:
        raise OddError
    return At(wall_of(end), start.clock)


def _may_be_days(start: At, end: At) -> bool:
    """Whether it has times that may be midnights of some zone, as Outlook writes all-day events."""
    if start.clock is None:
        return False
    length = end.wall - start.wall
    return length >= SHORTEST_DAY or not length or end.clock is not start.clock


def _ordered(start: At, end: At) -> bool:
    """Whether it ends no sooner than it starts, in real time."""
    if start.clock is None or end.clock is None:
        return start.wall <= end.wall
    if start.clock is end.clock and start.clock.is_calm(start.wall):
        return start.wall <= end.wall
    return real(start.aware) <= real(end.aware)
