"""Reads the times of all events at once, if written as nearly all are: `20250101T090000`, or with a Z.

Other times are read one by one (`event_times`).
"""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.fast.clocks import CalendarClocks, Clock, ClockTime
from calsync.sources.ical.fast.errors import EventNeedsFullParser
from calsync.sources.ical.fast.scan_lines import CR, DTEND, DTSTART, RECURRENCE_ID, BoolArray, IntArray
from calsync.sources.ical.fast.split_events import SplitCalendar

MIN_SAFE_YEAR, MAX_SAFE_YEAR = 1000, 3000
"""Between them, what is added to a time or subtracted stays within the years that Python can represent."""
LocalTimeArray = NDArray[np.datetime64]
_NAMES = [DTSTART, DTEND, RECURRENCE_ID]
_PATTERN = b"20250101T090000"
_T_AT = _PATTERN.index(b"T")
_DAY_WEIGHTS, _TIME_WEIGHTS = 10 ** np.arange(7, -1, -1), 10 ** np.arange(5, -1, -1)
_ZERO, _NINE, _T, _Z, _COLON = b"09TZ:"
_EPOCH = 1970
# Fewer are read one by one in less time.
_MIN_EVENTS = 100


class _Notation(NamedTuple):
    """By which clock times are written.

    Attributes:
        clock: For times in UTC that are shown in another zone the clock of that zone.
        needs_display_zone: Whether the calendar has a zone to show times in UTC in, and these may be such.
    """

    clock: Clock
    is_floating: bool = False
    needs_display_zone: bool = False


class TimeArrays:
    """The times of some events, by the number of the line in `ScannedLines.lines`.

    The three arrays are there only if there are `indices`.

    Attributes:
        indices: The events; none where they are so few that reading them one by one takes less time.
        local_times: As written.
        notations: A number for the clock by which the time is written; -1 where the time is not read here.
        without_transition: Whether the time is read here and no transition is near it.
    """

    def __init__(self, split_calendar: SplitCalendar, clocks: CalendarClocks, indices: list[int]) -> None:
        self._clocks = clocks
        self._number_by_text: dict[tuple[bytes, bool], int] = {}
        self._notations: list[_Notation] = []
        self._number_by_notation: dict[_Notation, int] = {}
        # Two mappings, not one to pairs: thousands of new objects would start the garbage collector.
        self._local_time_by_line: dict[int, datetime] = {}
        self._notation_by_line: dict[int, int] = {}
        self.indices = indices if len(indices) >= _MIN_EVENTS else []
        if self.indices:
            self._read(split_calendar)

    def _read(self, split_calendar: SplitCalendar) -> None:
        plain = _find_plain_times(split_calendar, split_calendar.scanned.table[self.indices][:, _NAMES])
        numbers = [self._notation_number(*notation) for notation in plain.notations]
        check_time_limit()
        size = len(split_calendar.scanned.lines.starts)
        self.local_times: LocalTimeArray = np.zeros(size, "M8[s]")
        self.local_times[plain.lines] = plain.local_times
        self.notations = np.full(size, -1, np.intp)
        self.notations[plain.lines] = numbers
        self.without_transition = self._mark_without_transition()
        lines = plain.lines.tolist()
        self._local_time_by_line = dict(
            zip(lines, cast(list[datetime], plain.local_times.tolist()), strict=True)
        )
        self._notation_by_line = dict(zip(lines, numbers, strict=True))

    def time_on_line(self, line: int) -> ClockTime | None:
        """Return the time on a line; None where it must be read by itself."""
        number = self._notation_by_line.get(line, -1)
        if number < 0:
            return None
        notation = self._notations[number]
        if notation.needs_display_zone:
            return None
        return ClockTime(self._local_time_by_line[line], notation.clock, notation.is_floating)

    def _mark_without_transition(self) -> BoolArray:
        days = self.local_times.astype("M8[D]")
        without_transition = np.zeros(len(days), np.bool_)
        # Grouped by sorting: to search all lines for each of ten thousand zones costs their product.
        order = np.argsort(self.notations, kind="stable")
        bounds = np.searchsorted(self.notations[order], np.arange(len(self._notations) + 1)).tolist()
        for number, notation in enumerate(self._notations):
            lines_of_notation = order[bounds[number] : bounds[number + 1]]
            years = np.unique(days[lines_of_notation].astype("M8[Y]").view(np.int64) + _EPOCH).tolist()
            without_transition[lines_of_notation] = ~np.isin(
                days[lines_of_notation].view(np.int64), _transition_day_numbers(notation.clock, tuple(years))
            )
        return without_transition

    def _notation_number(self, parameters: bytes, in_utc: bool) -> int:
        """The number of a notation, -1 for times that must be read one by one."""
        written = (parameters, in_utc)
        if written not in self._number_by_text:
            notation = self._read_notation(parameters, in_utc)
            if notation is not None and notation not in self._number_by_notation:
                self._number_by_notation[notation] = len(self._notations)
                self._notations.append(notation)
            self._number_by_text[written] = -1 if notation is None else self._number_by_notation[notation]
        return self._number_by_text[written]

    def _read_notation(self, parameters: bytes, in_utc: bool) -> _Notation | None:
        has_display_zone = self._clocks.display_zone is not None
        if in_utc and parameters:
            return None
        if in_utc:
            clock = self._clocks.floating if has_display_zone else self._clocks.utc
            return _Notation(clock, needs_display_zone=has_display_zone)
        if not parameters:
            return _Notation(self._clocks.floating, is_floating=True)
        # Folded lines and overrides with RANGE are read one by one.
        if b"\n" in parameters or b"RANGE" in parameters.upper():
            return None
        try:
            named_clock = self._clocks.clock_for_parameters(parameters.decode())
        except (EventNeedsFullParser, ValueError):
            return None
        return _Notation(named_clock, needs_display_zone=has_display_zone) if named_clock else None


