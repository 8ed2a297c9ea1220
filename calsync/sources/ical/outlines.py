"""What each event says of time, read from a few of its lines; nothing else of it is looked at.

An outline is made only of what is written in the usual way: one DTSTART, times that exist, zones that
are known, an end after the start. Of such an event the exact path has nothing to tell, so it may be
dropped where it lies outside the window. Every other event is `OddError` and goes to the exact path.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from icalendar.prop import vDDDTypes

from calsync.sources.ical.clocks import Clock
from calsync.sources.ical.lines import time_line
from calsync.sources.ical.moments import duration_of, lasting, real
from calsync.sources.ical.slices import ALARM, UnusualError, end_of, unfold
from calsync.sources.ical.texts import text_of
from calsync.sources.ical.zones import Zones

Lines = dict[bytes, bytes]

# The lines whose names begin as those do that matter, in any spelling, and empty lines. An alarm is
# stepped over whole; it counts as a line without a name.
_LINES = re.compile(
    rb"\n(?=[\r\nBEURDbeurd])(?:%b"
    rb"|([\r\nBEURbeur][^\n;:]*|[Dd](?![Ee]|TSTAMP:)[^\n;:]*)([^\n]*(?:\n[ \t][^\n]*)*))" % ALARM
).findall
SERIES = frozenset({b"RRULE", b"RDATE", b"EXDATE", b"EXRULE", b"RECURRENCE-ID"})
"""The lines of a series and its overrides."""
_TIMES = SERIES | {b"DTSTART", b"DTEND", b"DURATION", b"UID"}
_HARMLESS = frozenset({b"URL", b"RESOURCES", b"RELATED-TO", b"REQUEST-STATUS", b"REPEAT"})
_KNOWN = _TIMES | _HARMLESS | {b""}
_STRUCTURE = (b"BEGIN", b"END")
_NAME = re.compile(rb"[A-Z][A-Z0-9-]*")
_PLAIN = re.compile(rb"\d{8}(?:T(?!24)\d{6}Z?)?").fullmatch
_MIDNIGHT, _TIME = time(), len("T090000\r")
_WITH_TIME = re.compile(rb".*T\d{6}\r", re.S).fullmatch
_DAY, _ZERO = timedelta(days=1), timedelta(0)
_FIRST_YEAR, _LAST_YEAR = 1000, 3000


class OddError(Exception):
    """An event that only the exact path reads."""


class At(NamedTuple):
    """A time by a clock, or the midnight that a date begins with; clock: None for a date.

    floats: whether no zone is written, so that it is the floating one or that of DTSTART.
    """

    wall: datetime
    clock: Clock | None
    floats: bool = False

    @property
    def moment(self) -> date:
        """The same as the exact path has it: a date, or an aware datetime."""
        return self.wall.replace(tzinfo=self.clock.zone) if self.clock else self.wall.date()


class Outline(NamedTuple):
    """An event's times. place: which of the events it is, from 0. nominal: as in `Event`."""

    place: int
    start: At
    end: At
    nominal: timedelta | None = None
    original: At | None = None
    rule: str = ""
    exdates: tuple[At, ...] = ()


def times_in(event: bytes) -> tuple[Lines, list[bytes]]:
    """The lines of an event that matter by their names, and its EXDATEs; raises OddError, or UnusualError."""
    found = _LINES(event, 0, end_of(event))
    lines = dict(found)
    odd = not lines.keys() <= _KNOWN and _has_odd_names(found)
    exdates: list[bytes] = []
    if b"EXDATE" in lines or len(lines) < len(found):
        exdates = [rest for name, rest in found if name == b"EXDATE"]
        names = [name for name, _ in found if name in _TIMES and name != b"EXDATE"]
        odd = odd or len(set(names)) < len(names)
    if odd:
        raise OddError
    return lines, exdates


