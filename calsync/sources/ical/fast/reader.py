"""`read_with_fast_path`: the occurrences of a calendar that is written as nearly all calendars are.

Most of a calendar lies outside the window, and most lines of an event are not about its time. So the lines
that are about time are found in all events at once, events far from the window are dropped, and only those
that take place in it are read whole. README.md describes the steps; only `sources/ical/read.py` may import
this package.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.calendar_header import is_meeting_method, read_header
from calsync.sources.ical.components import CalendarText, ComponentText, split_calendars
from calsync.sources.ical.content import ContentReader, EventContent
from calsync.sources.ical.event import SCHEDULING_METHODS
from calsync.sources.ical.fast.changed_events import ChangedEvents, uid_digests_key
from calsync.sources.ical.fast.clocks import CalendarClocks, cached_clock
from calsync.sources.ical.fast.errors import EventNeedsFullParser, FileNeedsFullParser
from calsync.sources.ical.fast.event_times import EventTimesReader
from calsync.sources.ical.fast.partition import EventPartition
from calsync.sources.ical.fast.prefilter import Prefilter
from calsync.sources.ical.fast.split_events import SplitCalendar
from calsync.sources.ical.fast.time_arrays import TimeArrays
from calsync.sources.ical.fast.window_expander import OccurrenceTimes, WindowExpander, is_supported_window
from calsync.sources.ical.file_text import decode_calendar_text
from calsync.sources.ical.occurrence_order import KeyedOccurrence
from calsync.sources.ical.problem_location import EventLocator
from calsync.sources.ical.uid_digests import UidDigests
from calsync.sources.ical.zones import ZoneReport, Zones


@dataclass(frozen=True, slots=True)
class FastReading:
    """What the fast reader read.

    Attributes:
        occurrences: Of the events that it read, in no order.
        remaining: The calendar with only those events that the full parser must read.
        zones: The zones of the calendar, with what is to be reported about them.
    """

    occurrences: list[KeyedOccurrence]
    remaining: CalendarText
    zones: Zones


def read_with_fast_path(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str],
    where: str,
    uid_digests: UidDigests | None = None,
) -> FastReading | None:
    """Read what is written in the usual way; None if the full parser must read the whole file.

    The arguments are those of `read_calendar`. Raises SourceContentError as `read_header` does.
    """
    try:
        return _read(data, window, zone, owners, where, uid_digests)
    except FileNeedsFullParser:
        return None


def _read(
    data: bytes,
    window: Span,
    zone: ZoneInfo,
    owners: frozenset[str],
    where: str,
    uid_digests: UidDigests | None,
) -> FastReading:
    split_calendar = SplitCalendar(data)
    calendar = _read_frame(split_calendar, where)
    method = read_header(calendar, where).get("METHOD", "")
    # Messages are small, and their DTSTAMP is part of their version, which the digests of events leave out.
    if method in SCHEDULING_METHODS or not is_meeting_method(method) or not is_supported_window(window):
        raise FileNeedsFullParser
    zones = Zones(calendar, zone, ZoneReport(where), window)
    changed_events = ChangedEvents(uid_digests, split_calendar, uid_digests_key(window, zone, owners, zones))
    clocks = CalendarClocks(zones)
    times = TimeArrays(split_calendar, clocks, changed_events.indices)
    prefilter = Prefilter(split_calendar.scanned.table, times, window)
    partition = EventPartition(split_calendar, EventTimesReader(split_calendar, clocks, times), prefilter)
    partition.partition_events(changed_events.indices)
    expander = WindowExpander(window, cached_clock(zone), clocks.floating)
    builder = _OccurrenceBuilder(split_calendar, owners)
    occurrences: list[KeyedOccurrence] = []
    for uid, event_times in partition.groups():
        check_time_limit()
        try:
            occurrences += builder.build_occurrences(uid, expander.expand_group(event_times))
        except EventNeedsFullParser:
            partition.full_parser_uids.add(uid)
    changed_events.update_digests(partition.full_parser_uids)
    remaining = tuple(
        ComponentText(index + 1, split_calendar.full_parser_text(index))
        for index in partition.full_parser_indices()
    )
    return FastReading(occurrences, CalendarText(calendar.header, calendar.zones, remaining), zones)


def _read_frame(split_calendar: SplitCalendar, where: str) -> CalendarText:
    """Read the header and the time zones, by the modules of the full parser."""
    text, notes = decode_calendar_text(split_calendar.frame, where)
    calendars, lost_events = split_calendars(text, EventLocator(where, split_calendar.frame))
    if notes or lost_events or len(calendars) != 1 or calendars[0].events:
        raise FileNeedsFullParser
    return calendars[0]


class _OccurrenceBuilder:
    """Builds occurrences; the content of an event is read once for all of its occurrences."""

    def __init__(self, split_calendar: SplitCalendar, owners: frozenset[str]) -> None:
        self._split_calendar = split_calendar
        self._content_reader = ContentReader(owners)

    def build_occurrences(self, uid: str, found: list[OccurrenceTimes]) -> list[KeyedOccurrence]:
        """Build the occurrences of one UID; raises EventNeedsFullParser for a text that cannot be decoded."""
        content_by_event: dict[int, EventContent] = {}
        occurrences = []
        for event_index, recurrence_id, start, end, start_utc, all_day in found:
            content = content_by_event.get(event_index)
            if content is None:
                text = self._split_calendar.text(event_index)
                content = content_by_event[event_index] = self._content_reader.read_content(text)
                if self._content_reader.faults:
                    raise EventNeedsFullParser
            occurrence = Occurrence(uid, recurrence_id, start, end, all_day, *content)
            occurrences.append((start_utc, uid, recurrence_id, occurrence))
        return occurrences
