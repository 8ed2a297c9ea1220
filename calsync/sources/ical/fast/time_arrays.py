"""The times of all events at once, as far as they are written as nearly all are: 20250101T090000, perhaps Z.

One in doubt is left to whoever reads it by itself.
"""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.fast.clocks import CalendarClocks, Clock, ClockTime
from calsync.sources.ical.fast.scan_lines import (
    CR,
    DTEND,
    DTSTART,
    RECURRENCE_ID,
    BoolArray,
    EventNeedsFullParser,
    IntArray,
)
from calsync.sources.ical.fast.split_events import SplitCalendar

MIN_SAFE_YEAR, MAX_SAFE_YEAR = 1000, 3000
"""Between them no sum about a time leaves the calendar."""
LocalTimeArray = NDArray[np.datetime64]
_NAMES = [DTSTART, DTEND, RECURRENCE_ID]
_PATTERN = b"20250101T090000"
_T_AT = _PATTERN.index(b"T")
_DAY_WEIGHTS, _TIME_WEIGHTS = 10 ** np.arange(7, -1, -1), 10 ** np.arange(5, -1, -1)
_ZERO, _NINE, _T, _Z, _COLON = b"09TZ:"
_EPOCH = 1970
_MIN_EVENTS = 100


class _Notation(NamedTuple):
    """By which clock times are written. shown: whether they are to be shown by another one."""

    clock: Clock
    is_floating: bool = False
    needs_display_zone: bool = False


class TimeArrays:
    """Of some events of a calendar, by the number of the line.

    places: the events; none where they are so few that each is sooner read by itself. walls: by the clock
    that is written. kinds: which go by the same clock, -1 where the line is in doubt. calm: whether the
    time is known, and its clock runs evenly around it.
    """

    def __init__(self, split_calendar: SplitCalendar, clocks: CalendarClocks, indices: list[int]) -> None:
        self._clocks = clocks
        self._number_by_text: dict[tuple[bytes, bool], int] = {}
        self._notations: list[_Notation] = []
        self._number_by_notation: dict[_Notation, int] = {}
        # Not one mapping to pairs: thousands of new objects would call the garbage collector.
        self._local_time_by_line: dict[int, datetime] = {}
        self._notation_by_line: dict[int, int] = {}
        self.indices = indices if len(indices) >= _MIN_EVENTS else []
        if self.indices:
            self._read(split_calendar)

    def _read(self, split_calendar: SplitCalendar) -> None:
        plain = _find_plain_times(split_calendar, split_calendar.scanned.table[self.indices][:, _NAMES])
        kinds = [self._notation_number(*notation_text) for notation_text in plain.notations]
        check_time_limit()
        size = len(split_calendar.scanned.lines.starts)
        self.local_times: LocalTimeArray = np.zeros(size, "M8[s]")
        self.local_times[plain.lines] = plain.local_times
        self.notations = np.full(size, -1, np.intp)
        self.notations[plain.lines] = kinds
        self.without_transition = self._mark_without_transition()
        lines = plain.lines.tolist()
        self._local_time_by_line = dict(
            zip(lines, cast(list[datetime], plain.local_times.tolist()), strict=True)
        )
        self._notation_by_line = dict(zip(lines, kinds, strict=True))

    def time_on_line(self, line: int) -> ClockTime | None:
        """The time on a line, None in doubt."""
        number = self._notation_by_line.get(line, -1)
        if number < 0 or self._notations[number].needs_display_zone:
            return None
        kind = self._notations[number]
        return ClockTime(self._local_time_by_line[line], kind.clock, kind.is_floating)

    def _mark_without_transition(self) -> BoolArray:
        days = self.local_times.astype("M8[D]")
        calm = np.zeros(len(days), np.bool_)
        # Grouped by sorting: looking through all lines for each of ten thousand zones costs their product.
        order = np.argsort(self.notations, kind="stable")
        bounds = np.searchsorted(self.notations[order], np.arange(len(self._notations) + 1)).tolist()
        for number, kind in enumerate(self._notations):
            lines_of_notation = order[bounds[number] : bounds[number + 1]]
            years = np.unique(days[lines_of_notation].astype("M8[Y]").view(np.int64) + _EPOCH).tolist()
            calm[lines_of_notation] = ~np.isin(
                days[lines_of_notation].view(np.int64), _transition_day_numbers(kind.clock, tuple(years))
            )
        return calm

    def _notation_number(self, parameters: bytes, in_utc: bool) -> int:
        """The number of a kind, -1 in doubt."""
        notation_text = (parameters, in_utc)
        if notation_text not in self._number_by_text:
            kind = self._read_notation(parameters, in_utc)
            if kind is not None and kind not in self._number_by_notation:
                self._number_by_notation[kind] = len(self._notations)
                self._notations.append(kind)
            self._number_by_text[notation_text] = -1 if kind is None else self._number_by_notation[kind]
        return self._number_by_text[notation_text]

    def _read_notation(self, parameters: bytes, in_utc: bool) -> _Notation | None:
        shown = self._clocks.display_zone is not None
        if in_utc and parameters:
            return None
        if in_utc:
            return _Notation(self._clocks.floating if shown else self._clocks.utc, needs_display_zone=shown)
        if not parameters:
            return _Notation(self._clocks.floating, is_floating=True)
        # A folded line, and the RANGE of an override, are for whoever reads it by itself.
        if b"\n" in parameters or b"RANGE" in parameters.upper():
            return None
        try:
            named = self._clocks.clock_for_parameters(parameters.decode())
        except (EventNeedsFullParser, ValueError):
            return None
        return _Notation(named, needs_display_zone=shown) if named else None


@lru_cache(maxsize=256)
def _transition_day_numbers(clock: Clock, years: tuple[int, ...]) -> NDArray[np.int64]:
    """The days of these years that are not calm, counted from 1970."""
    days = [np.datetime64(day, "D") for year in years for day in clock.transition_days(year)]
    return np.array(days, "M8[D]").view(np.int64)


class _PlainTimes(NamedTuple):
    """The lines whose time is plainly written. said: its parameters, and whether there is a Z."""

    lines: IntArray
    local_times: LocalTimeArray
    notations: list[tuple[bytes, bool]]


def _find_plain_times(split_calendar: SplitCalendar, lines: IntArray) -> _PlainTimes:
    lines = lines[lines >= 0]
    begins, ends = split_calendar.value_starts[lines], split_calendar.scanned.lines.end[lines]
    ends = ends - (split_calendar.content[ends - 1] == CR)
    in_utc = split_calendar.content[ends - 1] == _Z
    values = ends - in_utc - len(_PATTERN)
    written = split_calendar.content[values[:, np.newaxis] + np.arange(len(_PATTERN))]
    walls, exist = _parse_local_times(written)
    sound = exist & (begins < values) & (split_calendar.content[values - 1] == _COLON)
    places = zip(begins[sound].tolist(), (values[sound] - 1).tolist(), in_utc[sound].tolist(), strict=True)
    notation_text = [(split_calendar.data[begin:end], utc) for begin, end, utc in places]
    return _PlainTimes(lines[sound], walls[sound], notation_text)


def _parse_local_times(written: NDArray[np.uint8]) -> tuple[LocalTimeArray, BoolArray]:
    """The times that are written, one in a row, and whether there is such a time."""
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