@lru_cache(maxsize=256)
def _transition_day_numbers(clock: Clock, years: tuple[int, ...]) -> NDArray[np.int64]:
    """The days of these years near which there is a transition, counted from 1970."""
    days = [np.datetime64(day, "D") for year in years for day in clock.transition_days(year)]
    return np.array(days, "M8[D]").view(np.int64)


class _PlainTimes(NamedTuple):
    """The lines with a plain time, one in each row.

    Attributes:
        lines: Their numbers.
        notations: The parameters as they are written, and whether there is a Z.
    """

    lines: IntArray
    local_times: LocalTimeArray
    notations: list[tuple[bytes, bool]]


def _find_plain_times(split_calendar: SplitCalendar, lines: IntArray) -> _PlainTimes:
    lines = lines[lines >= 0]
    begins, ends = split_calendar.value_starts[lines], split_calendar.scanned.lines.end[lines]
    ends = ends - (split_calendar.content[ends - 1] == CR)
    in_utc = split_calendar.content[ends - 1] == _Z
    values = ends - in_utc - len(_PATTERN)
    digits = split_calendar.content[values[:, np.newaxis] + np.arange(len(_PATTERN))]
    local_times, exist = _parse_local_times(digits)
    plain = exist & (begins < values) & (split_calendar.content[values - 1] == _COLON)
    parameters = zip(
        begins[plain].tolist(), (values[plain] - 1).tolist(), in_utc[plain].tolist(), strict=True
    )
    notations = [(split_calendar.data[begin:end], utc) for begin, end, utc in parameters]
    return _PlainTimes(lines[plain], local_times[plain], notations)


def _parse_local_times(written: NDArray[np.uint8]) -> tuple[LocalTimeArray, BoolArray]:
    """The times whose 15 characters are given, one in each row; and whether there is such a time."""
    digits = np.delete(written, _T_AT, axis=1) - np.uint8(_ZERO)
    days, times = digits[:, :_T_AT] @ _DAY_WEIGHTS, digits[:, _T_AT:] @ _TIME_WEIGHTS
    years, months, of_month = days // 10_000, days // 100 % 100, days % 100
    hours, minutes, seconds = times // 10_000, times // 100 % 100, times % 100
    exist = (digits <= _NINE - _ZERO).all(axis=1) & (written[:, _T_AT] == _T)
    exist &= (years > MIN_SAFE_YEAR) & (years < MAX_SAFE_YEAR) & (months > 0) & (months <= 12)
    exist &= (hours < 24) & (minutes < 60) & (seconds < 60)
    month = ((years - _EPOCH) * 12 + months - 1).astype("M8[M]")
    first, following = month.astype("M8[D]"), (month + 1).astype("M8[D]")
    day = first + (of_month - 1)
    exist &= (of_month > 0) & (day < following)
    return day.astype("M8[s]") + (hours * 3600 + minutes * 60 + seconds), exist
