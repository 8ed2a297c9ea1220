"""The clocks of time zones: near a day without a transition, times are computed by adding and subtracting.

A transition is a change of a zone's offset from UTC. Also: which clock each time of a calendar is written by.
"""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from icalendar.prop import vDDDTypes

from calsync.model.localtime import localize
from calsync.sources.ical.content_lines import parse_time_line
from calsync.sources.ical.fast.errors import EventNeedsFullParser
from calsync.sources.ical.vtimezone import CalendarZone
from calsync.sources.ical.zones import Zones

_DAY = timedelta(days=1)


class Clock:
    """The clock of a zone.

    A day counts as one with a transition if there is a transition on it or on one of the two days before and
    after it, so that no time on another day is near one, in whatever zone it is compared.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._transition_days: dict[int, frozenset[date]] = {}
        self._offsets: dict[date, timedelta | None] = {}
        self._zones_and_suffixes: dict[timedelta, tuple[tzinfo, str]] = {}

    def is_without_transition(self, local_time: datetime) -> bool:
        """Whether no transition is near a local time."""
        transition_days = self.transition_days(local_time.year)
        return not transition_days or local_time.date() not in transition_days

    def transition_days(self, year: int) -> frozenset[date]:
        """Return the days of a year near which there is a transition, computed once."""
        transition_days = self._transition_days.get(year)
        if transition_days is None:
            transition_days = self._transition_days[year] = _find_transition_days(self.zone, year)
        return transition_days

    def offset_without_transition(self, local_time: datetime) -> timedelta | None:
        """Return the offset from UTC on the day of a local time; None near a transition."""
        day = local_time.date()
        offset = self._offsets.get(day)
        if offset is None and day not in self._offsets:
            self._offsets[day] = offset = (
                self.zone.utcoffset(local_time) if self.is_without_transition(local_time) else None
            )
        return offset

    def zone_and_suffix(self, offset: timedelta) -> tuple[tzinfo, str]:
        """Return the zone for a time with this offset, and how the offset is written: `+01:00`.

        For a calendar's own zone (`CalendarZone`) that is a fixed offset: such a zone is slow, and all who
        use the time later call it.
        """
        zone_and_suffix = self._zones_and_suffixes.get(offset)
        if zone_and_suffix is None:
            fixed = timezone(offset)
            zone = fixed if isinstance(self.zone, CalendarZone) else self.zone
            suffix = datetime(2000, 1, 1, tzinfo=fixed).isoformat()[19:]
            zone_and_suffix = self._zones_and_suffixes[offset] = zone, suffix
        return zone_and_suffix


@lru_cache(maxsize=256)
def cached_clock(zone: tzinfo) -> Clock:
    """Return the clock of a zone, the same object each time: all calendars of a night need the same days."""
    return Clock(zone)


class ClockTime(NamedTuple):
    """A time by a clock, or a date.

    Attributes:
        local_time: Naive; of a date its midnight.
        clock: None for a date.
        is_floating: Whether it is written without a zone; then it is in the zone of floating times, or, in
            RECURRENCE-ID and EXDATE, in that of DTSTART.
    """

    local_time: datetime
    clock: Clock | None
    is_floating: bool = False

    @property
    def aware(self) -> datetime:
        """The time with its zone; of a date the naive midnight."""
        return localize(self.local_time, self.clock.zone) if self.clock else self.local_time

    @property
    def date_or_time(self) -> date:
        """The same as the full parser has it: a date, or an aware datetime."""
        return self.aware if self.clock else self.local_time.date()


class CalendarClocks:
    """The clocks of one calendar.

    Attributes:
        floating: The clock of times without a zone.
        utc: The clock of UTC.
        display_zone: The zone in which times in UTC are shown (X-WR-TIMEZONE), or None.
    """

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._by_parameters: dict[str, Clock | None] = {}
        self.display_zone = zones.display_zone
        self.floating = cached_clock(zones.floating)
        self.utc = cached_clock(vDDDTypes.from_ical("20000101T000000Z").tzinfo)  # type: ignore[no-untyped-call]

    def clock_for_parameters(self, parameters: str) -> Clock | None:
        """Return the clock of the TZID among a time's parameters, None where there is no TZID.

        Raises:
            EventNeedsFullParser: The zone is unknown or guessed, so there is something to report.
        """
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
    first = datetime(year, 1, 1) - 2 * _DAY  # noqa: DTZ001 - wall-clock time
    if isinstance(zone, CalendarZone):
        changes = zone.local_transitions(first, first + 370 * _DAY)
    else:
        midnights = [first + number * _DAY for number in range(371)]
        offsets = [zone.utcoffset(midnight) for midnight in midnights]
        changes = [
            midnight
            for midnight, before, after in zip(midnights, offsets, offsets[1:], strict=False)
            if before != after
        ]
    return frozenset((day + days * _DAY).date() for day in changes for days in (-2, -1, 0, 1, 2))
