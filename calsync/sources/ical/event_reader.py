"""Blocks to events: the times of each VEVENT, or a problem that names it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, TypeVar

from calsync.model.copies import Cancellation
from calsync.model.problem import Problem, Severity
from calsync.model.uids import MADE_UID_PREFIX
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
_READ_PROPERTIES = _TIME_PROPERTIES | {"UID"}
_IDENTITY_PROPERTIES = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"})
_DISTINGUISHING_PROPERTIES = frozenset(
    {"LOCATION", "DESCRIPTION", "ORGANIZER", "ATTENDEE", "RESOURCES", "CONTACT", "URL"}
)
_DAY = timedelta(days=1)
_ZERO = timedelta(0)


class _EventSpan(NamedTuple):
    """When an event is; the fields are those of `Event`."""

    start: DateOrTime
    end: DateOrTime
    zone: tzinfo
    duration: timedelta | None = None
    is_all_day_by_flag: bool = False
    has_no_end: bool = False


class _EventError(Exception):
    """An event that cannot be read; the message says why."""


class EventReader:
    """Reads the events of one VCALENDAR.

    problems: what was left out or mended. cancellations: what the events of a METHOD:CANCEL cancel. unread:
    the uids of events that were left out, or of which times were.
    """

    def __init__(
        self, zones: Zones, locator: EventLocator, method: str, missing_end: timedelta, owners: frozenset[str]
    ) -> None:
        """missing_end: how long an event with times and no end takes. owners: lower-case addresses."""
        self.problems: list[Problem] = []
        self._zones = zones
        self._namer = locator
        self._method = method
        self._missing_end = missing_end
        self._owners = owners
        self.cancellations: list[Cancellation] = []
        self.unread: set[str] = set()

    def read_event(self, block: ComponentText) -> Event | None:
        """The event, or None if it had to be left out; then a problem names it."""
        hint = "open it in the calendar and save it again, or delete it"
        try:
            return self._build_event(block)
        except _EventError as error:
            self._add_problem(block, f"{error}; the event was left out", hint)
        except OverflowError:
            self._add_problem(block, "it lies before the year 1 or after 9999; the event was left out", hint)
        self.unread.update([uid for uid in written_uids(block.text) if uid] or [event_uid(block.text)])
        return None

    def _build_event(self, block: ComponentText) -> Event | None:
        found = group_lines_by_name(block.text, _READ_PROPERTIES)
        uids = list(filter(None, dict.fromkeys(map(read_text_value, found.pop("UID")))))
        lines: _Lines = {
            name: [line for rest in rests if (line := parse_time_line(name, rest)).value]
            for name, rests in found.items()
        }
        if len(uids) > 1:
            raise _EventError("it has two UIDs, so two events run into each other here")
        self._zones.count_event(
            dict.fromkeys(line.tzid for found in lines.values() for line in found if line.tzid)
        )
        if (
            self._method == CANCEL_METHOD
            and self._owners
            and cancels_for_others_only(block.text, self._owners)
        ):
            what = (
                "METHOD:CANCEL without STATUS:CANCELLED takes others off the list, not the calendar's owner"
            )
            self._add_problem(block, f"{what}; it cancels nothing", "nothing need be done", Severity.NOTE)
            return None
        if self._method == CANCEL_METHOD and not lines["DTSTART"]:
            # RFC 5546, 3.2.5: a message that cancels need not say again when the meeting was.
            self._add_cancellation(block, lines, self._zones.floating, None)
            return None
        if lines["EXRULE"]:
            what = "it has an EXRULE, which RFC 5545 no longer knows; what it excludes is counted"
            self._add_problem(block, what, "delete the excluded meetings one by one", Severity.NOTE)
        span = self._read_span(block, lines)
        start, zone = span.start, span.zone
        day_zone = zone if span.is_all_day_by_flag else None
        original = self._read_recurrence_id(lines, zone, day_zone)
        if self._method == CANCEL_METHOD:
            self._add_cancellation(block, lines, zone, day_zone)
        return Event(
            number=block.number,
            text=block.text,
            method=self._method,
            uid=uids[0] if uids else event_uid(block.text),
            start=start,
            end=span.end,
            zone=zone,
            duration=span.duration,
            rules=tuple(sorted({until_to_date(line.value, day_zone) for line in lines["RRULE"]})),
            rdates=tuple(self._read_rdates(block, lines, start, zone, day_zone)),
            exdates=tuple(self._read_exdates(block, lines, start, zone, day_zone)),
            recurrence_id=original,
            this_and_future=any(line.this_and_future for line in lines["RECURRENCE-ID"][:1]),
            sequence=_read_sequence(lines["SEQUENCE"]),
            stamp=max((line.value.upper() for line in self._stamp_lines(lines)), default=""),
            is_all_day_by_flag=span.is_all_day_by_flag,
            has_no_end=span.has_no_end,
        )

    def _stamp_lines(self, lines: _Lines) -> list[TimeLine]:
        if self._method in SCHEDULING_METHODS and lines["DTSTAMP"]:
            return lines["DTSTAMP"]
        return lines["LAST-MODIFIED"] or lines["DTSTAMP"]

    def _add_cancellation(
        self, block: ComponentText, lines: _Lines, zone: tzinfo, day_zone: tzinfo | None
    ) -> None:
        """Keep what an event of a METHOD:CANCEL cancels; raises _EventError."""
        original = self._read_recurrence_id(lines, zone, day_zone)
        if original is None and find_lines(block.text, frozenset({"RECURRENCE-ID"})):
            # Never the whole series, where one meeting of it is meant.
            raise _EventError("its RECURRENCE-ID is empty")
        modified, stamp = (
            lines[name][0].value if lines[name] else "" for name in ("LAST-MODIFIED", "DTSTAMP")
        )
        self.cancellations.append(
            Cancellation(
                uid=event_uid(block.text),
                recurrence_id="" if original is None else original.isoformat(),
                this_and_following=any(line.this_and_future for line in lines["RECURRENCE-ID"][:1]),
                # RFC 5546 wants one in every CANCEL: without it only the stamp can show an older message.
                sequence=_read_sequence(lines["SEQUENCE"]),
                stamp=version_stamp(modified, stamp),
            )
        )

    def _read_span(self, block: ComponentText, lines: _Lines) -> _EventSpan:
        first = _single_line(lines, "DTSTART")
        if first is None:
            raise _EventError("it has no DTSTART, so nobody knows when it is")
        start, end, nominal = self._read_bounds(first, lines)
        start, end = midnights_to_days(start, end)
        zone = (start.tzinfo if isinstance(start, datetime) else None) or self._zones.floating
        if may_be_all_day(start, end) and is_flagged_all_day(block.text):
            days = days_of_flagged_event(start, end, (zone, *self._zones.midnight_zones))
            if days is not None:
                return self._all_day_span(block, *days, flagged=True)
        if end is None and isinstance(start, datetime):
            end = add_duration(start, self._missing_end) if self._missing_end else start
            return _EventSpan(
                start, end, zone, self._missing_end or None, has_no_end=self._method != CANCEL_METHOD
            )
        start, end = _to_same_kind(start, start + _DAY if end is None else end)
        if not isinstance(start, datetime):
            return self._all_day_span(block, start, end, zone)
        return _EventSpan(*self._swap_if_reversed(block, start, end, zone, nominal))

    def _read_bounds(
        self, first: TimeLine, lines: _Lines
    ) -> tuple[DateOrTime, DateOrTime | None, timedelta | None]:
        """Start, end if there is one, and the length if DURATION gives it."""
        start = _require_value(lambda: read_time(first, self._zones, self._zones.floating), first)
        zone = (start.tzinfo if isinstance(start, datetime) else None) or self._zones.floating
        if (last := _single_line(lines, "DTEND")) is not None:
            return start, _require_value(lambda: read_time(last, self._zones, zone), last), None
        if (line := _single_line(lines, "DURATION")) is None:
            return start, None, None
        nominal = _require_value(lambda: read_duration(line.value), line)
        if nominal % _DAY:
            start = to_datetime(start, zone)
        return start, add_duration(start, nominal), nominal

    def _all_day_span(
        self, block: ComponentText, start: DateOrTime, end: DateOrTime, zone: tzinfo, *, flagged: bool = False
    ) -> _EventSpan:
        """An all-day event; one that ends where it starts, or before, is one day, as calendars show it."""
        if end < start:
            what = "it ends before it starts; it was read as one day"
            self._add_problem(block, what, "correct its dates in the calendar", Severity.NOTE)
        return _EventSpan(start, end if end > start else start + _DAY, zone, is_all_day_by_flag=flagged)

    def _read_recurrence_id(self, lines: _Lines, zone: tzinfo, day_zone: tzinfo | None) -> DateOrTime | None:
        line = _single_line(lines, "RECURRENCE-ID")
        if line is None:
            return None
        original = _require_value(lambda: read_time(line, self._zones, zone), line)
        return date_in_zone(original, day_zone) if day_zone else original

    def _swap_if_reversed(
        self,
        block: ComponentText,
        start: DateOrTime,
        end: DateOrTime,
        zone: tzinfo,
        nominal: timedelta | None,
    ) -> tuple[DateOrTime, DateOrTime, tzinfo, timedelta | None]:
        if _real_length(start, end) >= _ZERO:
            return start, end, zone, nominal
        what = "it ends before it starts; the two were swapped"
        self._add_problem(block, what, "correct its times in the calendar", Severity.NOTE)
        return end, start, zone, None if nominal is None else -nominal

    def _read_rdates(
        self, block: ComponentText, lines: _Lines, start: DateOrTime, zone: tzinfo, day_zone: tzinfo | None
    ) -> Iterable[DateOrTime | tuple[datetime, timedelta]]:
        for found in self._read_tolerantly(block, lines["RDATE"], _read_rdate_line, zone):
            yield _fit_rdate(found, start, day_zone)

    def _read_exdates(
        self, block: ComponentText, lines: _Lines, start: DateOrTime, zone: tzinfo, day_zone: tzinfo | None
    ) -> Iterable[DateOrTime]:
        for found in self._read_tolerantly(block, lines["EXDATE"], read_times, zone):
            yield found if isinstance(start, datetime) else date_in_zone(found, day_zone)

    def _read_tolerantly(
        self, block: ComponentText, lines: list[TimeLine], read: _LineReader[_T], zone: tzinfo
    ) -> Iterator[_T]:
        """What was read of lines of one name, and one problem for the others: the rest counts."""
        errors: list[Exception] = []
        for line in lines:
            try:
                yield from read(line, self._zones, zone)
            except (ValueError, OverflowError) as error:
                errors.append(error)
        if not errors:
            return
        name = lines[0].name
        which = f"its {name} cannot" if len(errors) == 1 else f"{len(errors)} of its {name} lines cannot"
        what = f"{which} be read ({errors[0]}) and was passed over; the rest of the series counts"
        self._add_problem(block, what, "look at the series in the calendar and save it again")
        if name == "RDATE":
            self.unread.add(event_uid(block.text))

    def _add_problem(
        self, block: ComponentText, what: str, hint: str, severity: Severity = Severity.FAULT
    ) -> None:
        self.problems.append(
            Problem(self._namer.describe_event(block.number, block.text), what, hint, severity)
        )


def _read_rdate_line(
    line: TimeLine, zones: Zones, zone: tzinfo
) -> Sequence[DateOrTime | tuple[datetime, timedelta]]:
    if line.is_period or "/" in line.value:
        return read_periods(line, zones, zone)
    return read_times(line, zones, zone)


def _single_line(lines: _Lines, name: str) -> TimeLine | None:
    found = lines[name]
    if len({(line.tzid, line.value.upper()) for line in found}) > 1:
        raise _EventError(f"it has {name} {len(found)} times, and they differ")
    return found[0] if found else None


def _require_value(read: Callable[[], _T], line: TimeLine) -> _T:
    try:
        return read()
    except ValueError:
        raise _EventError(f"its {line.name} cannot be read: {redact_value(line.value)}") from None


def _to_same_kind(start: DateOrTime, end: DateOrTime) -> tuple[DateOrTime, DateOrTime]:
    """Both dates or both times: where they differ, a date is the midnight it begins with."""
    if isinstance(start, datetime) and start.tzinfo:
        return start, to_datetime(end, start.tzinfo)
    if isinstance(end, datetime) and end.tzinfo:
        return to_datetime(start, end.tzinfo), end
    return start, end


def _real_length(start: DateOrTime, end: DateOrTime) -> timedelta:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return elapsed_time(start, end)
    return end - start


def _fit_rdate(
    found: DateOrTime | tuple[datetime, timedelta], start: DateOrTime, day_zone: tzinfo | None
) -> DateOrTime | tuple[datetime, timedelta]:
    """An RDATE of the kind that DTSTART is: days in an all-day series, DTSTART's time on a mere date."""
    if not isinstance(start, datetime):
        return date_in_zone(found[0] if isinstance(found, tuple) else found, day_zone)
    if isinstance(found, tuple | datetime):
        return found
    return datetime.combine(found, start.timetz())


