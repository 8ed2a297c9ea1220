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
from calsync.model.stopping import check_stopped
from calsync.model.uids import MADE
from calsync.sources.ical.event import CANCEL, MESSAGES, Event
from calsync.sources.ical.events import EventReader, distinguish_made_uids, uids_of
from calsync.sources.ical.lines import named_lines
from calsync.sources.ical.naming import Namer, Part
from calsync.sources.ical.series import series_of
from calsync.sources.ical.structure import CalendarText, split
from calsync.sources.ical.text import whole_text
from calsync.sources.ical.window import Expansion
from calsync.sources.ical.zones import ZoneReport, Zones
from calsync.text import count_of

_HEADER = frozenset({"METHOD", "CALSCALE"})
# RFC 5546, 1.4. "" for none.
_MEETINGS = MESSAGES | {"", "PUBLISH"}
_OTHER_MESSAGES = {
    "REPLY": "an answer",
    "COUNTER": "a proposal",
    "DECLINECOUNTER": "an answer to a proposal",
    "REFRESH": "a question",
}
# Anything else may be text that ran into the line.
_PLAIN_NAME = re.compile(r"[A-Z-]{1,20}")


def read_exactly(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str] = frozenset(),
    where: str,
    missing_end: timedelta = timedelta(0),
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
    parts: Sequence[Part] = (),
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """What `read_calendar` gives, all of it by the exact path."""
    namer = Namer(where, data, parts)
    events, problems = read_events(data, zone, namer, window, missing_end, owners, cancellations, unread)
    expansion = Expansion(window, zone, owners, namer)
    found = expanded(events, problems, expansion, namer, missing_end)
    if unread is not None:
        unread |= expansion.unread
    return found


def check_calendar(data: bytes, where: str) -> None:
    """Check that `read_calendar` would take a calendar as a whole; raises SourceContentError."""
    text, _ = whole_text(data, where)
    for calendar in split(text, Namer(where, data))[0]:
        header_of(calendar, where)


def expanded(
    events: list[Event],
    problems: list[Problem],
    expansion: Expansion,
    namer: Namer,
    missing_end: timedelta,
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """The occurrences of events, and all problems, those met in reading them first."""
    # Beside the meetings that it cancels a message is none itself: `guards.sealed` cancels those.
    live = {event.uid for event in events if event.method != CANCEL}
    events = [event for event in events if event.method != CANCEL or event.uid not in live]
    series, replaced = series_of(distinguish_made_uids(events))
    for one in series:
        expansion.add(one)
    told = [*problems, *(_replaced(event, namer) for event in replaced), *expansion.problems]
    told += expansion.endless_events(missing_end)
    return expansion.occurrences(), tuple(dict.fromkeys(told))


def read_events(
    data: bytes,
    zone: ZoneInfo,
    namer: Namer,
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
    text, problems = whole_text(data, namer.where)
    calendars, lost = split(text, namer)
    problems += lost
    if unread is not None and any(problem.severity is Severity.FAULT for problem in lost):
        unread |= _lost_uids(text, calendars)
    report = ZoneReport(namer.where)
    events: list[Event] = []
    for calendar in calendars:
        method = header_of(calendar, namer.where).get("METHOD", "")
        if not is_meeting_method(method):
            problems.append(_message(method, calendar, namer))
            continue
        zones = Zones(calendar, zone, report, window)
        read, told = events_of(
            calendar,
            zones,
            namer,
            method,
            cancellations=cancellations,
            missing_end=missing_end,
            owners=owners,
            unread=unread,
        )
        events += read
        problems += told
    return events, [*problems, *report.problems()]


def _lost_uids(text: str, calendars: Iterable[CalendarText]) -> set[str]:
    """The uids in a text beyond those of its events; an event that lost its BEGIN or END may have none."""
    kept = Counter(uid for calendar in calendars for block in calendar.events for uid in uids_of(block.text))
    return {MADE, *(Counter(uids_of(text)) - kept)} - {""}


def header_of(calendar: CalendarText, where: str) -> dict[str, str]:
    """METHOD and CALSCALE, in capitals; raises SourceContentError for another calendar than ours."""
    lines = named_lines(calendar.header, _HEADER)
    header = {name: rest.rpartition(":")[2].strip(' \t"').upper() for name, rest in lines}
    if header.get("CALSCALE", "GREGORIAN") != "GREGORIAN":
        scale = header["CALSCALE"]
        what = f"it counts by another calendar (CALSCALE:{scale if _PLAIN_NAME.fullmatch(scale) else '…'})"
        raise SourceContentError(where, what, "export it in the Gregorian calendar")
    return header


def is_meeting_method(method: str) -> bool:
    """Whether a calendar of this METHOD has meetings or cancels some; any other is mail about them."""
    return method in _MEETINGS


def _message(method: str, calendar: CalendarText, namer: Namer) -> Problem:
    meaning = _OTHER_MESSAGES.get(method, "a message of an unknown kind")
    shown = method if _PLAIN_NAME.fullmatch(method) else "…"
    count = len(calendar.events)
    events = f"its {count_of(count, 'event was', 'events were')}"
    what = f"METHOD:{shown} makes it {meaning}, not a meeting; {events} left out"
    where = namer.at_event(calendar.events[0].number) if calendar.events else namer.where
    hint = "take it out of the folder; the meeting itself comes with METHOD:REQUEST or PUBLISH"
    return Problem(where, what, hint, Severity.NOTE)


def events_of(
    calendar: CalendarText,
    zones: Zones,
    namer: Namer,
    method: str = "",
    *,
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
    missing_end: timedelta,
    owners: frozenset[str] = frozenset(),
) -> tuple[list[Event], list[Problem]]:
    """The events of one VCALENDAR, and the problems of its zones and its events."""
    reader = EventReader(zones, namer, method, missing_end, owners)
    events = []
    for block in calendar.events:
        check_stopped()
        event = reader.read(block)
        if event is not None:
            events.append(event)
    if cancellations is not None:
        cancellations += reader.cancellations
    if unread is not None:
        unread |= reader.unread
    return events, [*zones.problems, *reader.problems]


def _replaced(event: Event, namer: Namer) -> Problem:
    what = "a newer version of it (same UID, higher SEQUENCE) is in the calendar; this one was left out"
    return Problem(namer.by(event.number, event.text), what, "nothing need be done", Severity.NOTE)
