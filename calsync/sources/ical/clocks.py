"""How a zone's clock runs on a day: nearly every day it does not change, and sums are simple.

And which clocks the times of a calendar go by.
"""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from icalendar.prop import vDDDTypes

from calsync.model.wall import placed
from calsync.sources.ical.lines import time_line
from calsync.sources.ical.skim import OddError
from calsync.sources.ical.vtimezone import CalendarZone
from calsync.sources.ical.zones import Zones

_DAY = timedelta(days=1)


class Clock:
    """A zone's clock. A day is calm if the clock changes neither on it nor on the days beside it."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._years: dict[int, frozenset[date]] = {}
        self._offsets: dict[date, timedelta | None] = {}
        self._written: dict[timedelta, tuple[tzinfo, str]] = {}

    def is_calm(self, wall: datetime) -> bool:
        """Whether the clock runs evenly around a wall time."""
        restless = self.restless(wall.year)
        return not restless or wall.date() not in restless

    def restless(self, year: int) -> frozenset[date]:
        """The days of a year that are not calm."""
        restless = self._years.get(year)
        if restless is None:
            restless = self._years[year] = _restless(self.zone, year)
        return restless

    def offset(self, wall: datetime) -> timedelta | None:
        """The offset from UTC on a calm day; None on another, where it takes more thought."""
        day = wall.date()
        offset = self._offsets.get(day)
        if offset is None and day not in self._offsets:
            self._offsets[day] = offset = self.zone.utcoffset(wall) if self.is_calm(wall) else None
        return offset

    def written(self, offset: timedelta) -> tuple[tzinfo, str]:
        """What a time with this offset is given as its zone, and what is written after it: `+01:00`.

        For a calendar's own zone that is the offset: to ask such a zone takes long, and all who come after
        us ask.
        """
        written = self._written.get(offset)
        if written is None:
            fixed = timezone(offset)
            zone = fixed if isinstance(self.zone, CalendarZone) else self.zone
            suffix = datetime(2000, 1, 1, tzinfo=fixed).isoformat()[19:]
            written = self._written[offset] = zone, suffix
        return written


@lru_cache(maxsize=256)
def clock_of(zone: tzinfo) -> Clock:
    """The clock of a zone, the same one each time: all calendars of a night ask for the same days."""
    return Clock(zone)


class At(NamedTuple):
    """A time by a clock, or the midnight that a date begins with; clock: None for a date.

    floats: whether no zone is written, so that it is the floating one or that of DTSTART.
    """

    wall: datetime
    clock: Clock | None
    floats: bool = False

    @property
    def aware(self) -> datetime:
        """The time with its zone; a date's midnight has none."""
        return placed(self.wall, self.clock.zone) if self.clock else self.wall

    @property
    def moment(self) -> date:
        """The same as the exact path has it: a date, or an aware datetime."""
        return self.aware if self.clock else self.wall.date()


class Clocks:
    """The clocks of one calendar.

    floating: that of times without a zone. wall: the zone that the calendar asks to be shown in, or None.
    """

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._by_parameters: dict[str, Clock | None] = {}
        self.wall = zones.wall
        self.floating = clock_of(zones.floating)
        self.utc = clock_of(vDDDTypes.from_ical("20000101T000000Z").tzinfo)  # type: ignore[no-untyped-call]

    def named(self, parameters: str) -> Clock | None:
        """The clock that a time's parameters name, None where they name none; raises OddError in doubt."""
        if parameters not in self._by_parameters:
            if parameters[:1] not in ("", ";"):
                raise OddError
            tzid = time_line("", f"{parameters}:").tzid
            zone = self._zones.sure(tzid) if tzid else None
            if tzid and zone is None:
                raise OddError
            self._by_parameters[parameters] = clock_of(zone) if zone else None
        return self._by_parameters[parameters]


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
