"""The door of this room: bytes of iCalendar to the occurrences in a window."""

from collections.abc import Sequence, Set
from datetime import timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from calsync.model.copies import Cancellation
from calsync.model.occurrence import Occurrence
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.uids import MADE
from calsync.model.unread import Unread
from calsync.sources.ical.exact import events_of, expanded, read_exactly
from calsync.sources.ical.fast import keyed, read_quickly
from calsync.sources.ical.ledger import Ledger
from calsync.sources.ical.naming import Namer, Part
from calsync.sources.ical.recall import Keyed
from calsync.sources.ical.skim import UnusualError
from calsync.sources.ical.version import reader_version
from calsync.sources.ical.window import Expansion

READER = reader_version()
"""Part of what makes a stored token valid: another reader may read the same calendar otherwise."""


def read_calendar(
    data: bytes,
    window: Span,
    *,
    zone: ZoneInfo,
    owners: frozenset[str] = frozenset(),
    where: str,
    ledger: Ledger | None = None,
    missing_end: timedelta = timedelta(0),
    cancellations: list[Cancellation] | None = None,
    unread: set[str] | None = None,
    parts: Sequence[Part] = (),
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
        quick = read_quickly(data, window, zone=zone, owners=owners, where=where, ledger=ledger)
    except UnusualError:
        return read_exactly(
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
    if not quick.rest.events:
        return _in_order(quick.found), tuple(dict.fromkeys((*zones.problems, *zones.report.problems())))
    namer = Namer(where, data, parts)
    events, told = events_of(quick.rest, zones, namer, unread=unread, missing_end=missing_end)
    told += zones.report.problems()
    expansion = Expansion(window, zone, owners, namer)
    others, problems = expanded(events, told, expansion, namer, missing_end)
    if unread is not None:
        unread |= expansion.unread
    return _in_order([*quick.found, *map(keyed, others)]), problems


def unread_events(uids: Set[str]) -> Unread:
    """What must stay of a calendar in which the events of these uids could not be read.

    The uid made for an event without one depends on its times, so all of them stay where one cannot be read.
    """
    made = any(uid.startswith(MADE) for uid in uids)
    return Unread(frozenset(uids), prefix=MADE if made else "")


def _in_order(found: list[Keyed]) -> tuple[Occurrence, ...]:
    return tuple(occurrence for *_, occurrence in sorted(found, key=itemgetter(0, 1, 2)))
