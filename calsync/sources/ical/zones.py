"""The zone of a TZID in one calendar, independent of all other calendars.

1. The file's own VTIMEZONE (RFC 5545, 3.6.5), unless it has the name of an IANA zone and the same offsets
around the
   window: then IANA's zone, which is faster and has a name.
2. A name that means one zone only: IANA's names, Windows' names, offsets.
3. The zone that the name most likely means, and a note.
4. Otherwise the manager's own zone, and a problem.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources.ical.components import CalendarText, ComponentText
from calsync.sources.ical.content_lines import find_lines
from calsync.sources.ical.vtimezone import CalendarZone, ZoneError, read_vtimezone
from calsync.sources.zone_names import find_exact_zone, find_iana_zone, guess_zone
from calsync.text import format_count

_HEADER = frozenset({"X-WR-TIMEZONE", "TIMEZONE-ID"})
_MAX_SHOWN_LENGTH = 80
# Years of the window in which a definition is compared with IANA's data: nobody has meetings outside them.
_MIN_YEAR, _MAX_YEAR = 1950, 2099
_WINTER = datetime(2024, 1, 15)  # noqa: DTZ001 - wall-clock time


class _Doubt(Enum):
    """Why a zone is reported, with the text of the problem; %(…)s are the name, the events and the zone."""

    UNKNOWN = "time zone %(name)s is unknown; %(events)s read as %(zone)s"
    GUESSED = "time zone %(name)s was taken for %(zone)s; %(events)s read so"
    REDEFINED = (
        "time zone %(name)s is defined in the file otherwise than usual; %(events)s read as the file has it"
    )


class ZoneReport:
    """Counts the events of one file whose zone is in doubt, for one problem for each zone."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._events: dict[tuple[_Doubt, str, str], int] = {}

    def count_events(self, doubt: _Doubt, name: str, zone: str, events: int) -> None:
        """Count events that use a zone; 0 where the calendar itself names it (X-WR-TIMEZONE)."""
        key = (doubt, name, zone)
        self._events[key] = self._events.get(key, 0) + events

    def problems(self) -> list[Problem]:
        """Return the problems, in the order in which the zones were counted."""
        return [self._problem(*key, events) for key, events in self._events.items()]

    def _problem(self, doubt: _Doubt, name: str, zone: str, events: int) -> Problem:
        counted = (
            f"the times of {format_count(events, 'event')} were" if events else "times without a zone were"
        )
        values = {"name": repr(name[:_MAX_SHOWN_LENGTH]), "zone": zone, "events": counted}
        severity = Severity.FAULT if doubt is _Doubt.UNKNOWN else Severity.NOTE
        hint = "choose a named time zone in the calendar, or check that these times are right"
        return Problem(self.where, doubt.value % values, hint, severity)


