"""Reads the times of each VEVENT for the full parser; reports events that cannot be read as problems."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, TypeVar

from calsync.model.copies import Cancellation
from calsync.model.problem import Problem, Severity
from calsync.model.uids import GENERATED_UID_PREFIX
from calsync.sources.ical.all_day import (
    days_of_flagged_event,
    is_flagged_all_day,
    may_be_all_day,
    midnights_to_days,
    until_to_date,
)
from calsync.sources.ical.components import ComponentText
from calsync.sources.ical.content_lines import (
    TimeLine,
    find_lines,
    group_lines_by_name,
    parse_time_line,
    redact_value,
)
from calsync.sources.ical.event import (
    CANCEL_METHOD,
    SCHEDULING_METHODS,
    DateOrTime,
    Event,
    date_in_zone,
    version_stamp,
)
from calsync.sources.ical.people_lines import cancels_for_others_only
from calsync.sources.ical.problem_location import EventLocator, is_private_event
from calsync.sources.ical.text_values import read_text_value
from calsync.sources.ical.time_values import (
    add_duration,
    elapsed_time,
    read_duration,
    read_periods,
    read_time,
    read_times,
    to_datetime,
)
from calsync.sources.ical.zones import Zones

_T = TypeVar("_T")
_Lines = dict[str, list[TimeLine]]
_LineReader = Callable[[TimeLine, Zones, tzinfo], Sequence[_T]]
_TIME_PROPERTIES = frozenset(
    {
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "EXRULE",
        "RECURRENCE-ID",
        "SEQUENCE",
        "DTSTAMP",
        "LAST-MODIFIED",
    }
)
_READER_PROPERTIES = _TIME_PROPERTIES | {"UID"}
_IDENTITY_PROPERTIES = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"})
_DISTINGUISHING_PROPERTIES = frozenset(
    {"LOCATION", "DESCRIPTION", "ORGANIZER", "ATTENDEE", "RESOURCES", "CONTACT", "URL"}
)
_DAY = timedelta(days=1)
_ZERO = timedelta(0)


class _EventSpan(NamedTuple):
    """The times of one event; the fields are those of `Event`."""

    start: DateOrTime
    end: DateOrTime
    zone: tzinfo
    duration: timedelta | None = None
    is_all_day_by_flag: bool = False
    has_no_end: bool = False


class _EventError(Exception):
    """An event that cannot be read; the message gives the reason."""


class EventReader:
    """Reads the events of one VCALENDAR.

    Attributes:
        problems: What was left out or corrected.
        cancellations: What the events of a METHOD:CANCEL cancel.
        unread_uids: The uids of events that were left out, and of events that lost an RDATE.
    """

    def __init__(
        self, zones: Zones, locator: EventLocator, method: str, missing_end: timedelta, owners: frozenset[str]
    ) -> None:
        """Create the reader of one calendar.

        Args:
            zones: The zones of the calendar.
            locator: Describes where in the file an event is, for problems.
            method: METHOD of the calendar, in capitals; "" for none.
            missing_end: The duration of an event that starts at a time and has neither DTEND nor DURATION.
            owners: The manager's addresses, in lower case.
        """
        self.problems: list[Problem] = []
        self.cancellations: list[Cancellation] = []
        self.unread_uids: set[str] = set()
        self._zones = zones
        self._locator = locator
        self._method = method
        self._missing_end = missing_end
        self._owners = owners

    def read_event(self, component: ComponentText) -> Event | None:
        """Return the event; None if it is left out, and a problem or a cancellation is recorded instead."""
        hint = "open it in the calendar and save it again, or delete it"
        try:
            return self._build_event(component)
        except _EventError as error:
            self._add_problem(component, f"{error}; the event was left out", hint)
        except OverflowError:
            what = "its times are not in the years 1 to 9999; the event was left out"
            self._add_problem(component, what, hint)
        text = component.text
        self.unread_uids.update([uid for uid in written_uids(text) if uid] or [event_uid(text)])
        return None

    def _build_event(self, component: ComponentText) -> Event | None:
        text = component.text
        rests = group_lines_by_name(text, _READER_PROPERTIES)
        uids = list(filter(None, dict.fromkeys(map(read_text_value, rests.pop("UID")))))
        if len(uids) > 1:
            raise _EventError("it has several UIDs, so it contains lines of several events")
        lines: _Lines = {
            name: [line for rest in rests_of_name if (line := parse_time_line(name, rest)).value]
            for name, rests_of_name in rests.items()
        }
        tzids = [line.tzid for lines_of_name in lines.values() for line in lines_of_name if line.tzid]
        self._zones.count_event(dict.fromkeys(tzids))
        is_cancel = self._method == CANCEL_METHOD
        if is_cancel and self._owners and cancels_for_others_only(text, self._owners):
            what = "METHOD:CANCEL without STATUS:CANCELLED removes other attendees, not the calendar's owner"
            self._add_note(component, f"{what}; it cancels nothing", "no action is needed")
            return None
        if is_cancel and not lines["DTSTART"]:
            # RFC 5546, 3.2.5: a CANCEL message need not contain DTSTART.
            recurrence_id = self._read_recurrence_id(lines, self._zones.floating, None)
            self._add_cancellation(component, lines, recurrence_id)
            return None
        if lines["EXRULE"]:
            what = "it has an EXRULE, which RFC 5545 no longer defines; what it excludes is counted"
            self._add_note(component, what, "delete the excluded meetings one by one")
        span = self._read_span(component, lines)
        # If only Outlook's flag makes the event all-day, UNTIL, EXDATE, RDATE and RECURRENCE-ID may be
        # times as well; each is converted to a day in the zone whose midnights its start and end are.
        day_zone = span.zone if span.is_all_day_by_flag else None
        recurrence_id = self._read_recurrence_id(lines, span.zone, day_zone)
        if is_cancel:
            self._add_cancellation(component, lines, recurrence_id)
        is_message = self._method in SCHEDULING_METHODS
        stamp_lines = (is_message and lines["DTSTAMP"]) or lines["LAST-MODIFIED"] or lines["DTSTAMP"]
        return Event(
            number=component.number,
            text=text,
            method=self._method,
            uid=uids[0] if uids else event_uid(text),
            start=span.start,
            end=span.end,
            zone=span.zone,
            duration=span.duration,
            rules=tuple(sorted({until_to_date(line.value, day_zone) for line in lines["RRULE"]})),
            rdates=tuple(self._read_rdates(component, lines, span.start, span.zone, day_zone)),
            exdates=tuple(
                exdate if isinstance(span.start, datetime) else date_in_zone(exdate, day_zone)
                for exdate in self._read_valid_lines(component, lines["EXDATE"], read_times, span.zone)
            ),
            recurrence_id=recurrence_id,
            this_and_future=any(line.this_and_future for line in lines["RECURRENCE-ID"][:1]),
            sequence=_read_sequence(lines["SEQUENCE"]),
            stamp=max((line.value.upper() for line in stamp_lines), default=""),
            is_all_day_by_flag=span.is_all_day_by_flag,
            has_no_end=span.has_no_end,
        )

    def _add_cancellation(
        self, component: ComponentText, lines: _Lines, recurrence_id: DateOrTime | None
    ) -> None:
        """Record what an event of a METHOD:CANCEL message cancels; raises _EventError."""
        if recurrence_id is None and find_lines(component.text, frozenset({"RECURRENCE-ID"})):
            # The message is about one meeting of a series, so the whole series must not be cancelled.
            raise _EventError("its RECURRENCE-ID is empty")
        modified, message_stamp = (
            lines[name][0].value if lines[name] else "" for name in ("LAST-MODIFIED", "DTSTAMP")
        )
        self.cancellations.append(
            Cancellation(
                uid=event_uid(component.text),
                recurrence_id="" if recurrence_id is None else recurrence_id.isoformat(),
                this_and_following=any(line.this_and_future for line in lines["RECURRENCE-ID"][:1]),
                # RFC 5546 requires SEQUENCE in every CANCEL; without it only the stamps show which of two
                # versions is older.
                sequence=_read_sequence(lines["SEQUENCE"]),
                stamp=version_stamp(modified, message_stamp),
            )
        )

    def _read_span(self, component: ComponentText, lines: _Lines) -> _EventSpan:
        """Read start and end from DTSTART, DTEND, DURATION and Outlook's all-day flag; raises _EventError."""
        start, end, duration = self._read_bounds(lines)
        start, end = midnights_to_days(start, end)
        zone = self._zone_of(start)
        if may_be_all_day(start, end) and is_flagged_all_day(component.text):
            days = days_of_flagged_event(start, end, (zone, *self._zones.midnight_zones))
            if days is not None:
                return self._all_day_span(component, *days, by_flag=True)
        if end is None and isinstance(start, datetime):
            end = add_duration(start, self._missing_end) if self._missing_end else start
            return _EventSpan(
                start, end, zone, self._missing_end or None, has_no_end=self._method != CANCEL_METHOD
            )
        if end is None:
            end = start + _DAY
        # If only one of the two is a date, it is read as midnight at the beginning of that day.
        if isinstance(start, datetime):
            end = to_datetime(end, start.tzinfo)
        elif isinstance(end, datetime):
            start = to_datetime(start, end.tzinfo)
        if not isinstance(start, datetime) or not isinstance(end, datetime):
            return self._all_day_span(component, start, end, zone)
        if elapsed_time(start, end) < _ZERO:
            what = "it ends before it starts; the two were swapped"
            self._add_note(component, what, "correct its times in the calendar")
            return _EventSpan(end, start, zone, None if duration is None else -duration)
        return _EventSpan(start, end, zone, duration)

    def _read_bounds(self, lines: _Lines) -> tuple[DateOrTime, DateOrTime | None, timedelta | None]:
        """Return the start, the end or None, and the DURATION if the end was computed from it."""
        dtstart = _single_line(lines, "DTSTART")
        if dtstart is None:
            raise _EventError("it has no DTSTART, so its time is unknown")
        start = self._read_required_time(dtstart, self._zones.floating)
        dtend = _single_line(lines, "DTEND")
        if dtend is not None:
            return start, self._read_required_time(dtend, self._zone_of(start)), None
        duration_line = _single_line(lines, "DURATION")
        if duration_line is None:
            return start, None, None
        try:
            duration = read_duration(duration_line.value)
        except ValueError:
            raise _unreadable_line_error(duration_line) from None
        zone = self._zone_of(start)
        if duration % _DAY:
            start = to_datetime(start, zone)
        return start, add_duration(start, duration), duration

    def _zone_of(self, start: DateOrTime) -> tzinfo:
        """Return the zone of a start; for a date, the zone of times without a zone."""
        return (start.tzinfo if isinstance(start, datetime) else None) or self._zones.floating

    def _all_day_span(
        self,
        component: ComponentText,
        start: DateOrTime,
        end: DateOrTime,
        zone: tzinfo,
        *,
        by_flag: bool = False,
    ) -> _EventSpan:
        """Return the span of an all-day event.

        If it ends at its start or before, it is one day: this is how calendars show it.
        """
        if end < start:
            what = "it ends before it starts; it was read as one day"
            self._add_note(component, what, "correct its dates in the calendar")
        return _EventSpan(start, end if end > start else start + _DAY, zone, is_all_day_by_flag=by_flag)

    def _read_recurrence_id(self, lines: _Lines, zone: tzinfo, day_zone: tzinfo | None) -> DateOrTime | None:
        line = _single_line(lines, "RECURRENCE-ID")
        if line is None:
            return None
        recurrence_id = self._read_required_time(line, zone)
        return date_in_zone(recurrence_id, day_zone) if day_zone else recurrence_id

    def _read_required_time(self, line: TimeLine, floating: tzinfo) -> DateOrTime:
        """Read a time that the event cannot be without; raises _EventError."""
        try:
            return read_time(line, self._zones, floating)
        except ValueError:
            raise _unreadable_line_error(line) from None

    def _read_rdates(
        self,
        component: ComponentText,
        lines: _Lines,
        start: DateOrTime,
        zone: tzinfo,
        day_zone: tzinfo | None,
    ) -> Iterator[DateOrTime | tuple[datetime, timedelta]]:
        """Read RDATE lines: days in an all-day series, else times; a date gets the time of day of DTSTART."""
        for rdate in self._read_valid_lines(component, lines["RDATE"], _read_rdate_line, zone):
            if not isinstance(start, datetime):
                yield date_in_zone(rdate[0] if isinstance(rdate, tuple) else rdate, day_zone)
            elif isinstance(rdate, tuple | datetime):
                yield rdate
            else:
                yield datetime.combine(rdate, start.timetz())

    def _read_valid_lines(
        self, component: ComponentText, lines: list[TimeLine], read: _LineReader[_T], zone: tzinfo
    ) -> Iterator[_T]:
        """Yield what can be read of lines of one name; add one problem for all lines that cannot be read."""
        errors: list[Exception] = []
        for line in lines:
            try:
                yield from read(line, self._zones, zone)
            except (ValueError, OverflowError) as error:
                errors.append(error)
        if not errors:
            return
        name = lines[0].name
        if len(errors) == 1:
            ignored = f"its {name} cannot be read ({errors[0]}) and was ignored"
        else:
            ignored = f"{len(errors)} of its {name} lines cannot be read ({errors[0]}) and were ignored"
        what = f"{ignored}; the rest of the series is counted"
        self._add_problem(component, what, "look at the series in the calendar and save it again")
        if name == "RDATE":
            self.unread_uids.add(event_uid(component.text))

    def _add_note(self, component: ComponentText, what: str, hint: str) -> None:
        self._add_problem(component, what, hint, Severity.NOTE)

    def _add_problem(
        self, component: ComponentText, what: str, hint: str, severity: Severity = Severity.FAULT
    ) -> None:
        where = self._locator.describe_event(component.number, component.text)
        self.problems.append(Problem(where, what, hint, severity))