def _read_sequence(lines: list[TimeLine]) -> int:
    written = [line.value for line in lines if line.value.isdecimal()]
    # Longer than any that counts, and than what Python reads as a number.
    values = [int(value) if len(value) < 19 else 10**18 for value in written]
    return max(values, default=-1)


def written_uids(text: str) -> list[str]:
    """The UIDs as they are written."""
    return [read_text_value(rest) for _, rest in find_lines(text, frozenset({"UID"}))]


def event_uid(text: str) -> str:
    """The UID, or one made of what the event is, the same at every download."""
    written = written_uids(text)
    if written and written[0]:
        return written[0]
    names = _IDENTITY_PROPERTIES if is_private_event(text) else _IDENTITY_PROPERTIES | {"SUMMARY"}
    content = "\n".join(sorted(name + rest for name, rest in find_lines(text, names)))
    return MADE_UID_PREFIX + _digest(content)


def distinguish_made_uids(events: Iterable[Event]) -> list[Event]:
    """Give events without UID that have time and title in common a UID each, by place, people and text.

    Only where there are several such events, so that editing the text of any other leaves its UID, and with
    it people's corrections, as they were. The order of the file does not matter. Two that are equal in all
    of this stay one meeting: an exporter wrote it twice. So do private ones, for only their times are used.
    """
    events = list(events)
    made = Counter(event.uid for event in events if event.uid.startswith(MADE_UID_PREFIX))
    if all(count == 1 for count in made.values()):
        return events
    return [_distinguish_uid(event) if made[event.uid] > 1 else event for event in events]


def _distinguish_uid(event: Event) -> Event:
    if is_private_event(event.text):
        return event
    # Of a person the address: an answer, which changes, is a parameter.
    lines = (
        name + (read_text_value(rest).casefold() if name in ("ATTENDEE", "ORGANIZER") else rest)
        for name, rest in find_lines(event.text, _DISTINGUISHING_PROPERTIES)
    )
    return replace(event, uid=f"{event.uid}-{_digest(chr(10).join(sorted(set(lines))))}")


def _digest(content: str) -> str:
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=12).hexdigest()