def _has_odd_names(found: list[tuple[bytes, bytes]]) -> bool:
    """Whether a name may be one of ours in another spelling, or cut in two; raises UnusualError."""
    odd = [
        name
        for name, rest in found
        if name not in _KNOWN
        and not (_NAME.fullmatch(name) and name not in _STRUCTURE and rest[:1] in (b":", b";"))
    ]
    if any(name[:1] in b"BbEe\r\n" for name in odd):
        raise UnusualError
    return bool(odd)


def is_near_our_time(moment: datetime) -> bool:
    """Whether no sum about it leaves the calendar."""
    return _FIRST_YEAR < moment.year < _LAST_YEAR


def uid_in(lines: Lines) -> str:
    """The UID; raises OddError where there is none."""
    rest = _value(lines.get(b"UID", b"")).decode()
    uid = rest[1:].strip() if rest[:1] == ":" and "\\" not in rest else text_of(rest)
    if not uid:
        raise OddError
    return uid


def _parted(rest: bytes) -> tuple[bytes, bytes]:
    """Parameters and value of a line whose value holds no colon."""
    parameters, _, value = _value(rest).rpartition(b":")
    return parameters, value


def _value(rest: bytes) -> bytes:
    return (unfold(rest) if b"\n" in rest else rest).removesuffix(b"\r")


