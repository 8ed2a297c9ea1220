"""Which zone a TZID means in one calendar; nothing is remembered from one calendar to the next.

1. The file's own VTIMEZONE (RFC 5545, 3.6.5), unless it has the name of an IANA zone and agrees with it
   around the window: then IANA's zone, which is faster and has a name.
2. A name that means one zone only: IANA's names, Windows' names, offsets.
3. What the name most likely means, and a note.
4. Otherwise the manager's own zone, and a problem.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.structure import Block, CalendarText
from calsync.sources.ical.vtimezone import CalendarZone, ZoneError, read_zone
from calsync.sources.ical.zone_names import exact_zone, guessed_zone, iana_zone
from calsync.text import count_of

_HEADER = frozenset({"X-WR-TIMEZONE", "TIMEZONE-ID"})
_LONGEST = 80
# The years for which a definition is compared with IANA's data: before and after them nobody has meetings.
_EARLIEST, _LATEST = 1950, 2099
_WINTER = datetime(2024, 1, 15)  # noqa: DTZ001 - wall-clock time


class _Doubt(Enum):
    """Why a zone is worth a word, and what the word is; %(…)s are the name, the events and the zone."""

    UNKNOWN = "time zone %(name)s is unknown; %(events)s read as %(zone)s"
    GUESSED = "time zone %(name)s was taken for %(zone)s; %(events)s read so"
    REDEFINED = (
        "time zone %(name)s is defined in the file otherwise than usual; %(events)s read as the file has it"
    )


class ZoneReport:
    """Counts the events of one file whose zone is in doubt; one problem for each zone."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._events: dict[tuple[_Doubt, str, str], int] = {}

    def add(self, doubt: _Doubt, name: str, zone: str, events: int) -> None:
        """Count events that use a zone; 0 where it is the calendar that names it (X-WR-TIMEZONE)."""
        key = (doubt, name, zone)
        self._events[key] = self._events.get(key, 0) + events

    def problems(self) -> list[Problem]:
        """The problems, in the order in which the zones were met."""
        return [self._problem(*key, events) for key, events in self._events.items()]

    def _problem(self, doubt: _Doubt, name: str, zone: str, events: int) -> Problem:
        counted = f"the times of {count_of(events, 'event')} were" if events else "times without a zone were"
        words = {"name": repr(name[:_LONGEST]), "zone": zone, "events": counted}
        severity = Severity.FAULT if doubt is _Doubt.UNKNOWN else Severity.NOTE
        hint = "choose a named time zone in the calendar, or check that these times are right"
        return Problem(self.where, doubt.value % words, hint, severity)


