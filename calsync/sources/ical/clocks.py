"""How a zone's clock runs on a day: nearly every day it does not change, and sums are simple."""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from calsync.sources.ical.vtimezone import CalendarZone

_DAY = timedelta(days=1)


class Clock:
    """A zone's clock. A day is calm if the clock changes neither on it nor on the days beside it."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._years: dict[int, frozenset[date]] = {}
        self._offsets: dict[date, timedelta | None] = {}
        # What a calendar's own zone is asked for its offset takes long, and all who come after us ask.
        self._fixed: dict[timedelta, tzinfo] | None = {} if isinstance(zone, CalendarZone) else None

    def is_calm(self, wall: datetime) -> bool:
        """Whether the clock runs evenly around a wall time."""
        year = wall.year
        restless = self._years.get(year)
        if restless is None:
            restless = self._years[year] = _restless(self.zone, year)
        return not restless or wall.date() not in restless

    def offset(self, wall: datetime) -> timedelta | None:
        """The offset from UTC on a calm day; None on another, where it takes more thought."""
        day = wall.date()
        offset = self._offsets.get(day)
        if offset is None and day not in self._offsets:
            self._offsets[day] = offset = self.zone.utcoffset(wall) if self.is_calm(wall) else None
        return offset

    def aware(self, wall: datetime, offset: timedelta) -> datetime:
        """A wall time that has this offset, with its zone, or with the offset for a calendar's own zone."""
        if self._fixed is None:
            return wall.replace(tzinfo=self.zone)
        if offset not in self._fixed:
            self._fixed[offset] = timezone(offset)
        return wall.replace(tzinfo=self._fixed[offset])


@lru_cache(maxsize=4096)
def _restless(zone: tzinfo, year: int) -> frozenset[date]:
    """The days of a year that are not calm."""
    first = datetime(year, 1, 1) - 2 * _DAY  # noqa: DTZ001 - wall-clock time
    if isinstance(zone, CalendarZone):
        changes = zone.changes(first, first + 370 * _DAY)
    else:
        days = [first + number * _DAY for number in range(371)]
        offsets = [zone.utcoffset(day) for day in days]
        changes = [
            day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after
        ]
    return frozenset((day + near * _DAY).date() for day in changes for near in (-2, -1, 0, 1, 2))