def _read_rdate_line(
    line: TimeLine, zones: Zones, zone: tzinfo
) -> Sequence[DateOrTime | tuple[datetime, timedelta]]:
    if line.is_period or "/" in line.value:
        return read_periods(line, zones, zone)
    return read_times(line, zones, zone)


def _single_line(lines: _Lines, name: str) -> TimeLine | None:
    lines_of_name = lines[name]
    if len({(line.tzid, line.value.upper()) for line in lines_of_name}) > 1:
        raise _EventError(f"it has {name} {len(lines_of_name)} times, and they differ")
    return lines_of_name[0] if lines_of_name else None


def _unreadable_line_error(line: TimeLine) -> _EventError:
    return _EventError(f"its {line.name} cannot be read: {redact_value(line.value)}")


def _read_sequence(lines: list[TimeLine]) -> int:
    """Read SEQUENCE; -1 where it is absent or not a number."""
    digits = [line.value for line in lines if line.value.isdecimal()]
    # `int` raises ValueError for a number of thousands of digits; 10^18 is more than any real SEQUENCE.
    return max((int(value) if len(value) < 19 else 10**18 for value in digits), default=-1)


def written_uids(text: str) -> list[str]:
    """Return the UIDs in the text of an event or a calendar, decoded, in order."""
    return [read_text_value(rest) for _, rest in find_lines(text, frozenset({"UID"}))]


