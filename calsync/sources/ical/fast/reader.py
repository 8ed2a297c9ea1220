"""The fast path: bytes to the occurrences in a window, for what is written as nearly all calendars are.

    bytes ─ slices ─ times ─ outlines ─ quick_series ─ content ─ occurrences
               └ unusual       └──── odd ─────┘
                 the file        one UID              to the exact path

Most of a calendar lies outside the window, and most of an event says nothing of its time: so the lines that
do are found in all events at once, what is far is dropped, and only events that take place are read whole.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from calsync.model.occurrence import Occurrence
from calsync.model.span import Span
from calsync.model.time_limits import check_time_limit
from calsync.sources.ical.components import CalendarText, ComponentText, split_calendars
from calsync.sources.ical.content import ContentReader, EventContent
from calsync.sources.ical.event import SCHEDULING_METHODS
from calsync.sources.ical.fast.changed_events import ChangedEvents, KeyedOccurrence, uid_digests_key
from calsync.sources.ical.fast.clocks import CalendarClocks, cached_clock
from calsync.sources.ical.fast.event_times import EventTimesReader
from calsync.sources.ical.fast.partition import EventPartition
from calsync.sources.ical.fast.prefilter import Prefilter
from calsync.sources.ical.fast.scan_lines import EventNeedsFullParser, FileNeedsFullParser
from calsync.sources.ical.fast.split_events import SplitCalendar
from calsync.sources.ical.fast.time_arrays import TimeArrays
from calsync.sources.ical.fast.window_expander import OccurrenceTimes, WindowExpander, is_supported_window
from calsync.sources.ical.file_text import decode_calendar_text
from calsync.sources.ical.full_parser import is_meeting_method, read_header
from calsync.sources.ical.problem_location import EventLocator
from calsync.sources.ical.time_values import to_naive_utc
from calsync.sources.ical.uid_digests import UidDigests
from calsync.sources.ical.zones import ZoneReport, Zones


@dataclass(frozen=True, slots=True)
class FastReading:
    """What the fast path found, and the `rest` of the calendar, which only the exact path reads."""

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
) -> FastReading:
    """Read what is usual in a calendar; raises FileNeedsFullParser if all of it is for the exact path."""
    slices = SplitCalendar(data)
    calendar = _read_frame(slices, where)
    method = read_header(calendar, where).get("METHOD", "")
    if method in SCHEDULING_METHODS or not is_meeting_method(method) or not is_supported_window(window):
        # Messages are small, and a ledger must not pass over their DTSTAMP, which is part of their version.
        raise FileNeedsFullParser
    zones = Zones(calendar, zone, ZoneReport(where), window)
    changed_events = ChangedEvents(uid_digests, slices, uid_digests_key(window, zone, owners, zones))
    clocks = CalendarClocks(zones)
    times = TimeArrays(slices, clocks, changed_events.indices)
    sieve = Prefilter(slices.scanned.table, times, window)
    sorter = EventPartition(slices, EventTimesReader(slices, clocks, times), sieve)
    sorter.partition_events(changed_events.indices)
    finder = WindowExpander(window, cached_clock(zone), clocks.floating)
    writer = _OccurrenceBuilder(slices, owners)
    found: list[KeyedOccurrence] = []
    for uid, group in sorter.groups():
        check_time_limit()
        try:
            found += writer.build_occurrences(uid, finder.expand_group(group))
        except EventNeedsFullParser:
            sorter.full_parser_uids.add(uid)
    changed_events.update_digests(sorter.full_parser_uids)
    blocks = tuple(
        ComponentText(place + 1, slices.full_parser_text(place)) for place in sorter.full_parser_indices()
    )
    return FastReading(found, CalendarText(calendar.header, calendar.zones, blocks), zones)


def _read_frame(split_calendar: SplitCalendar, where: str) -> CalendarText:
    """The frame of the calendar, read by the exact path."""
    text, notes = decode_calendar_text(split_calendar.frame, where)
    calendars, lost = split_calendars(text, EventLocator(where, split_calendar.frame))
    if notes or lost or len(calendars) != 1 or calendars[0].events:
        raise FileNeedsFullParser
    return calendars[0]


def with_sort_key(occurrence: Occurrence) -> KeyedOccurrence:
    """An occurrence with what it is ordered by."""
    return to_naive_utc(occurrence.start), occurrence.uid, occurrence.recurrence_id, occurrence


class _OccurrenceBuilder:
    """Writes occurrences; what all occurrences of an event have alike is read once."""

    def __init__(self, split_calendar: SplitCalendar, owners: frozenset[str]) -> None:
        self._slices = split_calendar
        self._reader = ContentReader(owners)

    def build_occurrences(self, uid: str, found: list[OccurrenceTimes]) -> list[KeyedOccurrence]:
        """The occurrences of one UID; raises EventNeedsFullParser for a text that cannot be decoded whole."""
        contents: dict[int, EventContent] = {}
        keyed = []
        for place, recurrence_id, start, end, utc, all_day in found:
            content = contents.get(place)
            if content is None:
                text = self._slices.text(place)
                content = contents[place] = self._reader.read_content(text)
                if self._reader.faults:
                    raise EventNeedsFullParser
            occurrence = Occurrence(uid, recurrence_id, start, end, all_day, *content)
            keyed.append((utc, uid, recurrence_id, occurrence))
        return keyed
