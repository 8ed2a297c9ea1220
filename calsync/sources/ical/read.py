"""The door of this room: bytes of iCalendar to the occurrences in a window."""

from collections.abc import Sequence, Set
from datetime import timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.uids import MADE_UID_PREFIX
from calsync.model.unread_parts import UnreadParts
from calsync.sources.ical.calendar_expansion import CalendarExpansion
from calsync.sources.ical.fast.changed_events import KeyedOccurrence
from calsync.sources.ical.fast.reader import read_with_fast_path, with_sort_key
from calsync.sources.ical.fast.scan_lines import FileNeedsFullParser
from calsync.sources.ical.full_parser import expand_events, read_calendar_events, read_with_full_parser
from calsync.sources.ical.problem_location import EventLocator, JoinedPart
from calsync.sources.ical.reader_version import reader_version
from calsync.sources.ical.uid_digests import UidDigests

READER_VERSION = reader_version()
"""Part of what makes a stored token valid: another reader may read the same calendar otherwise."""


def read_calendar(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str] = frozenset(),
    where: str,
    uid_digests: UidDigests | None = None,
    missing_end: timedelta = timedelta(0),
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
    parts: Sequence[JoinedPart] = (),
) -> tuple[tuple[Occurrence, ...], tuple[Problem, ...]]:
    """Give every occurrence that overlaps the window, by start then uid, and what was left out and why.

    zone: for all-day and floating times. owners: the manager's addresses, lower case. where: how
    problems name the calendar. ledger: of an earlier reading of this calendar: UIDs that stand as they were
    are not read and not given again; it is brought up to date. missing_end: how long an event with times
    and no end takes. cancellations: takes what METHOD:CANCEL messages in it cancel, here or in other
    calendars. unread: takes the uids of events that could not be read. parts: see `Namer`.
    Raises SourceContentError if it is no whole calendar.
    """
    try:
        quick = read_with_fast_path(
            data, window, zone=zone, owners=owners, where=where, uid_digests=uid_digests
        )
    except FileNeedsFullParser:
        return read_with_full_parser(
            data,
            window,
            zone=zone,
            owners=owners,
            where=where,
            missing_end=missing_end,
            cancellations=cancellations,
            unread=unread,
            parts=parts,
        )
    zones = quick.zones
    if not quick.remaining.events:
        return _sort_occurrences(quick.occurrences), tuple(
            dict.fromkeys((*zones.problems, *zones.report.problems()))
        )
    namer = EventLocator(where, data, parts)
    events, told = read_calendar_events(quick.remaining, zones, namer, unread=unread, missing_end=missing_end)
    told += zones.report.problems()
    expansion = CalendarExpansion(window, zone, owners, namer)
    others, problems = expand_events(events, told, expansion, namer, missing_end)
    if unread is not None:
        unread |= expansion.unread
    return _sort_occurrences([*quick.occurrences, *map(with_sort_key, others)]), problems


def unread_parts_of_events(uids: Set[str]) -> UnreadParts:
    """What must stay of a calendar in which the events of these uids could not be read.

    The uid made for an event without one depends on its times, so all of them stay where one cannot be read.
    """
    made = any(uid.startswith(MADE_UID_PREFIX) for uid in uids)
    return UnreadParts(frozenset(uids), prefix=MADE_UID_PREFIX if made else "")


def _sort_occurrences(found: list[KeyedOccurrence]) -> tuple[Occurrence, ...]:
    return tuple(occurrence for *_, occurrence in sorted(found, key=itemgetter(0, 1, 2)))