class Zones:
    """The zones of one VCALENDAR.

    Attributes:
        default: The manager's zone.
        display_zone: The zone of X-WR-TIMEZONE, in which times in UTC are shown, as by recurring-ical-events;
            or None.
        own_definitions: The texts of the VTIMEZONEs that are used.
        problems: Broken VTIMEZONEs.
        report: Counts the events whose zone is in doubt.
    """

    def __init__(self, calendar: CalendarText, default: ZoneInfo, report: ZoneReport, window: Span) -> None:
        """Read the zones of a calendar.

        Args:
            default: The zone of times without a zone or with an unknown one.
            window: The time around which a VTIMEZONE is compared with IANA's zone of its name.
        """
        self.default = default
        self.problems: list[Problem] = []
        self.report = report
        self._where = report.where
        self._years = tuple(
            max(_MIN_YEAR, min(year, _MAX_YEAR)) for year in (window.start.year - 1, window.end.year + 1)
        )
        self._own_zones = self._read_own_zones(calendar.zones)
        self.own_definitions = tuple(sorted(zone.text for zone in self._own_zones.values()))
        self._found_zones: dict[str, tuple[tzinfo, _Doubt | None]] = {}
        self.display_zone = self._read_display_zone(calendar.header)

    @property
    def floating(self) -> tzinfo:
        """The zone of times that name none."""
        return self.display_zone or self.default

    @property
    def midnight_zones(self) -> tuple[tzinfo, ...]:
        """The zones at whose midnights days of the file may begin, next to the zone of the time itself."""
        only = tuple(self._own_zones.values()) if len(self._own_zones) == 1 else ()
        return (self.floating, *only)

    def zone_of(self, tzid: str) -> tzinfo:
        """Return the zone of a TZID; where that is in doubt the likely one, or the manager's."""
        return self._zone_and_doubt(tzid)[0]

    def certain_zone(self, tzid: str) -> tzinfo | None:
        """Return the zone of a TZID, None where there would be something to report about it."""
        zone, doubt = self._zone_and_doubt(tzid)
        return zone if doubt is None else None

    def count_event(self, tzids: Iterable[str]) -> None:
        """Count one event that uses these zones."""
        for tzid in tzids:
            zone, doubt = self._zone_and_doubt(tzid)
            if doubt is not None:
                self.report.count_events(doubt, tzid, _zone_name(zone), 1)

    def _zone_and_doubt(self, tzid: str) -> tuple[tzinfo, _Doubt | None]:
        if tzid not in self._found_zones:
            self._found_zones[tzid] = self._look_up(tzid)
        return self._found_zones[tzid]

    def _look_up(self, tzid: str) -> tuple[tzinfo, _Doubt | None]:
        own = self._own_zones.get(_zone_key(tzid))
        if own is not None:
            return own, _Doubt.REDEFINED if find_iana_zone(tzid) else None
        if (exact := find_exact_zone(tzid)) is not None:
            return exact, None
        if (guess := guess_zone(tzid)) is not None:
            return self._prefer_default(guess), _Doubt.GUESSED
        return self.default, _Doubt.UNKNOWN

    def _prefer_default(self, guess: tzinfo) -> tzinfo:
        """Return the manager's own zone for a guess that is only an offset, if it has that offset in winter.

        A display name in another language gives an offset only.
        """
        if isinstance(guess, timezone) and self.default.utcoffset(_WINTER) == guess.utcoffset(None):
            return self.default
        return guess

    def _read_display_zone(self, header: str) -> tzinfo | None:
        for _, rest in find_lines(header, _HEADER):
            name = rest.rpartition(":")[2].strip()
            if name:
                zone, doubt = self._zone_and_doubt(name)
                if doubt is not None:
                    self.report.count_events(doubt, name, _zone_name(zone), 0)
                return zone
        return None

    def _read_own_zones(self, components: Iterable[ComponentText]) -> dict[str, CalendarZone]:
        zones: dict[str, CalendarZone] = {}
        for component in components:
            try:
                name, zone = read_vtimezone(component.text)
            except ZoneError as error:
                self.problems.append(self._broken_zone_problem(component, error))
            else:
                zones.setdefault(_zone_key(name), zone)
        return {
            key: zone for key, zone in zones.items() if not _agrees_with_iana(key, zone.text, self._years)
        }

    def _broken_zone_problem(self, component: ComponentText, error: ZoneError) -> Problem:
        names = [rest[1:].strip() for _, rest in find_lines(component.text, frozenset({"TZID"}))]
        name = names[0] if names else ""
        what = f"its time zone {name[:_MAX_SHOWN_LENGTH]!r} is broken and was left out: {error}"
        is_known = bool(name and find_exact_zone(name))
        hint = "its name is known, so its times are right" if is_known else "choose a named time zone"
        return Problem(self._where, what, hint, Severity.NOTE if is_known else Severity.FAULT)


def _zone_key(name: str) -> str:
    """The name of a zone in one form: in a property it is escaped (`\\,`), in a parameter it is not."""
    return name.replace("\\", "").strip().lower()


def _zone_name(zone: tzinfo) -> str:
    return str(getattr(zone, "key", zone))


@lru_cache(maxsize=256)
def _agrees_with_iana(name: str, text: str, years: tuple[int, ...]) -> bool:
    """Whether a definition has the name of an IANA zone and, in these years, the same offsets.

    Only the years around the window: exporters leave out the rules of other times, and many define only
    today's (Google writes London's rules of 1996 for 1970 on).
    """
    iana = find_iana_zone(name)
    if iana is None:
        return False
    own = read_vtimezone(text)[1]
    begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (years[0], years[1] + 1))
    moments = [begin + timedelta(hours=12 * half) for half in range((end - begin).days * 2)]
    # And the seconds around each transition of the file. One that only IANA has is found at the next of the
    # moments above.
    for transition in own.utc_transitions(begin.replace(tzinfo=None), end.replace(tzinfo=None)):
        moments += [transition.replace(tzinfo=UTC) + timedelta(seconds=second) for second in (-1, 0)]
    return all(
        moment.astimezone(own).utcoffset() == moment.astimezone(iana).utcoffset() for moment in moments
    )