class Outliner:
    """Makes outlines; times and zones that come again are read once."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._clocks: dict[int, Clock] = {}
        self._by_parameters: dict[bytes, Clock | None] = {}
        self._days: dict[bytes, At] = {}
        self._times: dict[bytes, timedelta] = {}
        self.floating = self.clock(zones.floating)
        self._utc = self.clock(vDDDTypes.from_ical("20000101T000000Z").tzinfo)  # type: ignore[no-untyped-call]

    def clock(self, zone: tzinfo) -> Clock:
        """The clock of a zone, the same one each time."""
        return self._clocks.setdefault(id(zone), Clock(zone))

    def clock_in(self, parameters: bytes) -> Clock | None:
        """The clock that parameters and the colon after them name, None in doubt; `Z:` stands for UTC."""
        if parameters == b":":
            return self.floating
        if parameters == b"Z:":
            return None if self._zones.wall else self._utc
        try:
            return self._zone_in(parameters[:-1]) if parameters[-1:] == b":" else None
        except (OddError, ValueError):
            return None

    def outline(self, place: int, lines: Lines, exdates: list[bytes]) -> Outline:
        """The outline of an event; raises OddError."""
        try:
            start, end, nominal = self._span(lines)
            if lines.keys().isdisjoint(SERIES):
                return Outline(place, start, end, nominal)
            return self._in_series(place, lines, exdates, (start, end, nominal))
        except (ValueError, OverflowError, KeyError) as error:
            raise OddError from error

    def _span(self, lines: Lines) -> tuple[At, At, timedelta | None]:
        start, nominal = self.at(lines[b"DTSTART"]), None
        if b"DTEND" in lines:
            end = self._beside(start, self.at(lines[b"DTEND"]))
        elif b"DURATION" in lines:
            nominal = duration_of(_value(lines[b"DURATION"]).rpartition(b":")[2].decode())
            end = _lasting(start, nominal)
        else:
            end = start if start.clock else At(start.wall + _DAY, None)
        if not _ordered(start, end):
            raise OddError
        return start, end, nominal

    def _in_series(
        self, place: int, lines: Lines, exdates: list[bytes], span: tuple[At, At, timedelta | None]
    ) -> Outline:
        if b"RECURRENCE-ID" in lines and len(lines.keys() & SERIES) == 1:
            rest = lines[b"RECURRENCE-ID"]
            if b"RANGE" in rest.upper():
                raise OddError
            return Outline(place, *span, self._beside(span[0], self.at(rest)))
        rule = _value(lines[b"RRULE"]).rpartition(b":")[2].decode().strip()
        if not rule or not lines.keys() & SERIES <= {b"RRULE", b"EXDATE"}:
            raise OddError
        excluded = [self._excluded(span[0], at) for rest in exdates for at in self._each(rest)]
        return Outline(place, *span, None, rule, tuple(excluded))

    def _excluded(self, start: At, at: At) -> At:
        return at if at.clock is None else self._beside(start, at)

    def _beside(self, start: At, at: At) -> At:
        """A time of the kind of DTSTART; raises OddError for a mixture of kinds, or a zone to be guessed."""
        if (at.clock is None) != (start.clock is None) or (at.floats and start.clock is not self.floating):
            raise OddError
        return at

    def at(self, rest: bytes) -> At:
        """The one time in the rest of a line; raises OddError or ValueError.

        Its day and its time of day are remembered each for itself: both come again and again.
        """
        day, since = self._days.get(rest[:-_TIME]), self._times.get(rest[-_TIME:])
        if day is not None and since is not None:
            return At(day.wall + since, day.clock, day.floats)
        at = self._read(*_parted(rest))
        if (
            at.clock is not None
            and rest[-_TIME:][:1] == b"T"
            and rest.endswith(b"\r")
            and not self._zones.wall
        ):
            midnight = datetime.combine(at.wall, _MIDNIGHT)
            self._days[rest[:-_TIME]] = At(midnight, at.clock, at.floats)
            self._times[rest[-_TIME:]] = at.wall - midnight
        return at

    def _each(self, rest: bytes) -> list[At]:
        parameters, values = _parted(rest)
        return [self._read(parameters, value) for value in values.split(b",")]

    def _read(self, parameters: bytes, value: bytes) -> At:
        """A date or a time just as RFC 5545 writes it; raises OddError or ValueError for anything else."""
        clock = self._by_parameters.get(parameters) or self._zone_in(parameters)
        wall = datetime.fromisoformat(value[:15].decode())
        if not _PLAIN(value) or not is_near_our_time(wall):
            raise OddError
        if len(value) == 8:
            return At(wall, None)
        if len(value) == 16:
            return self._in_utc(wall, named=clock is not None)
        if clock is None:
            return At(wall, self.floating, floats=True)
        if self._zones.wall and (wall.replace(tzinfo=clock.zone).tzname() or "").upper() == "UTC":
            raise OddError
        return At(wall, clock)

    def _in_utc(self, wall: datetime, *, named: bool) -> At:
        if named:
            raise OddError
        if self._zones.wall is None:
            return At(wall, self._utc)
        shown = wall.replace(tzinfo=UTC).astimezone(self._zones.wall)
        if shown.fold:
            raise OddError
        return At(shown.replace(tzinfo=None), self.floating)

    def _zone_in(self, parameters: bytes) -> Clock | None:
        """The clock that parameters name, None where they name none; raises OddError for an unknown zone."""
        if parameters not in self._by_parameters:
            if parameters[:1] not in (b"", b";"):
                raise OddError
            tzid = time_line("", f"{parameters.decode()}:").tzid
            zone = self._zones.find(tzid) if tzid else None
            if tzid and zone is None:
                raise OddError
            self._by_parameters[parameters] = self.clock(zone) if zone else None
        return self._by_parameters[parameters]


def _lasting(start: At, length: timedelta) -> At:
    if length < _ZERO or (start.clock is None and length % _DAY):
        raise OddError
    if start.clock is None:
        return At(start.wall + length, None)
    end = lasting(start.moment, length)
    if not isinstance(end, datetime) or end.fold:
        raise OddError
    return At(end.replace(tzinfo=None), start.clock)


def _ordered(start: At, end: At) -> bool:
    """Whether it ends no sooner than it starts, in real time."""
    if start.clock is None or end.clock is None:
        return start.wall <= end.wall
    if start.clock is end.clock and start.clock.is_calm(start.wall):
        return start.wall <= end.wall
    return real(_aware(start)) <= real(_aware(end))


def _aware(at: At) -> datetime:
    return at.wall.replace(tzinfo=at.clock.zone) if at.clock else at.wall
