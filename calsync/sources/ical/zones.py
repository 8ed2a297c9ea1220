"""Which zone a TZID means in one calendar; nothing is remembered from one calendar to the next.

1. A name of IANA's is IANA's zone, whatever the file says of it: exporters cut its rules down.
2. The file's own VTIMEZONE (RFC 5545, 3.6.5), so also for Windows' names.
3. Windows' names, display names, offsets.
4. Otherwise the manager's own zone, and a problem.
"""

from collections.abc import Iterable
from datetime import tzinfo
from zoneinfo import ZoneInfo

from calsync.model.problem import Problem, Severity
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.structure import Block, CalendarText
from calsync.sources.ical.vtimezone import CalendarZone, ZoneError, read_zone
from calsync.sources.ical.zone_names import iana_zone, named_zone

_HEADER = frozenset({"X-WR-TIMEZONE", "TIMEZONE-ID"})


class Zones:
    """The zones of one VCALENDAR; `problems` tells which could not be found.

    floating: for times without a zone. wall: the zone that the calendar asks to be shown in
    (X-WR-TIMEZONE), or None; then times in UTC are shown in it, as recurring-ical-events does. own: the
    definitions of the file that count.
    """

    def __init__(self, calendar: CalendarText, default: ZoneInfo, where: str) -> None:
        self.default = default
        self.problems: list[Problem] = []
        self._where = where
        self._own = self._read_own(calendar.zones)
        self.own = tuple(sorted(zone.text for key, zone in self._own.items() if iana_zone(key) is None))
        self._met: dict[str, tzinfo] = {}
        self.wall = self._wanted(calendar.header)

    @property
    def floating(self) -> tzinfo:
        """The zone of times that name none."""
        return self.wall or self.default

    def of(self, tzid: str) -> tzinfo:
        """The zone of a TZID, each unknown one told of once."""
        if tzid not in self._met:
            self._met[tzid] = self.find(tzid) or self._unknown(tzid)
        return self._met[tzid]

    def find(self, tzid: str) -> tzinfo | None:
        """The zone of a TZID, None for an unknown one; nothing is told."""
        own = self._own.get(_key(tzid))
        return iana_zone(tzid) or own or named_zone(tzid)

    def _unknown(self, tzid: str) -> tzinfo:
        what = f"time zone {tzid[:80]!r} is unknown; its times were read as {self.default.key}"
        self.problems.append(Problem(self._where, what, "choose a named time zone in the calendar"))
        return self.default

    def _wanted(self, header: str) -> tzinfo | None:
        for _, rest in named_lines(header, _HEADER):
            name = rest.rpartition(":")[2].strip()
            if name:
                return self.find(name) or self._unknown(name)
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
        return own

    def _bad(self, block: Block, error: ZoneError) -> Problem:
        names = [rest[1:].strip() for _, rest in named_lines(block.text, frozenset({"TZID"}))]
        name = names[0] if names else ""
        what = f"its time zone {name[:80]!r} is broken and was left out: {error}"
        known = bool(name and (iana_zone(name) or named_zone(name)))
        hint = "its name is known, so its times are right" if known else "choose a named time zone"
        return Problem(self._where, what, hint, Severity.NOTE if known else Severity.FAULT)


def _key(name: str) -> str:
    """A zone's name as a property has it escaped (`\\,`), and as a parameter has it plain."""
    return name.replace("\\", "").strip().lower()
