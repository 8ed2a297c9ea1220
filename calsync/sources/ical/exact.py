"""The exact path: the whole file read, every event resolved, series put together by recurring-ical-events.

It takes whatever there is, and says what is wrong with it. `fast` gives the same for most calendars.
"""

from zoneinfo import ZoneInfo

from calsync.errors import SourceContentError
from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.stopping import check_stopped
from calsync.sources.ical.event import CANCEL, Event
from calsync.sources.ical.events import EventReader, distinguish_made_uids
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.naming import Namer
from calsync.sources.ical.series import series_of
from calsync.sources.ical.structure import CalendarText, split
from calsync.sources.ical.text import whole_text
from calsync.sources.ical.window import Expansion
from calsync.sources.ical.zones import Zones

_HEADER = frozenset({"METHOD", "CALSCALE"})


def read_exactly(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str] = frozenset(),
    where: str,
    cancellations: list[Cancellation] | None = None,
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """What `read_calendar` gives, all of it by the exact path."""
    namer = Namer(where, data)
    events, problems = read_events(data, zone, namer, cancellations)
    return expanded(events, problems, Expansion(window, zone, owners, namer), namer)


def expanded(
    events: list[Event], problems: list[Problem], expansion: Expansion, namer: Namer
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """The occurrences of events, and all problems, those met in reading them first."""
    # Beside the meetings that it cancels a message is none itself: `guards.sealed` cancels those.
    live = {event.uid for event in events if event.method != CANCEL}
    events = [event for event in events if event.method != CANCEL or event.uid not in live]
    series, replaced = series_of(distinguish_made_uids(events))
    for one in series:
        expansion.add(one)
    told = [*problems, *(_replaced(event, namer) for event in replaced), *expansion.problems]
    return expansion.occurrences(), tuple(dict.fromkeys(told))


def read_events(
    data: bytes, zone: ZoneInfo, namer: Namer, cancellations: list[Cancellation] | None = None
) -> tuple[list[Event], list[Problem]]:
    """Read without expanding: every VEVENT of the file is among the events or named in a problem.

    cancellations: takes what the events of a METHOD:CANCEL cancel; one without a time is no event.
    """
    cancelled = [] if cancellations is None else cancellations
    text, problems = whole_text(data, namer.where)
    calendars, lost = split(text, namer.where)
    problems += lost
    events: list[Event] = []
    for calendar in calendars:
        read, told = _read(calendar, zone, namer, cancelled)
        events += read
        problems += told
    return events, problems


def header_of(calendar: CalendarText, where: str) -> dict[str, str]:
    """METHOD and CALSCALE, in capitals; raises SourceContentError for another calendar than ours."""
    lines = named_lines(calendar.header, _HEADER)
    header = {name: rest.rpartition(":")[2].strip().upper() for name, rest in lines}
    if header.get("CALSCALE", "GREGORIAN") != "GREGORIAN":
        what = f"it counts by another calendar (CALSCALE:{header['CALSCALE'][:40]})"
        raise SourceContentError(where, what, "export it in the Gregorian calendar")
    return header


def _read(
    calendar: CalendarText, zone: ZoneInfo, namer: Namer, cancellations: list[Cancellation]
) -> tuple[list[Event], list[Problem]]:
    method = header_of(calendar, namer.where).get("METHOD", "")
    return events_of(calendar, Zones(calendar, zone, namer.where), namer, method, cancellations)


def events_of(
    calendar: CalendarText,
    zones: Zones,
    namer: Namer,
    method: str = "",
    cancellations: list[Cancellation] | None = None,
) -> tuple[list[Event], list[Problem]]:
    """The events of one VCALENDAR, and the problems of its zones and its events."""
    reader = EventReader(zones, namer, method)
    events = []
    for block in calendar.events:
        check_stopped()
        event = reader.read(block)
        if event is not None:
            events.append(event)
    if cancellations is not None:
        cancellations += reader.cancellations
    return events, [*zones.problems, *reader.problems]


def _replaced(event: Event, namer: Namer) -> Problem:
    what = "a newer version of it (same UID, higher SEQUENCE) is in the calendar; this one was left out"
    return Problem(namer.by(event.number, event.text), what, "nothing need be done", Severity.NOTE)
