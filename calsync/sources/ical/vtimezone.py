"""A calendar's own time zone (RFC 5545, 3.6.5), as a `tzinfo` that no other calendar ever sees.

icalendar keeps a VTIMEZONE by its name for the life of the process, so that the next manager's
"Customized Time Zone" would be read by the first one's rules.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from calsync.model.wall import wall_of
from calsync.sources.ical.lines import named_lines, shown_value, time_line
from calsync.sources.ical.recur import starts
from calsync.sources.ical.rule import RuleError, read_rule

_OBSERVANCE = re.compile(
    r"^BEGIN[ \t]*:[ \t]*(STANDARD|DAYLIGHT)[ \t]*$(.*?)^END[ \t]*:[ \t]*\1[ \t]*$", re.I | re.M | re.S
)
_PROPERTIES = frozenset({"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"})
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3])([0-5]\d)([0-5]\d)?")
_WALL = re.compile(r"(\d{8}T\d{6})Z?")
# Exchange dates its rules from 1601; nobody met then, and nobody plans beyond a life's work.
_FROM, _TO = datetime(1900, 1, 1), datetime(2101, 1, 1)  # noqa: DTZ001 - wall-clock time
_ZERO = timedelta(0)


class ZoneError(Exception):
    """A VTIMEZONE that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Onset:
    """When an observance begins: by the clock that holds until then, and the offsets before and after."""

    wall: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def utc(self) -> datetime:
        """The same moment in UTC, naive."""
        return self.wall - self.before


class CalendarZone(tzinfo):
    """A zone made of onsets. A time in a gap takes the offset before it; in an overlap `fold` decides."""

    def __init__(self, key: str, onsets: list[Onset], text: str) -> None:
        self.key = key
        self.text = text
        self._onsets = sorted(onsets, key=lambda onset: onset.utc)
        self._utc = [onset.utc for onset in self._onsets]
        # PEP 495: the earlier reading (fold=0) keeps the old offset through gap and overlap alike.
        self._folds = [
            [onset.wall + max(_ZERO, onset.after - onset.before) for onset in self._onsets],
            [onset.wall + min(_ZERO, onset.after - onset.before) for onset in self._onsets],
        ]

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """The offset that holds at a wall time of this zone."""
        last = self._last(moment)
        return last.after if last else self._onsets[0].before

    def dst(self, moment: datetime | None) -> timedelta:  # noqa: ARG002 - tzinfo asks
        """Nothing: which part of an offset is summer time does not matter here."""
        return _ZERO

    def tzname(self, moment: datetime | None) -> str:
        """The name of the observance, or of the zone."""
        last = self._last(moment)
        return last.name if last and last.name else self.key

    def fromutc(self, moment: datetime) -> datetime:
        """The wall time here, with `fold` set in the second pass through an overlap."""
        place = bisect_right(self._utc, wall_of(moment)) - 1
        offset = self._onsets[place].after if place >= 0 else self._onsets[0].before
        wall = (moment + offset).replace(fold=0)
        return wall if self.utcoffset(wall) == offset else wall.replace(fold=1)

    def changes(self, first: datetime, last: datetime) -> list[datetime]:
        """When, by the clock before it, an observance begins between two wall times, a day more or less."""
        day = timedelta(days=1)
        begin, end = bisect_right(self._utc, first - day), bisect_right(self._utc, last + day)
        return [onset.wall for onset in self._onsets[begin:end]]

    def changes_utc(self, first: datetime, last: datetime) -> list[datetime]:
        """When an observance begins between two moments; all in UTC, naive."""
        return self._utc[bisect_right(self._utc, first) : bisect_right(self._utc, last)]

    def _last(self, moment: datetime | None) -> Onset | None:
        if moment is None:
            return self._onsets[-1]
        place = bisect_right(self._folds[moment.fold], wall_of(moment)) - 1
        return self._onsets[place] if place >= 0 else None

    def __repr__(self) -> str:
        return f"CalendarZone({self.key!r})"


# A CalDAV server gives the same block with every resource. A zone depends on its text alone, so
# remembering it by that text lets nothing leak from one calendar into the next.
@lru_cache(maxsize=256)
def read_zone(text: str) -> tuple[str, CalendarZone]:
    """Read a VTIMEZONE: its TZID and the zone; raises ZoneError."""
    names = [rest[1:].strip() for _, rest in named_lines(text, frozenset({"TZID"}))]
    if len(set(names)) != 1:
        raise ZoneError("it has no TZID" if not names else "it has two TZIDs")
    try:
        onsets = [onset for match in _OBSERVANCE.finditer(text) for onset in _onsets(match[2])]
        if not onsets:
            raise ZoneError("it says no offset")
        return names[0], CalendarZone(names[0], onsets, text)
    except RuleError as error:
        raise ZoneError(str(error)) from None
    except OverflowError:
        raise ZoneError("its rules leave the calendar") from None


def _onsets(text: str) -> Iterator[Onset]:
    lines = [time_line(name, rest) for name, rest in named_lines(text, _PROPERTIES)]
    values = {line.name: line.value for line in reversed(lines)}
    before, after = _offset(values, "TZOFFSETFROM"), _offset(values, "TZOFFSETTO")
    begin = _wall(values.get("DTSTART", ""))
    walls = {begin}
    for line in lines:
        if line.name == "RDATE":
            walls.update(_wall(value.partition("/")[0]) for value in line.value.split(","))
        elif line.name == "RRULE":
            walls.update(_recurring(line.value, begin, before))
    for wall in walls:
        yield Onset(wall, before, after, values.get("TZNAME", ""))


def _recurring(text: str, begin: datetime, before: timedelta) -> list[datetime]:
    rule, last = read_rule(text), _TO
    if isinstance(rule.until, datetime):
        # "UNTIL … MUST be specified in UTC"; the onset's own clock is the one before it.
        last = min(last, rule.until.replace(tzinfo=None) + (before if rule.until.tzinfo else _ZERO))
    elif rule.until:
        last = min(last, datetime.combine(rule.until, datetime.max.time()))
    return starts(rule, begin, _FROM, last)


def _wall(value: str) -> datetime:
    match = _WALL.fullmatch(value.strip().upper())
    try:
        if match is None:
            raise ValueError
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall-clock time
    except ValueError:
        raise ZoneError(f"it has a time that cannot be read: {shown_value(value)}") from None


def _offset(values: dict[str, str], name: str) -> timedelta:
    match = _OFFSET.fullmatch(values.get(name, ""))
    if match is None:
        raise ZoneError(f"its {name} cannot be read: {shown_value(values.get(name, ''))}")
    size = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -size if match[1] == "-" else size
