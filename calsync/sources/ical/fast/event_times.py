"""What each event says of time, read from a few of its lines; nothing else of it is looked at.

An outline is made only of what is written in the usual way: one DTSTART, times that exist, zones that
are known, an end after the start. Of such an event the exact path has nothing to tell, so it may be
dropped where it lies outside the window. Every other event is `EventNeedsFullParser` and goes to the exact path.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from calsync.model.localtime import localize, to_naive_local
from calsync.sources.ical.all_day import MIN_DAY_LENGTH, is_flagged_all_day
from calsync.sources.ical.fast.clocks import CalendarClocks, ClockTime
from calsync.sources.ical.fast.scan_lines import EventNeedsFullParser
from calsync.sources.ical.fast.split_events import LinesByName, SplitCalendar
from calsync.sources.ical.fast.time_arrays import MAX_SAFE_YEAR, MIN_SAFE_YEAR, TimeArrays
from calsync.sources.ical.time_values import add_duration, read_duration, to_naive_utc

SERIES_PROPERTIES = frozenset({b"RRULE", b"RDATE", b"EXDATE", b"EXRULE", b"RECURRENCE-ID"})
"""The lines of a series and its overrides."""
_is_plain_time = re.compile(r"\d{8}(?:T(?!24)\d{6}Z?)?", re.A).fullmatch
_DAY, _ZERO = timedelta(days=1), timedelta(0)


class EventTimes(NamedTuple):
    """An event's times. place: which of the events it is, from 0. nominal: as in `Event`."""

    event_index: int
    start: ClockTime
    end: ClockTime
    duration: timedelta | None = None
    recurrence_id: ClockTime | None = None
    rule: str = ""
    exdates: tuple[ClockTime, ...] = ()


def is_in_safe_years(moment: datetime) -> bool:
    """Whether no sum about it leaves the calendar."""
    return MIN_SAFE_YEAR < moment.year < MAX_SAFE_YEAR


def _split_at_last_colon(rest: str) -> tuple[str, str]:
    """Parameters and value of a line whose value holds no colon."""
    parameters, _, value = rest.rpartition(":")
    return parameters, value