class Zones:
    """The zones of one VCALENDAR; `problems` names its broken definitions, `report` counts zones in doubt.

    floating: for times without a zone. wall: the zone that the calendar asks to be shown in
    (X-WR-TIMEZONE), or None; then times in UTC are shown in it, as recurring-ical-events does. own: the
    definitions of the file that count.
    """

    def __init__(self, calendar: CalendarText, default: ZoneInfo, report: ZoneReport, window: Span) -> None:
        self.default = default
        self.problems: list[Problem] = []
        self.report = report
        self._where = report.where
        self._years = tuple(
            max(_EARLIEST, min(year, _LATEST)) for year in (window.start.year - 1, window.end.year + 1)
        )
        self._own = self._read_own(calendar.zones)
        self.own = tuple(sorted(zone.text for zone in self._own.values()))
        self._met: dict[str, tuple[tzinfo, _Doubt | None]] = {}
        self.wall = self._wanted(calendar.header)

    @property
    def floating(self) -> tzinfo:
        """The zone of times that name none."""
        return self.wall or self.default

    @property
    def local(self) -> tuple[tzinfo, ...]:
        """The zones in which the file's days may begin, besides the one that a time names."""
        only = tuple(self._own.values()) if len(self._own) == 1 else ()
        return (self.floating, *only)

    def of(self, tzid: str) -> tzinfo:
        """Return the zone of a TZID, a likely one or the manager's where it is in doubt."""
        return self._find(tzid)[0]

    def sure(self, tzid: str) -> tzinfo | None:
        """Return the zone of a TZID, None where there would be something to report about it."""
        zone, doubt = self._find(tzid)
        return zone if doubt is None else None

    def count(self, tzids: Iterable[str]) -> None:
        """Count one event that uses these zones."""
        for tzid in tzids:
            zone, doubt = self._find(tzid)
            if doubt is not None:
                self.report.add(doubt, tzid, _name_of(zone), 1)

    def _find(self, tzid: str) -> tuple[tzinfo, _Doubt | None]:
        if tzid not in self._met:
            self._met[tzid] = self._looked_up(tzid)
        return self._met[tzid]

    def _looked_up(self, tzid: str) -> tuple[tzinfo, _Doubt | None]:
        own = self._own.get(_key(tzid))
        if own is not None:
            return own, _Doubt.REDEFINED if iana_zone(tzid) else None
        if (exact := exact_zone(tzid)) is not None:
            return exact, None
        if (guess := guessed_zone(tzid)) is not None:
            return self._likely(guess), _Doubt.GUESSED
        return self.default, _Doubt.UNKNOWN

    def _likely(self, guess: tzinfo) -> tzinfo:
        """The manager's own zone where all that is known is the offset that it has in winter.

        So it is with a display name in another language.
        """
        if isinstance(guess, timezone) and self.default.utcoffset(_WINTER) == guess.utcoffset(None):
            return self.default
        return guess

    def _wanted(self, header: str) -> tzinfo | None:
        for _, rest in named_lines(header, _HEADER):
            name = rest.rpartition(":")[2].strip()
            if name:
                zone, doubt = self._find(name)
                if doubt is not None:
                    self.report.add(doubt, name, _name_of(zone), 0)
                return zone
        return None

    def _read_own(self, blocks: Iterable[Block]) -> dict[str, CalendarZone]:
        own: dict[str, CalendarZone] = {}
        for block in blocks:
            try:
                name, zone = read_zone(block.text)
            except ZoneError as error:
                self.problems.append(self._bad(block, error))
            else:
                own.setdefault(_key(name), zone)
        return {key: zone for key, zone in own.items() if not _is_iana(key, zone.text, self._years)}

    def _bad(self, block: Block, error: ZoneError) -> Problem:
        names = [rest[1:].strip() for _, rest in named_lines(block.text, frozenset({"TZID"}))]
        name = names[0] if names else ""
        what = f"its time zone {name[:_LONGEST]!r} is broken and was left out: {error}"
        known = bool(name and exact_zone(name))
        hint = "its name is known, so its times are right" if known else "choose a named time zone"
        return Problem(self._where, what, hint, Severity.NOTE if known else Severity.FAULT)


def _key(name: str) -> str:
    """A zone's name as a property has it escaped (`\\,`), and as a parameter has it plain."""
    return name.replace("\\", "").strip().lower()


def _name_of(zone: tzinfo) -> str:
    return str(getattr(zone, "key", zone))


@lru_cache(maxsize=256)
def _is_iana(name: str, text: str, years: tuple[int, ...]) -> bool:
    """Whether a definition has the name of an IANA zone and, in these years, the same offsets.

    Only the years around the window: exporters cut the rules of other times away, and many define only
    today's (Google gives London's rules of 1996 from 1970 on).
    """
    iana = iana_zone(name)
    if iana is None:
        return False
    own = read_zone(text)[1]
    begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (years[0], years[1] + 1))
    moments = [begin + timedelta(hours=12 * half) for half in range((end - begin).days * 2)]
    # To the second at each change that the file has; a change that only IANA has shows half a day later.
    naive = begin.replace(tzinfo=None), end.replace(tzinfo=None)
    for utc in own.changes_utc(*naive):
        moments += [utc.replace(tzinfo=UTC) + timedelta(seconds=second) for second in (-1, 0)]
    return all(at.astimezone(own).utcoffset() == at.astimezone(iana).utcoffset() for at in moments)