def event_uid(text: str) -> str:
    """Return the UID of an event; if it has none, one generated from its times and title (if not private).

    The generated UID is the same at every download.
    """
    uids = written_uids(text)
    if uids and uids[0]:
        return uids[0]
    names = _IDENTITY_PROPERTIES if is_private_event(text) else _IDENTITY_PROPERTIES | {"SUMMARY"}
    content = "\n".join(sorted(name + rest for name, rest in find_lines(text, names)))
    return GENERATED_UID_PREFIX + _digest(content)


def distinguish_generated_uids(events: Iterable[Event]) -> list[Event]:
    """Return the events, with different UIDs for different events that have no UID in the file.

    `event_uid` generates the same UID for events with equal times and title. Here each of these gets a new
    UID, which also depends on its place, people and text, and not on the order of the file. All other UIDs
    stay: otherwise an edit of the text of an event would change the UID to which corrections refer. Events
    that are equal in all of this still have one UID and are one meeting: an exporter wrote it twice. So are
    private events with equal times, of which nothing else is read.
    """
    events = list(events)
    counts = Counter(event.uid for event in events if event.uid.startswith(GENERATED_UID_PREFIX))
    if all(count == 1 for count in counts.values()):
        return events
    return [_distinguish_uid(event) if counts[event.uid] > 1 else event for event in events]


def _distinguish_uid(event: Event) -> Event:
    if is_private_event(event.text):
        return event
    # Of a person only the address is used: the response, which changes, is a parameter of the line.
    lines = (
        name + (read_text_value(rest).casefold() if name in ("ATTENDEE", "ORGANIZER") else rest)
        for name, rest in find_lines(event.text, _DISTINGUISHING_PROPERTIES)
    )
    return replace(event, uid=f"{event.uid}-{_digest(chr(10).join(sorted(set(lines))))}")


def _digest(content: str) -> str:
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=12).hexdigest()
