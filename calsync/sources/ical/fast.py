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
from calsync.model.stopping import check_stopped
from calsync.sources.ical.clocks import Clocks, clock_of
from calsync.sources.ical.content import Content, ContentReader
from calsync.sources.ical.event import MESSAGES
from calsync.sources.ical.exact import header_of, is_meeting_method
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.moments import real
from calsync.sources.ical.naming import Namer
from calsync.sources.ical.outlines import Outliner
from calsync.sources.ical.quick_series import Finder, Found, is_usual
from calsync.sources.ical.recall import Keyed, Recall, scope_of
from calsync.sources.ical.sieve import Sieve
from calsync.sources.ical.skim import OddError, UnusualError
from calsync.sources.ical.slices import Slices
from calsync.sources.ical.sorter import Sorter
from calsync.sources.ical.structure import Block, CalendarText, split
from calsync.sources.ical.text import whole_text
from calsync.sources.ical.times import Times
from calsync.sources.ical.zones import ZoneReport, Zones


@dataclass(frozen=True, slots=True)
class Quick:
    """What the fast path found, and the `rest` of the calendar, which only the exact path reads."""

    found: list[Keyed]
    rest: CalendarText
    zones: Zones


def read_quickly(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str],
    where: str,
    ledger: Ledger | None = None,
) -> Quick:
    """Read what is usual in a calendar; raises UnusualError if all of it is for the exact path."""
    slices = Slices(data)
    calendar = _calendar(slices, where)
    method = header_of(calendar, where).get("METHOD", "")
    if method in MESSAGES or not is_meeting_method(method) or not is_usual(window):
        # Messages are small, and a ledger must not pass over their DTSTAMP, which is part of their version.
        raise UnusualError
    zones = Zones(calendar, zone, ZoneReport(where), window)
    recall = Recall(ledger, slices, scope_of(window, zone, owners, zones))
    clocks = Clocks(zones)
    times = Times(slices, clocks, recall.changed)
    sieve = Sieve(slices.skim.table, times, window)
    sorter = Sorter(slices, Outliner(slices, clocks, times), sieve)
    sorter.take(recall.changed)
    finder = Finder(window, clock_of(zone), clocks.floating)
    writer = _Writer(slices, owners)
    found: list[Keyed] = []
    for uid, group in sorter.groups():
        check_stopped()
        try:
            found += writer.written(uid, finder.found(group))
        except OddError:
            sorter.odd.add(uid)
    recall.keep(sorter.odd)
    blocks = tuple(Block(place + 1, slices.own_text(place)) for place in sorter.odd_places())
    return Quick(found, CalendarText(calendar.header, calendar.zones, blocks), zones)


def _calendar(slices: Slices, where: str) -> CalendarText:
    """The frame of the calendar, read by the exact path."""
    text, notes = whole_text(slices.frame, where)
    calendars, lost = split(text, Namer(where, slices.frame))
    if notes or lost or len(calendars) != 1 or calendars[0].events:
        raise UnusualError
    return calendars[0]


def keyed(occurrence: Occurrence) -> Keyed:
    """An occurrence with what it is ordered by."""
    return real(occurrence.start), occurrence.uid, occurrence.recurrence_id, occurrence


class _Writer:
    """Writes occurrences; what all occurrences of an event have alike is read once."""

    def __init__(self, slices: Slices, owners: frozenset[str]) -> None:
        self._slices = slices
        self._reader = ContentReader(owners)

    def written(self, uid: str, found: list[Found]) -> list[Keyed]:
        """The occurrences of one UID; raises OddError for a text that cannot be decoded whole."""
        contents: dict[int, Content] = {}
        keyed = []
        for place, recurrence_id, start, end, utc, all_day in found:
            content = contents.get(place)
            if content is None:
                text = self._slices.text(place)
                content = contents[place] = self._reader.read(text)
                if self._reader.faults:
                    raise OddError
            occurrence = Occurrence(uid, recurrence_id, start, end, all_day, *content)
            keyed.append((utc, uid, recurrence_id, occurrence))
        return keyed
