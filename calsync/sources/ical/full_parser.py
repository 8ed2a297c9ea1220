"""The exact path: the whole file read, every event resolved, series put together by recurring-ical-events.

It takes whatever there is, and says what is wrong with it. `fast` gives the same for most calendars.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from calsync.errors import SourceContentError
from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.model.uids import MADE_UID_PREFIX
from calsync.sources.ical.calendar_expansion import CalendarExpansion
from calsync.sources.ical.components import CalendarText, split_calendars
from calsync.sources.ical.content_lines import find_lines
from calsync.sources.ical.event import CANCEL_METHOD, SCHEDULING_METHODS, Event
from calsync.sources.ical.event_reader import EventReader, distinguish_made_uids, written_uids
from calsync.sources.ical.file_text import decode_calendar_text
from calsync.sources.ical.problem_location import EventLocator, JoinedPart
from calsync.sources.ical.series import group_into_series
from calsync.sources.ical.zones import ZoneReport, Zones
from calsync.text import format_count

_HEADER_PROPERTIES = frozenset({"METHOD", "CALSCALE"})
# RFC 5546, 1.4. "" for none.
_MEETING_METHODS = SCHEDULING_METHODS | {"", "PUBLISH"}
_OTHER_METHODS = {
    "REPLY": "an answer",
    "COUNTER": "a proposal",
    "DECLINECOUNTER": "an answer to a proposal",
    "REFRESH": "a question",
}
# Anything else may be text that ran into the line.
_PLAIN_NAME = re.compile(r"[A-Z-]{1,20}")


def read_with_full_parser(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str] = frozenset(),
    where: str,
    missing_end: timedelta = timedelta(0),
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
    parts: Sequence[JoinedPart] = (),
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """What `read_calendar` gives, all of it by the exact path."""
    namer = EventLocator(where, data, parts)
    events, problems = read_file_events(data, zone, namer, window, missing_end, owners, cancellations, unread)
    expansion = CalendarExpansion(window, zone, owners, namer)
    found = expand_events(events, problems, expansion, namer, missing_end)
    if unread is not None:
        unread |= expansion.unread
    return found


def check_calendar(data: bytes, where: str) -> None:
    """Check that `read_calendar` would take a calendar as a whole; raises SourceContentError."""
    text, _ = decode_calendar_text(data, where)
    for calendar in split_calendars(text, EventLocator(where, data))[0]:
        read_header(calendar, where)


def expand_events(
    events: list[Event],
    problems: list[Problem],
    expansion: CalendarExpansion,
    locator: EventLocator,
    missing_end: timedelta,
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """The occurrences of events, and all problems, those met in reading them first."""
    # Beside the meetings that it cancels a message is none itself: `guards.sealed` cancels those.
    live = {event.uid for event in events if event.method != CANCEL_METHOD}
    events = [event for event in events if event.method != CANCEL_METHOD or event.uid not in live]
    series, replaced = group_into_series(distinguish_made_uids(events))
    for one in series:
        expansion.add_series(one)
    told = [*problems, *(_replaced_event_problem(event, locator) for event in replaced), *expansion.problems]
    told += expansion.missing_end_notes(missing_end)
    return expansion.occurrences(), tuple(dict.fromkeys(told))


def read_file_events(
    data: bytes,
    zone: ZoneInfo,
    locator: EventLocator,
    window: Span,
    missing_end: timedelta = timedelta(0),
    owners: frozenset[str] = frozenset(),
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
) -> tuple[list[Event], list[Problem]]:
    """Read without expanding: every VEVENT of the file is among the events or named in a problem.

    cancellations: takes what the events of a METHOD:CANCEL cancel; one without a time is no event.
    unread: takes the uids of events that could not be read.
    """
    text, problems = decode_calendar_text(data, locator.where)
    calendars, lost = split_calendars(text, locator)
    problems += lost
    if unread is not None and any(problem.severity is Severity.FAULT for problem in lost):
        unread |= _uids_outside_events(text, calendars)
    report = ZoneReport(locator.where)
    events: list[Event] = []
    for calendar in calendars:
        method = read_header(calendar, locator.where).get("METHOD", "")
        if not is_meeting_method(method):
            problems.append(_other_method_problem(method, calendar, locator))
            continue
        zones = Zones(calendar, zone, report, window)
        read, told = read_calendar_events(
            calendar,
            zones,
            locator,
            method,
            cancellations=cancellations,
            missing_end=missing_end,
            owners=owners,
            unread=unread,
        )
        events += read
        problems += told
    return events, [*problems, *report.problems()]


def _uids_outside_events(text: str, calendars: Iterable[CalendarText]) -> set[str]:
    """The uids in a text beyond those of its events; an event that lost its BEGIN or END may have none."""
    kept = Counter(
        uid for calendar in calendars for block in calendar.events for uid in written_uids(block.text)
    )
    return {MADE_UID_PREFIX, *(Counter(written_uids(text)) - kept)} - {""}


def read_header(calendar: CalendarText, where: str) -> dict[str, str]:
    """METHOD and CALSCALE, in capitals; raises SourceContentError for another calendar than ours."""
    lines = find_lines(calendar.header, _HEADER_PROPERTIES)
    header = {name: rest.rpartition(":")[2].strip(' \t"').upper() for name, rest in lines}
    if header.get("CALSCALE", "GREGORIAN") != "GREGORIAN":
        scale = header["CALSCALE"]
        what = f"it counts by another calendar (CALSCALE:{scale if _PLAIN_NAME.fullmatch(scale) else '…'})"
        raise SourceContentError(where, what, "export it in the Gregorian calendar")
    return header


def is_meeting_method(method: str) -> bool:
    """Whether a calendar of this METHOD has meetings or cancels some; any other is mail about them."""
    return method in _MEETING_METHODS


def _other_method_problem(method: str, calendar: CalendarText, locator: EventLocator) -> Problem:
    meaning = _OTHER_METHODS.get(method, "a message of an unknown kind")
    shown = method if _PLAIN_NAME.fullmatch(method) else "…"
    count = len(calendar.events)
    events = f"its {format_count(count, 'event was', 'events were')}"
    what = f"METHOD:{shown} makes it {meaning}, not a meeting; {events} left out"
    where = locator.event_location(calendar.events[0].number) if calendar.events else locator.where
    hint = "take it out of the folder; the meeting itself comes with METHOD:REQUEST or PUBLISH"
    return Problem(where, what, hint, Severity.NOTE)


def read_calendar_events(
    calendar: CalendarText,
    zones: Zones,
    locator: EventLocator,
    method: str = "",
    *,
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
    missing_end: timedelta,
    owners: frozenset[str] = frozenset(),
) -> tuple[list[Event], list[Problem]]:
    """The events of one VCALENDAR, and the problems of its zones and its events."""
    reader = EventReader(zones, locator, method, missing_end, owners)
    events = []
    for block in calendar.events:
        check_time_limit()
        event = reader.read_event(block)
        if event is not None:
            events.append(event)
    if cancellations is not None:
        cancellations += reader.cancellations
    if unread is not None:
        unread |= reader.unread
    return events, [*zones.problems, *reader.problems]


def _replaced_event_problem(event: Event, locator: EventLocator) -> Problem:
    what = "a newer version of it (same UID, higher SEQUENCE) is in the calendar; this one was left out"
    return Problem(
        locator.describe_event(event.number, event.text), what, "nothing need be done", Severity.NOTE
    )
