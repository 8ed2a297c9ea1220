"""The times of all events at once, as far as they are written as nearly all are: 20250101T090000, perhaps Z.

One in doubt is left to whoever reads it by itself.
"""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from calsync.model.stopping import check_stopped
from calsync.sources.ical.clocks import At, Clock, Clocks
from calsync.sources.ical.skim import CR, DTEND, DTSTART, RECURRENCE_ID, Marks, Numbers, OddError
from calsync.sources.ical.slices import Slices

FIRST_YEAR, LAST_YEAR = 1000, 3000
"""Between them no sum about a time leaves the calendar."""
Walls = NDArray[np.datetime64]
_NAMES = [DTSTART, DTEND, RECURRENCE_ID]
_PATTERN = b"20250101T090000"
_T_AT = _PATTERN.index(b"T")
_DAY_WEIGHTS, _TIME_WEIGHTS = 10 ** np.arange(7, -1, -1), 10 ** np.arange(5, -1, -1)
_ZERO, _NINE, _T, _Z, _COLON = b"09TZ:"
_EPOCH = 1970
_MANY = 100


class _Kind(NamedTuple):
    """By which clock times are written. shown: whether they are to be shown by another one."""

    clock: Clock
    floats: bool = False
    shown: bool = False


class Times:
    """Of some events of a calendar, by the number of the line.

    places: the events; none where they are so few that each is sooner read by itself. walls: by the clock
    that is written. kinds: which go by the same clock, -1 where the line is in doubt. calm: whether the
    time is known, and its clock runs evenly around it.
    """

    def __init__(self, slices: Slices, clocks: Clocks, places: list[int]) -> None:
        self._clocks = clocks
        self._numbers: dict[tuple[bytes, bool], int] = {}
        self._kinds: list[_Kind] = []
        self._number_of: dict[_Kind, int] = {}
        # Not one mapping to pairs: thousands of new objects would call the garbage collector.
        self._wall_of: dict[int, datetime] = {}
        self._kind_of: dict[int, int] = {}
        self.places = places if len(places) >= _MANY else []
        if self.places:
            self._read(slices)

    def _read(self, slices: Slices) -> None:
        plain = _plain_times(slices, slices.skim.table[self.places][:, _NAMES])
        kinds = [self._number(*said) for said in plain.said]
        check_stopped()
        size = len(slices.skim.lines.at)
        self.walls: Walls = np.zeros(size, "M8[s]")
        self.walls[plain.lines] = plain.walls
        self.kinds = np.full(size, -1, np.intp)
        self.kinds[plain.lines] = kinds
        self.calm = self._calm()
        lines = plain.lines.tolist()
        self._wall_of = dict(zip(lines, cast(list[datetime], plain.walls.tolist()), strict=True))
        self._kind_of = dict(zip(lines, kinds, strict=True))

    def at(self, line: int) -> At | None:
        """The time on a line, None in doubt."""
        number = self._kind_of.get(line, -1)
        if number < 0 or self._kinds[number].shown:
            return None
        kind = self._kinds[number]
        return At(self._wall_of[line], kind.clock, kind.floats)

    def _calm(self) -> Marks:
        days = self.walls.astype("M8[D]")
        calm = np.zeros(len(days), np.bool_)
        # Grouped by sorting: looking through all lines for each of ten thousand zones costs their product.
        order = np.argsort(self.kinds, kind="stable")
        bounds = np.searchsorted(self.kinds[order], np.arange(len(self._kinds) + 1)).tolist()
        for number, kind in enumerate(self._kinds):
            its = order[bounds[number] : bounds[number + 1]]
            years = np.unique(days[its].astype("M8[Y]").view(np.int64) + _EPOCH).tolist()
            calm[its] = ~np.isin(days[its].view(np.int64), _restless_days(kind.clock, tuple(years)))
        return calm

    def _number(self, parameters: bytes, in_utc: bool) -> int:
        """The number of a kind, -1 in doubt."""
        said = (parameters, in_utc)
        if said not in self._numbers:
            kind = self._kind(parameters, in_utc)
            if kind is not None and kind not in self._number_of:
                self._number_of[kind] = len(self._kinds)
                self._kinds.append(kind)
            self._numbers[said] = -1 if kind is None else self._number_of[kind]
        return self._numbers[said]

    def _kind(self, parameters: bytes, in_utc: bool) -> _Kind | None:
        shown = self._clocks.wall is not None
        if in_utc and parameters:
            return None
        if in_utc:
            return _Kind(self._clocks.floating if shown else self._clocks.utc, shown=shown)
        if not parameters:
            return _Kind(self._clocks.floating, floats=True)
        # A folded line, and the RANGE of an override, are for whoever reads it by itself.
        if b"\n" in parameters or b"RANGE" in parameters.upper():
            return None
        try:
            named = self._clocks.named(parameters.decode())
        except (OddError, ValueError):
            return None
        return _Kind(named, shown=shown) if named else None


@lru_cache(maxsize=256)
def _restless_days(clock: Clock, years: tuple[int, ...]) -> NDArray[np.int64]:
    """The days of these years that are not calm, counted from 1970."""
    days = [np.datetime64(day, "D") for year in years for day in clock.restless(year)]
    return np.array(days, "M8[D]").view(np.int64)


class _Plain(NamedTuple):
    """The lines whose time is plainly written. said: its parameters, and whether there is a Z."""

    lines: Numbers
    walls: Walls
    said: list[tuple[bytes, bool]]


def _plain_times(slices: Slices, lines: Numbers) -> _Plain:
    lines = lines[lines >= 0]
    begins, ends = slices.begins[lines], slices.skim.lines.end[lines]
    ends = ends - (slices.content[ends - 1] == CR)
    in_utc = slices.content[ends - 1] == _Z
    values = ends - in_utc - len(_PATTERN)
    written = slices.content[values[:, np.newaxis] + np.arange(len(_PATTERN))]
    walls, exist = _walls(written)
    sound = exist & (begins < values) & (slices.content[values - 1] == _COLON)
    places = zip(begins[sound].tolist(), (values[sound] - 1).tolist(), in_utc[sound].tolist(), strict=True)
    said = [(slices.data[begin:end], utc) for begin, end, utc in places]
    return _Plain(lines[sound], walls[sound], said)


def _walls(written: NDArray[np.uint8]) -> tuple[Walls, Marks]:
    """The times that are written, one in a row, and whether there is such a time."""
    digits = np.delete(written, _T_AT, axis=1) - np.uint8(_ZERO)
    days, times = digits[:, :_T_AT] @ _DAY_WEIGHTS, digits[:, _T_AT:] @ _TIME_WEIGHTS
    years, months, of_month = days // 10_000, days // 100 % 100, days % 100
    hours, minutes, seconds = times // 10_000, times // 100 % 100, times % 100
    exist = (digits <= _NINE - _ZERO).all(axis=1) & (written[:, _T_AT] == _T)
    exist &= (years > FIRST_YEAR) & (years < LAST_YEAR) & (months > 0) & (months <= 12)
    exist &= (hours < 24) & (minutes < 60) & (seconds < 60)
    month = ((years - _EPOCH) * 12 + months - 1).astype("M8[M]")
    first, following = month.astype("M8[D]"), (month + 1).astype("M8[D]")
    day = first + (of_month - 1)
    exist &= (of_month > 0) & (day < following)
    return day.astype("M8[s]") + (hours * 3600 + minutes * 60 + seconds), exist
