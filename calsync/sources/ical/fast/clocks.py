"""How a zone's clock runs on a day: nearly every day it does not change, and sums are simple.

And which clocks the times of a calendar go by.
"""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from icalendar.prop import vDDDTypes

from calsync.model.localtime import localize
from calsync.sources.ical.content_lines import parse_time_line
from calsync.sources.ical.fast.scan_lines import EventNeedsFullParser
from calsync.sources.ical.vtimezone import CalendarZone
from calsync.sources.ical.zones import Zones

_DAY = timedelta(days=1)


class Clock:
    """A zone's clock. A day is calm if the clock changes neither on it nor on the days beside it."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._transition_days: dict[int, frozenset[date]] = {}
        self._offsets: dict[date, timedelta | None] = {}
        self._zones_and_suffixes: dict[timedelta, tuple[tzinfo, str]] = {}

    def is_without_transition(self, local_time: datetime) -> bool:
        """Whether the clock runs evenly around a wall time."""
        transition_days = self.transition_days(local_time.year)
        return not transition_days or local_time.date() not in transition_days

    def transition_days(self, year: int) -> frozenset[date]:
        """The days of a year that are not calm."""
        transition_days = self._transition_days.get(year)
        if transition_days is None:
            transition_days = self._transition_days[year] = _find_transition_days(self.zone, year)
        return transition_days

    def offset_without_transition(self, local_time: datetime) -> timedelta | None:
        """The offset from UTC on a calm day; None on another, where it takes more thought."""
        day = local_time.date()
        offset = self._offsets.get(day)
        if offset is None and day not in self._offsets:
            self._offsets[day] = offset = (
                self.zone.utcoffset(local_time) if self.is_without_transition(local_time) else None
            )
        return offset

    def zone_and_suffix(self, offset: timedelta) -> tuple[tzinfo, str]:
        """What a time with this offset is given as its zone, and what is written after it: `+01:00`.

        For a calendar's own zone that is the offset: to ask such a zone takes long, and all who come after
        us ask.
        """
        written = self._zones_and_suffixes.get(offset)
        if written is None:
            fixed = timezone(offset)
            zone = fixed if isinstance(self.zone, CalendarZone) else self.zone
            suffix = datetime(2000, 1, 1, tzinfo=fixed).isoformat()[19:]
            written = self._zones_and_suffixes[offset] = zone, suffix
        return written


@lru_cache(maxsize=256)
def cached_clock(zone: tzinfo) -> Clock:
    """The clock of a zone, the same one each time: all calendars of a night ask for the same days."""
    return Clock(zone)


class ClockTime(NamedTuple):
    """A time by a clock, or the midnight that a date begins with; clock: None for a date.

    floats: whether no zone is written, so that it is the floating one or that of DTSTART.
    """

    local_time: datetime
    clock: Clock | None
    is_floating: bool = False

    @property
    def aware(self) -> datetime:
        """The time with its zone; a date's midnight has none."""
        return localize(self.local_time, self.clock.zone) if self.clock else self.local_time

    @property
    def date_or_time(self) -> date:
        """The same as the exact path has it: a date, or an aware datetime."""
        return self.aware if self.clock else self.local_time.date()


class CalendarClocks:
    """The clocks of one calendar.

    floating: that of times without a zone. wall: the zone that the calendar asks to be shown in, or None.
    """

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._by_parameters: dict[str, Clock | None] = {}
        self.display_zone = zones.display_zone
        self.floating = cached_clock(zones.floating)
        self.utc = cached_clock(vDDDTypes.from_ical("20000101T000000Z").tzinfo)  # type: ignore[no-untyped-call]

    def clock_for_parameters(self, parameters: str) -> Clock | None:
        """The clock that a time's parameters name, None where they name none; raises EventNeedsFullParser in doubt."""
        if parameters not in self._by_parameters:
            if parameters[:1] not in ("", ";"):
                raise EventNeedsFullParser
            tzid = parse_time_line("", f"{parameters}:").tzid
            zone = self._zones.certain_zone(tzid) if tzid else None
            if tzid and zone is None:
                raise EventNeedsFullParser
            self._by_parameters[parameters] = cached_clock(zone) if zone else None
        return self._by_parameters[parameters]


def _find_transition_days(zone: tzinfo, year: int) -> frozenset[date]:
    """The days of a year that are not calm."""
    first = datetime(year, 1, 1) - 2 * _DAY  # noqa: DTZ001 - wall-clock time
    if isinstance(zone, CalendarZone):
        changes = zone.local_transitions(first, first + 370 * _DAY)
    else:
        days = [first + number * _DAY for number in range(371)]
        offsets = [zone.utcoffset(day) for day in days]
        changes = [
            day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after
        ]
    return frozenset((day + near * _DAY).date() for day in changes for near in (-2, -1, 0, 1, 2))
