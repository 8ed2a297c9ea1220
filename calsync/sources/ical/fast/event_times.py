"""Reads the times of an event from a few of its lines; nothing else of the event is read.

Only of events that are written in the usual way: one DTSTART, times that exist, zones that are known, an end
after the start. The full parser reports nothing about such an event, so it may be dropped where it lies
outside the window. For every other event `EventNeedsFullParser` is raised.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from calsync.model.localtime import localize, to_naive_local
from calsync.sources.ical.all_day import MIN_DAY_LENGTH, is_flagged_all_day
from calsync.sources.ical.fast.clocks import CalendarClocks, ClockTime
from calsync.sources.ical.fast.errors import EventNeedsFullParser
from calsync.sources.ical.fast.split_events import LinesByName, SplitCalendar
from calsync.sources.ical.fast.time_arrays import MAX_SAFE_YEAR, MIN_SAFE_YEAR, TimeArrays
from calsync.sources.ical.time_values import add_duration, read_duration, to_naive_utc

SERIES_PROPERTIES = frozenset({b"RRULE", b"RDATE", b"EXDATE", b"EXRULE", b"RECURRENCE-ID"})
"""The properties that only a series or an override has."""
_is_plain_time = re.compile(r"\d{8}(?:T(?!24)\d{6}Z?)?", re.A).fullmatch
_DAY, _ZERO = timedelta(days=1), timedelta(0)


class EventTimes(NamedTuple):
    """The times of one event.

    Attributes:
        event_index: Which of the events of the file it is, from 0.
        duration: DURATION, None where DTEND gives the end.
        recurrence_id: Of an override.
        rule: The value of RRULE, "" for none.
    """

    event_index: int
    start: ClockTime
    end: ClockTime
    duration: timedelta | None = None
    recurrence_id: ClockTime | None = None
    rule: str = ""
    exdates: tuple[ClockTime, ...] = ()


def is_in_safe_years(moment: datetime) -> bool:
    """Whether what is added to a time or subtracted stays within the years that Python can represent."""
    return MIN_SAFE_YEAR < moment.year < MAX_SAFE_YEAR


def _split_at_last_colon(rest: str) -> tuple[str, str]:
    """Parameters and value of a line whose value has no colon."""
    parameters, _, value = rest.rpartition(":")
    return parameters, value


class EventTimesReader:
    """Reads the times of the events of one calendar."""

    def __init__(self, split_calendar: SplitCalendar, clocks: CalendarClocks, times: TimeArrays) -> None:
        self._split_calendar = split_calendar
        self._clocks = clocks
        self._times = times

    def read_event_times(self, index: int) -> EventTimes:
        """Read the times of an event; raises EventNeedsFullParser."""
        lines = self._split_calendar.event_lines(index)
        try:
            start, end, duration = self._read_span(lines)
            # Where its times may be midnights, Outlook's flag may make days of them.
            if _may_be_all_day(start, end) and is_flagged_all_day(self._split_calendar.text(index)):
                raise EventNeedsFullParser
            if lines.keys().isdisjoint(SERIES_PROPERTIES):
                return EventTimes(index, start, end, duration)
            return self._read_series_times(index, lines, (start, end, duration))
        except (ValueError, OverflowError, KeyError) as error:
            raise EventNeedsFullParser from error

    def _read_span(self, lines: LinesByName) -> tuple[ClockTime, ClockTime, timedelta | None]:
        start, duration = self._read_line(lines[b"DTSTART"]), None
        if b"DTEND" in lines:
            end = self._check_like_dtstart(start, self._read_line(lines[b"DTEND"]))
        elif b"DURATION" in lines:
            duration = read_duration(self._split_calendar.line_rest(lines[b"DURATION"]).rpartition(":")[2])
            end = _add_duration(start, duration)
            if not is_in_safe_years(end.local_time):
                raise EventNeedsFullParser
        elif start.clock:
            # The setting missing_end gives its length, and it is reported.
            raise EventNeedsFullParser
        else:
            end = ClockTime(start.local_time + _DAY, None)
        if not _ends_after_start(start, end):
            raise EventNeedsFullParser
        if start.clock is None and start.local_time == end.local_time:
            return start, ClockTime(start.local_time + _DAY, None), None
        return start, end, duration

    def _read_series_times(
        self, index: int, lines: LinesByName, span: tuple[ClockTime, ClockTime, timedelta | None]
    ) -> EventTimes:
        if b"RECURRENCE-ID" in lines and len(lines.keys() & SERIES_PROPERTIES) == 1:
            line = lines[b"RECURRENCE-ID"]
            recurrence_id = self._times.time_on_line(line)
            if recurrence_id is None:
                rest = self._split_calendar.line_rest(line)
                if "RANGE" in rest.upper():
                    raise EventNeedsFullParser
                recurrence_id = self._read_value(*_split_at_last_colon(rest))
            return EventTimes(index, *span, self._check_like_dtstart(span[0], recurrence_id))
        rule = self._split_calendar.line_rest(lines[b"RRULE"]).rpartition(":")[2].strip()
        if not rule or not lines.keys() & SERIES_PROPERTIES <= {b"RRULE", b"EXDATE"}:
            raise EventNeedsFullParser
        exdates: list[ClockTime] = []
        for line in self._split_calendar.exdate_lines(index):
            parameters, values = _split_at_last_colon(self._split_calendar.line_rest(line))
            for value in values.split(","):
                exdate = self._read_value(parameters, value)
                # A date is allowed in a series of times: it excludes the whole day.
                exdates.append(exdate if exdate.clock is None else self._check_like_dtstart(span[0], exdate))
        return EventTimes(index, *span, None, rule, tuple(exdates))

    def _check_like_dtstart(self, start: ClockTime, other: ClockTime) -> ClockTime:
        """Return `other`; EventNeedsFullParser where one is a date and one a time, or its zone is not sure.

        A floating time is in the zone of DTSTART, which is sure only where that is the floating zone.
        """
        if (other.clock is None) != (start.clock is None) or (
            other.is_floating and start.clock is not self._clocks.floating
        ):
            raise EventNeedsFullParser
        return other

    def _read_line(self, line: int) -> ClockTime:
        """Read the only time on a line; raises EventNeedsFullParser or ValueError."""
        return self._times.time_on_line(line) or self._read_value(
            *_split_at_last_colon(self._split_calendar.line_rest(line))
        )

    def _read_value(self, parameters: str, value: str) -> ClockTime:
        """Read a date or time as RFC 5545 writes it; else raises EventNeedsFullParser or ValueError."""
        clock = self._clocks.clock_for_parameters(parameters)
        local_time = datetime.fromisoformat(value[:15])
        if not _is_plain_time(value) or not is_in_safe_years(local_time):
            raise EventNeedsFullParser
        if len(value) == 8:
            return ClockTime(local_time, None)
        if len(value) == 16:
            return self._convert_from_utc(local_time, has_tzid=clock is not None)
        if clock is None:
            return ClockTime(local_time, self._clocks.floating, is_floating=True)
        # A TZID that means UTC, in a calendar whose times in UTC are shown in another zone.
        if self._clocks.display_zone and (localize(local_time, clock.zone).tzname() or "").upper() == "UTC":
            raise EventNeedsFullParser
        return ClockTime(local_time, clock)

    def _convert_from_utc(self, local_time: datetime, *, has_tzid: bool) -> ClockTime:
        """A time in UTC by the clock that it is shown by; one with a TZID is for the full parser."""
        if has_tzid:
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
    """Whether it ends no sooner than it starts, in elapsed time."""
    if start.clock is None or end.clock is None:
        return start.local_time <= end.local_time
    if start.clock is end.clock and start.clock.is_without_transition(start.local_time):
        return start.local_time <= end.local_time
    return to_naive_utc(start.aware) <= to_naive_utc(end.aware)
