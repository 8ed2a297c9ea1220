"""`read_calendar`: bytes of iCalendar (RFC 5545) to the occurrences in a window. The sources call it.

The fast reader (`fast`) reads what is written as nearly all calendars are. What it leaves out, some events or
the whole file, is read by the full parser. The result is the same either way. See docs/developers/reading.md.
"""

from collections.abc import Sequence, Set
from datetime import timedelta
from zoneinfo import ZoneInfo

from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.uids import GENERATED_UID_PREFIX
from calsync.model.unread_parts import UnreadParts
from calsync.sources.ical.calendar_expansion import CalendarExpansion
from calsync.sources.ical.fast.reader import read_with_fast_path
from calsync.sources.ical.full_parser import expand_events, read_calendar_events, read_with_full_parser
from calsync.sources.ical.occurrence_order import sort_occurrences, with_sort_key
from calsync.sources.ical.problem_location import EventLocator, JoinedPart
from calsync.sources.ical.reader_version import reader_version
from calsync.sources.ical.uid_digests import UidDigests

READER_VERSION = reader_version()
"""Part of what makes a stored token valid: another version may read the same calendar otherwise."""


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
    """Read the occurrences that overlap a window.

    Args:
        data: The content of an .ics file, of one calendar or several.
        window: Which occurrences are wanted.
        zone: The zone of all-day events and of times without a zone.
        owners: The manager's addresses, lower case.
        where: How problems name the calendar.
        uid_digests: Digests of the last reading of this calendar. UIDs that have not changed since are
            neither read nor returned; afterwards it holds the digests of this reading.
        missing_end: The length of an event that has times and neither DTEND nor DURATION.
        cancellations: What METHOD:CANCEL messages in it cancel, here or in other calendars, is added to it.
        unread: The uids of events that could not be read are added to it.
        parts: The calendars that `data` was joined from, where problems are to name each of them.

    Returns:
        The occurrences by start, then uid; and what was left out or corrected, and why.

    Raises:
        SourceContentError: It is not a calendar, or not a whole one.
    """
    fast_reading = read_with_fast_path(
        data, window, zone=zone, owners=owners, where=where, uid_digests=uid_digests
    )
    if fast_reading is None:
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
    zones = fast_reading.zones
    if not fast_reading.remaining.events:
        problems = tuple(dict.fromkeys((*zones.problems, *zones.report.problems())))
        return sort_occurrences(fast_reading.occurrences), problems
    locator = EventLocator(where, data, parts)
    events, event_problems = read_calendar_events(
        fast_reading.remaining, zones, locator, unread=unread, missing_end=missing_end
    )
    event_problems += zones.report.problems()
    expansion = CalendarExpansion(window, zone, owners, locator)
    occurrences, problems = expand_events(events, event_problems, expansion, locator, missing_end)
    if unread is not None:
        unread |= expansion.unread_uids
    return sort_occurrences([*fast_reading.occurrences, *map(with_sort_key, occurrences)]), problems


def unread_parts_of_events(uids: Set[str]) -> UnreadParts:
    """Return what must stay stored of a calendar in which the events of these uids could not be read.

    The uid generated for an event without one depends on its times. So where one such event cannot be read,
    all stored meetings with a generated uid stay.
    """
    has_generated_uid = any(uid.startswith(GENERATED_UID_PREFIX) for uid in uids)
    return UnreadParts(frozenset(uids), prefix=GENERATED_UID_PREFIX if has_generated_uid else "")
