"""Blocks to events: the times of each VEVENT, or a problem that names it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, TypeVar

from calsync.model.copies import Cancellation
from calsync.model.problem import Problem, Severity
from calsync.model.uids import MADE
from calsync.sources.ical.event import CANCEL, MESSAGES, Event, Moment, day_in, stamp_of
from calsync.sources.ical.lines import TimeLine, lines_by_name, named_lines, shown_value, time_line
from calsync.sources.ical.moments import (
    as_time,
    duration_of,
    elapsed,
    lasting,
    moment_of,
    moments_of,
    periods_of,
)
from calsync.sources.ical.naming import Namer, is_private
from calsync.sources.ical.people import uninvites_others
from calsync.sources.ical.structure import Block
from calsync.sources.ical.texts import text_of
from calsync.sources.ical.whole_days import (
    days_of,
    flagged_days,
    is_flagged_all_day,
    may_be_days,
    rule_of_days,
)
from calsync.sources.ical.zones import Zones

_T = TypeVar("_T")
_Lines = dict[str, list[TimeLine]]
_Reads = Callable[[TimeLine, Zones, tzinfo], Sequence[_T]]
_TIMES = frozenset(
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
_READ = _TIMES | {"UID"}
_IDENTITY = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID"})
_DISTINCTION = frozenset({"LOCATION", "DESCRIPTION", "ORGANIZER", "ATTENDEE", "RESOURCES", "CONTACT", "URL"})
_DAY = timedelta(days=1)
_ZERO = timedelta(0)


class _EventSpan(NamedTuple):
    """When an event is; the fields are those of `Event`."""

    start: Moment
    end: Moment
    zone: tzinfo
    nominal: timedelta | None = None
    flagged: bool = False
    endless: bool = False


class _EventError(Exception):
    """An event that cannot be read; the message says why."""


class EventReader:
    """Reads the events of one VCALENDAR.

    problems: what was left out or mended. cancellations: what the events of a METHOD:CANCEL cancel. unread:
    the uids of events that were left out, or of which times were.
    """

    def __init__(
        self, zones: Zones, namer: Namer, method: str, missing_end: timedelta, owners: frozenset[str]
    ) -> None:
        """missing_end: how long an event with times and no end takes. owners: lower-case addresses."""
        self.problems: list[Problem] = []
        self._zones = zones
        self._namer = namer
        self._method = method
        self._missing_end = missing_end
        self._owners = owners
        self.cancellations: list[Cancellation] = []
        self.unread: set[str] = set()

    def read(self, block: Block) -> Event | None:
        """The event, or None if it had to be left out; then a problem names it."""
        hint = "open it in the calendar and save it again, or delete it"
        try:
            return self._read(block)
        except _EventError as error:
            self._tell(block, f"{error}; the event was left out", hint)
        except OverflowError:
            self._tell(block, "it lies before the year 1 or after 9999; the event was left out", hint)
        self.unread.update([uid for uid in uids_of(block.text) if uid] or [uid_of(block.text)])
        return None

    def _read(self, block: Block) -> Event | None:
        found = lines_by_name(block.text, _READ)
        uids = list(filter(None, dict.fromkeys(map(text_of, found.pop("UID")))))
        lines: _Lines = {
            name: [line for rest in rests if (line := time_line(name, rest)).value]
            for name, rests in found.items()
        }
        if len(uids) > 1:
            raise _EventError("it has two UIDs, so two events run into each other here")
        self._zones.count(dict.fromkeys(line.tzid for found in lines.values() for line in found if line.tzid))
        if self._method == CANCEL and self._owners and uninvites_others(block.text, self._owners):
            what = (
                "METHOD:CANCEL without STATUS:CANCELLED takes others off the list, not the calendar's owner"
            )
            self._tell(block, f"{what}; it cancels nothing", "nothing need be done", Severity.NOTE)
            return None
        if self._method == CANCEL and not lines["DTSTART"]:
            # RFC 5546, 3.2.5: a message that cancels need not say again when the meeting was.
            self._cancel(block, lines, self._zones.floating, None)
            return None
        if lines["EXRULE"]:
            what = "it has an EXRULE, which RFC 5545 no longer knows; what it excludes is counted"
            self._tell(block, what, "delete the excluded meetings one by one", Severity.NOTE)
        span = self._span(block, lines)
        start, zone = span.start, span.zone
        day_zone = zone if span.flagged else None
        original = self._original(lines, zone, day_zone)
        if self._method == CANCEL:
            self._cancel(block, lines, zone, day_zone)
        return Event(
            number=block.number,
            text=block.text,
            method=self._method,
            uid=uids[0] if uids else uid_of(block.text),
            start=start,
            end=span.end,
            zone=zone,
            nominal=span.nominal,
            rules=tuple(sorted({rule_of_days(line.value, day_zone) for line in lines["RRULE"]})),
            rdates=tuple(self._rdates(block, lines, start, zone, day_zone)),
            exdates=tuple(self._exdates(block, lines, start, zone, day_zone)),
            recurrence_id=original,
            this_and_future=any(line.this_and_future for line in lines["RECURRENCE-ID"][:1]),
            sequence=_sequence(lines["SEQUENCE"]),
            stamp=max((line.value.upper() for line in self._stamps(lines)), default=""),
            flagged=span.flagged,
            endless=span.endless,
        )

    def _stamps(self, lines: _Lines) -> list[TimeLine]:
        if self._method in MESSAGES and lines["DTSTAMP"]:
            return lines["DTSTAMP"]
        return lines["LAST-MODIFIED"] or lines["DTSTAMP"]

    def _cancel(self, block: Block, lines: _Lines, zone: tzinfo, day_zone: tzinfo | None) -> None:
        """Keep what an event of a METHOD:CANCEL cancels; raises _EventError."""
        original = self._original(lines, zone, day_zone)
        if original is None and named_lines(block.text, frozenset({"RECURRENCE-ID"})):
            # Never the whole series, where one meeting of it is meant.
            raise _EventError("its RECURRENCE-ID is empty")
        modified, stamp = (
            lines[name][0].value if lines[name] else "" for name in ("LAST-MODIFIED", "DTSTAMP")
        )
        self.cancellations.append(
            Cancellation(
                uid=uid_of(block.text),
                recurrence_id="" if original is None else original.isoformat(),
                this_and_following=any(line.this_and_future for line in lines["RECURRENCE-ID"][:1]),
                # RFC 5546 wants one in every CANCEL: without it only the stamp can show an older message.
                sequence=_sequence(lines["SEQUENCE"]),
                stamp=stamp_of(modified, stamp),
            )
        )

    def _span(self, block: Block, lines: _Lines) -> _EventSpan:
        first = _one(lines, "DTSTART")
        if first is None:
            raise _EventError("it has no DTSTART, so nobody knows when it is")
        start, end, nominal = self._bounds(first, lines)
        start, end = days_of(start, end)
        zone = (start.tzinfo if isinstance(start, datetime) else None) or self._zones.floating
        if may_be_days(start, end) and is_flagged_all_day(block.text):
            days = flagged_days(start, end, (zone, *self._zones.local))
            if days is not None:
                return self._of_days(block, *days, flagged=True)
        if end is None and isinstance(start, datetime):
            end = lasting(start, self._missing_end) if self._missing_end else start
            return _EventSpan(start, end, zone, self._missing_end or None, endless=self._method != CANCEL)
        start, end = _alike(start, start + _DAY if end is None else end)
        if not isinstance(start, datetime):
            return self._of_days(block, start, end, zone)
        return _EventSpan(*self._ordered(block, start, end, zone, nominal))

    def _bounds(self, first: TimeLine, lines: _Lines) -> tuple[Moment, Moment | None, timedelta | None]:
        """Start, end if there is one, and the length if DURATION gives it."""
        start = _required(lambda: moment_of(first, self._zones, self._zones.floating), first)
        zone = (start.tzinfo if isinstance(start, datetime) else None) or self._zones.floating
        if (last := _one(lines, "DTEND")) is not None:
            return start, _required(lambda: moment_of(last, self._zones, zone), last), None
        if (line := _one(lines, "DURATION")) is None:
            return start, None, None
        nominal = _required(lambda: duration_of(line.value), line)
        if nominal % _DAY:
            start = as_time(start, zone)
        return start, lasting(start, nominal), nominal

    def _of_days(
        self, block: Block, start: Moment, end: Moment, zone: tzinfo, *, flagged: bool = False
    ) -> _EventSpan:
        """An all-day event; one that ends where it starts, or before, is one day, as calendars show it."""
        if end < start:
            what = "it ends before it starts; it was read as one day"
            self._tell(block, what, "correct its dates in the calendar", Severity.NOTE)
        return _EventSpan(start, end if end > start else start + _DAY, zone, flagged=flagged)

    def _original(self, lines: _Lines, zone: tzinfo, day_zone: tzinfo | None) -> Moment | None:
        line = _one(lines, "RECURRENCE-ID")
        if line is None:
            return None
        original = _required(lambda: moment_of(line, self._zones, zone), line)
        return day_in(original, day_zone) if day_zone else original

    def _ordered(
        self, block: Block, start: Moment, end: Moment, zone: tzinfo, nominal: timedelta | None
    ) -> tuple[Moment, Moment, tzinfo, timedelta | None]:
        if _length(start, end) >= _ZERO:
            return start, end, zone, nominal
        what = "it ends before it starts; the two were swapped"
        self._tell(block, what, "correct its times in the calendar", Severity.NOTE)
        return end, start, zone, None if nominal is None else -nominal

    def _rdates(
        self, block: Block, lines: _Lines, start: Moment, zone: tzinfo, day_zone: tzinfo | None
    ) -> Iterable[Moment | tuple[datetime, timedelta]]:
        for found in self._tolerated(block, lines["RDATE"], _rdates_of, zone):
            yield _fitted(found, start, day_zone)

    def _exdates(
        self, block: Block, lines: _Lines, start: Moment, zone: tzinfo, day_zone: tzinfo | None
    ) -> Iterable[Moment]:
        for found in self._tolerated(block, lines["EXDATE"], moments_of, zone):
            yield found if isinstance(start, datetime) else day_in(found, day_zone)

    def _tolerated(self, block: Block, lines: list[TimeLine], read: _Reads[_T], zone: tzinfo) -> Iterator[_T]:
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
        self._tell(block, what, "look at the series in the calendar and save it again")
        if name == "RDATE":
            self.unread.add(uid_of(block.text))

    def _tell(self, block: Block, what: str, hint: str, severity: Severity = Severity.FAULT) -> None:
        self.problems.append(Problem(self._namer.by(block.number, block.text), what, hint, severity))


def _rdates_of(line: TimeLine, zones: Zones, zone: tzinfo) -> Sequence[Moment | tuple[datetime, timedelta]]:
    if line.period or "/" in line.value:
        return periods_of(line, zones, zone)
    return moments_of(line, zones, zone)


def _one(lines: _Lines, name: str) -> TimeLine | None:
    found = lines[name]
    if len({(line.tzid, line.value.upper()) for line in found}) > 1:
        raise _EventError(f"it has {name} {len(found)} times, and they differ")
    return found[0] if found else None


def _required(read: Callable[[], _T], line: TimeLine) -> _T:
    try:
        return read()
    except ValueError:
        raise _EventError(f"its {line.name} cannot be read: {shown_value(line.value)}") from None


def _alike(start: Moment, end: Moment) -> tuple[Moment, Moment]:
    """Both dates or both times: where they differ, a date is the midnight it begins with."""
    if isinstance(start, datetime) and start.tzinfo:
        return start, as_time(end, start.tzinfo)
    if isinstance(end, datetime) and end.tzinfo:
        return as_time(start, end.tzinfo), end
    return start, end


def _length(start: Moment, end: Moment) -> timedelta:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return elapsed(start, end)
    return end - start


def _fitted(
    found: Moment | tuple[datetime, timedelta], start: Moment, day_zone: tzinfo | None
) -> Moment | tuple[datetime, timedelta]:
    """An RDATE of the kind that DTSTART is: days in an all-day series, DTSTART's time on a mere date."""
    if not isinstance(start, datetime):
        return day_in(found[0] if isinstance(found, tuple) else found, day_zone)
    if isinstance(found, tuple | datetime):
        return found
    return datetime.combine(found, start.timetz())


