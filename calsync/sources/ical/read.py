"""The door of this room: bytes of iCalendar to the occurrences in a window."""

from zoneinfo import ZoneInfo

from calsync.errors import SourceContentError
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.sources.ical.event import Event
from calsync.sources.ical.events import EventReader
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.naming import Namer
from calsync.sources.ical.series import series_of
from calsync.sources.ical.structure import CalendarText, split
from calsync.sources.ical.text import whole_text
from calsync.sources.ical.version import reader_version
from calsync.sources.ical.window import Expansion
from calsync.sources.ical.zones import Zones

READER = reader_version()
"""Part of what makes a stored token valid: another reader may read the same calendar otherwise."""

_HEADER = frozenset({"METHOD", "CALSCALE"})


def read_calendar(
    data: bytes, window: Span, *, zone: ZoneInfo, owners: frozenset[str] = frozenset(), where: str
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """Give every occurrence that overlaps the window, by start then uid, and what was left out and why.

    zone: for all-day and floating times. owners: the manager's addresses, lower case. where: how
    problems name the calendar. Raises SourceContentError if it is no whole calendar.
    """
    namer = Namer(where, data)
    events, problems = read_events(data, zone, namer)
    series, replaced = series_of(events)
    expansion = Expansion(window, zone, owners, namer)
    for one in series:
        expansion.add(one)
    told = [*problems, *(_replaced(event, namer) for event in replaced), *expansion.problems]
    return expansion.occurrences(), tuple(dict.fromkeys(told))


def read_events(data: bytes, zone: ZoneInfo, namer: Namer) -> tuple[list[Event], list[Problem]]:
    """Read without expanding: every VEVENT of the file is among the events or named in a problem."""
    text, problems = whole_text(data, namer.where)
    calendars, lost = split(text, namer.where)
    problems += lost
    events: list[Event] = []
    for calendar in calendars:
        read, told = _read(calendar, zone, namer)
        events += read
        problems += told
    return events, problems


def _read(calendar: CalendarText, zone: ZoneInfo, namer: Namer) -> tuple[list[Event], list[Problem]]:
    lines = named_lines(calendar.header, _HEADER)
    header = {name: rest.rpartition(":")[2].strip().upper() for name, rest in lines}
    if header.get("CALSCALE", "GREGORIAN") != "GREGORIAN":
        what = f"it counts by another calendar (CALSCALE:{header['CALSCALE'][:40]})"
        raise SourceContentError(namer.where, what, "export it in the Gregorian calendar")
    zones = Zones(calendar, zone, namer.where)
    reader = EventReader(zones, namer, cancelled=header.get("METHOD") == "CANCEL")
    events = [event for block in calendar.events if (event := reader.read(block)) is not None]
    return events, [*zones.problems, *reader.problems]


def _replaced(event: Event, namer: Namer) -> Problem:
    what = "a newer version of it (same UID, higher SEQUENCE) is in the calendar; this one was left out"
    return Problem(namer.by(event.number, event.text), what, "nothing need be done", Severity.NOTE)
