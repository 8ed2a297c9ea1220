"""The full parser: the whole file is read, every event, and every series expanded.

It reads whatever there is and reports what is wrong with it. `read` calls it for what the fast reader leaves
out; both give the same result.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem, Severity
from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.model.uids import GENERATED_UID_PREFIX
from calsync.sources.ical.calendar_expansion import CalendarExpansion
from calsync.sources.ical.calendar_header import is_meeting_method, read_header, redact_header_value
from calsync.sources.ical.components import CalendarText, split_calendars
from calsync.sources.ical.event import CANCEL_METHOD, Event
from calsync.sources.ical.event_reader import EventReader, distinguish_generated_uids, written_uids
from calsync.sources.ical.file_text import decode_calendar_text
from calsync.sources.ical.problem_location import EventLocator, JoinedPart
from calsync.sources.ical.series import group_into_series
from calsync.sources.ical.zones import ZoneReport, Zones
from calsync.text import format_count

_OTHER_METHODS = {
    "REPLY": "an answer",
    "COUNTER": "a proposal",
    "DECLINECOUNTER": "an answer to a proposal",
    "REFRESH": "a question",
}


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
    """Read what `read_calendar` reads, all of it by the full parser; its arguments are the same."""
    locator = EventLocator(where, data, parts)
    events, problems = read_file_events(
        data, zone, locator, window, missing_end, owners, cancellations, unread
    )
    expansion = CalendarExpansion(window, zone, owners, locator)
    result = expand_events(events, problems, expansion, locator, missing_end)
    if unread is not None:
        unread |= expansion.unread_uids
    return result


def check_calendar(data: bytes, where: str) -> None:
    """Raise SourceContentError where `read_calendar` would raise it."""
    text, _ = decode_calendar_text(data, where)
    for calendar in split_calendars(text, EventLocator(where, data))[0]:
        read_header(calendar, where)


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
    """Read the events of a file without expanding them.

    Returns:
        The events, and the problems. Every VEVENT of the file is an event or named in a problem; an event of
        a METHOD:CANCEL that has no time is only among the `cancellations`.
    """
    text, problems = decode_calendar_text(data, locator.where)
    calendars, lost_events = split_calendars(text, locator)
    problems += lost_events
    if unread is not None and any(problem.severity is Severity.FAULT for problem in lost_events):
        unread |= _uids_outside_events(text, calendars)
    report = ZoneReport(locator.where)
    events: list[Event] = []
    for calendar in calendars:
        method = read_header(calendar, locator.where).get("METHOD", "")
        if not is_meeting_method(method):
            problems.append(_other_method_problem(method, calendar, locator))
            continue
        calendar_events, calendar_problems = read_calendar_events(
            calendar,
            Zones(calendar, zone, report, window),
            locator,
            method,
            cancellations=cancellations,
            missing_end=missing_end,
            owners=owners,
            unread=unread,
        )
        events += calendar_events
        problems += calendar_problems
    return events, [*problems, *report.problems()]


def _uids_outside_events(text: str, calendars: Iterable[CalendarText]) -> set[str]:
    """The uids that a text has beyond those of its events; an event without BEGIN or END may have none."""
    in_events = Counter(
        uid for calendar in calendars for event in calendar.events for uid in written_uids(event.text)
    )
    return {GENERATED_UID_PREFIX, *(Counter(written_uids(text)) - in_events)} - {""}


def _other_method_problem(method: str, calendar: CalendarText, locator: EventLocator) -> Problem:
    meaning = _OTHER_METHODS.get(method, "a message of an unknown kind")
    count = len(calendar.events)
    events = f"its {format_count(count, 'event was', 'events were')}"
    what = f"METHOD:{redact_header_value(method)} makes it {meaning}, not a meeting; {events} left out"
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
    """Read the events of one VCALENDAR; returns them with the problems of its zones and its events."""
    reader = EventReader(zones, locator, method, missing_end, owners)
    events = []
    for component in calendar.events:
        check_time_limit()
        event = reader.read_event(component)
        if event is not None:
            events.append(event)
    if cancellations is not None:
        cancellations += reader.cancellations
    if unread is not None:
        unread |= reader.unread_uids
    return events, [*zones.problems, *reader.problems]


def expand_events(
    events: list[Event],
    problems: list[Problem],
    expansion: CalendarExpansion,
    locator: EventLocator,
    missing_end: timedelta,
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """Expand events to occurrences; returns them with all problems, the given ones first."""
    # A CANCEL message for a meeting of this file is not a meeting itself: the caller cancels that meeting by
    # the list of cancellations.
    live_uids = {event.uid for event in events if event.method != CANCEL_METHOD}
    events = [event for event in events if event.method != CANCEL_METHOD or event.uid not in live_uids]
    all_series, replaced = group_into_series(distinguish_generated_uids(events))
    for series in all_series:
        expansion.add_series(series)
    what = "a newer version of it (same UID, higher SEQUENCE) is in the calendar; this one was left out"
    replaced_problems = [
        Problem(locator.describe_event(event.number, event.text), what, "no action is needed", Severity.NOTE)
        for event in replaced
    ]
    missing_ends = expansion.missing_end_notes(missing_end)
    all_problems = [*problems, *replaced_problems, *expansion.problems, *missing_ends]
    return expansion.occurrences(), tuple(dict.fromkeys(all_problems))