def _sequence(lines: list[TimeLine]) -> int:
    written = [line.value for line in lines if line.value.isdecimal()]
    # Longer than any that counts, and than what Python reads as a number.
    values = [int(value) if len(value) < 19 else 10**18 for value in written]
    return max(values, default=-1)


def uids_of(text: str) -> list[str]:
    """The UIDs as they are written."""
    return [text_of(rest) for _, rest in named_lines(text, frozenset({"UID"}))]


def uid_of(text: str) -> str:
    """The UID, or one made of what the event is, the same at every download."""
    written = uids_of(text)
    if written and written[0]:
        return written[0]
    names = _IDENTITY if is_private(text) else _IDENTITY | {"SUMMARY"}
    content = "\n".join(sorted(name + rest for name, rest in named_lines(text, names)))
    return MADE + _digest(content)


def distinguish_made_uids(events: Iterable[Event]) -> list[Event]:
    """Give events without UID that have time and title in common a UID each, by place, people and text.

    Only where there are several such events, so that editing the text of any other leaves its UID, and with
    it people's corrections, as they were. The order of the file does not matter. Two that are equal in all
    of this stay one meeting: an exporter wrote it twice. So do private ones, for only their times are used.
    """
    events = list(events)
    made = Counter(event.uid for event in events if event.uid.startswith(MADE))
    if all(count == 1 for count in made.values()):
        return events
    return [_distinguished(event) if made[event.uid] > 1 else event for event in events]


def _distinguished(event: Event) -> Event:
    if is_private(event.text):
        return event
    # Of a person the address: an answer, which changes, is a parameter.
    lines = (
        name + (text_of(rest).casefold() if name in ("ATTENDEE", "ORGANIZER") else rest)
        for name, rest in named_lines(event.text, _DISTINCTION)
    )
    return replace(event, uid=f"{event.uid}-{_digest(chr(10).join(sorted(set(lines))))}")


def _digest(content: str) -> str:
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=12).hexdigest()
