"""Builds the result of every source, and checks whether a calendar lost too many meetings."""

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

OccurrenceKey = tuple[datetime, str, str]

MIN_MEETINGS_TO_CHECK = 10
"""A calendar with fewer meetings than this may become empty without a fault."""


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
    """Build the result of a source as `FetchResult` describes it.

    Occurrences are normalised, without the content of private meetings (`normalise_occurrences`). Those
    outside the window are dropped, and those that a cancellation names are cancelled. Where two have the
    same (uid, recurrence_id, start) but differ, one of them is dropped and reported as a problem.

    Args:
        calendar: what was read.
        window: the requested window.
        occurrences: in any order.
        problems: those that the source found.
        token, unchanged_uids, unread, cancellations: as in `FetchResult`.
    """
    by_key: dict[OccurrenceKey, Occurrence] = {}
    duplicates: set[OccurrenceKey] = set()
    first, last = window.start.astimezone(UTC), window.end.astimezone(UTC)
    for occurrence in apply_cancellations(normalise_occurrences(occurrences), cancellations):
        # In UTC: within one zone Python treats the two 01:30s of the night in autumn as equal.
        start, end = occurrence.start.astimezone(UTC), occurrence.end.astimezone(UTC)
        if not _overlaps(start, end, first, last):
            continue
        key = (start, occurrence.uid, occurrence.recurrence_id)
        other = by_key.setdefault(key, occurrence)
        if other is not occurrence and other != occurrence:
            duplicates.add(key)
            by_key[key] = min(other, occurrence, key=occurrence_digest)  # independent of their order
    keys = sorted(by_key)
    return FetchResult(
        tuple(by_key[key] for key in keys),
        (*problems, *(_duplicate_problem(calendar, by_key[key]) for key in keys if key in duplicates)),
        token,
        unchanged_uids=unchanged_uids,
        unread=unread,
        cancellations=tuple(dict.fromkeys(cancellations)),
    )


def _overlaps(start: datetime, end: datetime, first: datetime, last: datetime) -> bool:
    """`Span.overlaps` with a window from `first` to `last`, all in UTC, without building spans."""
    if start == end:
        return first <= start < last
    if first == last:
        return start <= first < end
    return start < last and first < end


def check_not_emptied(
    calendar: Calendar, stored: int, fetched: int, *, lost: float = 1.0, more_than: int = 0
) -> None:
    """Check that a calendar did not lose all its meetings, or too many of them.

    Args:
        calendar: what was read.
        stored: how many occurrences the window had at the last successful fetch.
        fetched: how many it has now.
        lost: the fraction of `stored` from which on a loss is an error, where `stored` exceeds `more_than`;
            1.0 for no such check.
        more_than: see `lost`.

    Raises:
        CalendarEmptiedError: the loss may be a fault of the source.
    """
    emptied = stored >= MIN_MEETINGS_TO_CHECK and not fetched
    shrunk = lost < 1 and stored > more_than and stored - fetched >= lost * stored > 0
    if emptied or shrunk:
        now = "none" if not fetched else f"only {fetched}"
        raise CalendarEmptiedError(
            str(calendar),
            f"had {format_count(stored, 'meeting')} and now shows {now}; the stored meetings stay",
            f"if it is right: calsync run --accept-empty {calendar.manager_id}",
        )


def _duplicate_problem(calendar: Calendar, occurrence: Occurrence) -> Problem:
    when = occurrence.start.isoformat(timespec="minutes")
    what = f"two versions of one meeting at {when} (uid {shorten_uid(occurrence.uid)}); one was used"
    return Problem(str(calendar), what, "delete one of them in the calendar")