class EventTimesReader:
    """Makes the outlines of one calendar's events."""

    def __init__(self, split_calendar: SplitCalendar, clocks: CalendarClocks, times: TimeArrays) -> None:
        self._slices = split_calendar
        self._clocks = clocks
        self._times = times

    def read_event_times(self, index: int) -> EventTimes:
        """The outline of an event; raises EventNeedsFullParser."""
        lines = self._slices.event_lines(index)
        try:
            start, end, nominal = self._read_span(lines)
            if _may_be_all_day(start, end) and is_flagged_all_day(self._slices.text(index)):
                raise EventNeedsFullParser
            if lines.keys().isdisjoint(SERIES_PROPERTIES):
                return EventTimes(index, start, end, nominal)
            return self._read_series_times(index, lines, (start, end, nominal))
        except (ValueError, OverflowError, KeyError) as error:
            raise EventNeedsFullParser from error

    def _read_span(self, lines: LinesByName) -> tuple[ClockTime, ClockTime, timedelta | None]:
        start, nominal = self._read_line(lines[b"DTSTART"]), None
        if b"DTEND" in lines:
            end = self._fit_to_dtstart(start, self._read_line(lines[b"DTEND"]))
        elif b"DURATION" in lines:
            nominal = read_duration(self._slices.line_rest(lines[b"DURATION"]).rpartition(":")[2])
            end = _add_duration(start, nominal)
            if not is_in_safe_years(end.local_time):
                raise EventNeedsFullParser
        elif start.clock:
            # Its length is a setting's, and it is reported.
            raise EventNeedsFullParser
        else:
            end = ClockTime(start.local_time + _DAY, None)
        if not _ends_after_start(start, end):
            raise EventNeedsFullParser
        if start.clock is None and start.local_time == end.local_time:
            return start, ClockTime(start.local_time + _DAY, None), None
        return start, end, nominal

    def _read_series_times(
        self, index: int, lines: LinesByName, span: tuple[ClockTime, ClockTime, timedelta | None]
    ) -> EventTimes:
        if b"RECURRENCE-ID" in lines and len(lines.keys() & SERIES_PROPERTIES) == 1:
            line = lines[b"RECURRENCE-ID"]
            original = self._times.time_on_line(line)
            if original is None:
                rest = self._slices.line_rest(line)
                if "RANGE" in rest.upper():
                    raise EventNeedsFullParser
                original = self._read_value(*_split_at_last_colon(rest))
            return EventTimes(index, *span, self._fit_to_dtstart(span[0], original))
        rule = self._slices.line_rest(lines[b"RRULE"]).rpartition(":")[2].strip()
        if not rule or not lines.keys() & SERIES_PROPERTIES <= {b"RRULE", b"EXDATE"}:
            raise EventNeedsFullParser
        exdates = map(self._slices.line_rest, self._slices.exdate_lines(index))
        excluded = [self._fit_exdate(span[0], at) for value in exdates for at in self._read_list(value)]
        return EventTimes(index, *span, None, rule, tuple(excluded))

    def _fit_exdate(self, start: ClockTime, at: ClockTime) -> ClockTime:
        return at if at.clock is None else self._fit_to_dtstart(start, at)

    def _fit_to_dtstart(self, start: ClockTime, at: ClockTime) -> ClockTime:
        """A time of the kind of DTSTART; raises EventNeedsFullParser for a mixture of kinds, or a zone to be guessed."""
        if (at.clock is None) != (start.clock is None) or (
            at.is_floating and start.clock is not self._clocks.floating
        ):
            raise EventNeedsFullParser
        return at

    def _read_line(self, line: int) -> ClockTime:
        """The one time on a line; raises EventNeedsFullParser or ValueError."""
        return self._times.time_on_line(line) or self._read_value(
            *_split_at_last_colon(self._slices.line_rest(line))
        )

    def _read_list(self, rest: str) -> list[ClockTime]:
        parameters, values = _split_at_last_colon(rest)
        return [self._read_value(parameters, value) for value in values.split(",")]

    def _read_value(self, parameters: str, value: str) -> ClockTime:
        """A date or a time just as RFC 5545 writes it; raises EventNeedsFullParser or ValueError for anything else."""
        clock = self._clocks.clock_for_parameters(parameters)
        wall = datetime.fromisoformat(value[:15])
        if not _is_plain_time(value) or not is_in_safe_years(wall):
            raise EventNeedsFullParser
        if len(value) == 8:
            return ClockTime(wall, None)
        if len(value) == 16:
            return self._convert_from_utc(wall, named=clock is not None)
        if clock is None:
            return ClockTime(wall, self._clocks.floating, is_floating=True)
        if self._clocks.display_zone and (localize(wall, clock.zone).tzname() or "").upper() == "UTC":
            raise EventNeedsFullParser
        return ClockTime(wall, clock)

    def _convert_from_utc(self, local_time: datetime, *, named: bool) -> ClockTime:
        if named:
            raise EventNeedsFullParser
        if self._clocks.display_zone is None:
            return ClockTime(local_time, self._clocks.utc)
        converted = localize(local_time, UTC).astimezone(self._clocks.display_zone)
        if converted.fold:
            raise EventNeedsFullParser
        return ClockTime(to_naive_local(converted), self._clocks.floating)


def _add_duration(start: ClockTime, length: timedelta) -> ClockTime:
    if length < _ZERO or (start.clock is None and length % _DAY):
        raise EventNeedsFullParser
    if start.clock is None:
        return ClockTime(start.local_time + length, None)
    end = add_duration(start.date_or_time, length)
    if not isinstance(end, datetime) or end.fold:
        raise EventNeedsFullParser
    return ClockTime(to_naive_local(end), start.clock)


def _may_be_all_day(start: ClockTime, end: ClockTime) -> bool:
    """Whether it has times that may be midnights of some zone, as Outlook writes all-day events."""
    if start.clock is None:
        return False
    length = end.local_time - start.local_time
    return length >= MIN_DAY_LENGTH or not length or end.clock is not start.clock


def _ends_after_start(start: ClockTime, end: ClockTime) -> bool:
    """Whether it ends no sooner than it starts, in real time."""
    if start.clock is None or end.clock is None:
        return start.local_time <= end.local_time
    if start.clock is end.clock and start.clock.is_without_transition(start.local_time):
        return start.local_time <= end.local_time
    return to_naive_utc(start.aware) <= to_naive_utc(end.aware)
