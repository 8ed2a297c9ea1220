"""What every source's answer passes on its way in: settled and veiled, in the window, in order, each once."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from calsync.errors import CalendarEmptiedError
from calsync.model.copies import Cancellation, apply_cancellations
from calsync.model.occurrence import Occurrence, normalise_occurrences, occurrence_digest
from calsync.model.problem import Problem
from calsync.model.span import Span
from calsync.model.uids import shorten_uid
from calsync.model.unread_parts import ALL_READ, UnreadParts
from calsync.sources.base import Calendar, FetchResult
from calsync.text import format_count

Name = tuple[datetime, str, str]

DOUBT_FROM = 10
"""A calendar that held fewer meetings than this may well be empty tomorrow."""


def build_result(
    calendar: Calendar,
    window: Span,
    occurrences: Iterable[Occurrence],
    problems: Sequence[Problem] = (),
    token: str = "",
    unchanged_uids: frozenset[str] = frozenset(),
    unread: UnreadParts = ALL_READ,
    cancellations: Sequence[Cancellation] = (),
) -> FetchResult:
    """The answer of a source: private content gone, nothing outside the window, by start then uid, each once.

    What a message of the calendar cancels is cancelled.
    Where two occurrences share (uid, recurrence_id, start) but differ, one is kept and the other named.
    """
    kept: dict[Name, Occurrence] = {}
    doubles: set[Name] = set()
    first, last = window.start.astimezone(UTC), window.end.astimezone(UTC)
    for occurrence in apply_cancellations(normalise_occurrences(occurrences), cancellations):
        # In UTC: within one zone Python takes the two 01:30s of an autumn night for one.
        start, end = occurrence.start.astimezone(UTC), occurrence.end.astimezone(UTC)
        if not _overlaps(start, end, first, last):
            continue
        name = (start, occurrence.uid, occurrence.recurrence_id)
        rival = kept.setdefault(name, occurrence)
        if rival is not occurrence and rival != occurrence:
            doubles.add(name)
            kept[name] = min(rival, occurrence, key=occurrence_digest)  # whatever the order they came in
    ordered = sorted(kept)
    noted = [_double(calendar, kept[name]) for name in ordered if name in doubles]
    return FetchResult(
        tuple(kept[name] for name in ordered),
        (*problems, *noted),
        token,
        unchanged_uids=unchanged_uids,
        unread=unread,
        cancellations=tuple(dict.fromkeys(cancellations)),
    )


def _overlaps(start: datetime, end: datetime, first: datetime, last: datetime) -> bool:
    """`Span.overlaps` with a window from `first` to `last`, all in UTC, without making spans."""
    if start == end:
        return first <= start < last
    if first == last:
        return start <= first < end
    return start < last and first < end


def check_not_emptied(
    calendar: Calendar, held: int, fetched: int, *, lost: float = 1.0, more_than: int = 0
) -> None:
    """Doubt a calendar that held meetings and shows none now, or few; raises CalendarEmptiedError.

    held, fetched: how many occurrences the window had at the last good read and has now. lost: the
    part of them that is too large a loss, where more than `more_than` were held.
    """
    emptied = held >= DOUBT_FROM and not fetched
    shrunk = held > more_than and held - fetched >= lost * held > 0
    if emptied or (shrunk and lost < 1):
        now = "none" if not fetched else f"only {fetched}"
        raise CalendarEmptiedError(
            str(calendar),
            f"had {format_count(held, 'meeting')} and now shows {now}; what we hold is kept",
            f"if it is right: calsync run --accept-empty {calendar.manager_id}",
        )


def _double(calendar: Calendar, occurrence: Occurrence) -> Problem:
    when = occurrence.start.isoformat(timespec="minutes")
    what = f"two versions of one meeting at {when} (uid {shorten_uid(occurrence.uid)}); one was kept"
    return Problem(str(calendar), what, "delete one of them in the calendar")
