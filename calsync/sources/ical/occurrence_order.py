"""The order of the occurrences that both readers return: by start in UTC, then uid, then recurrence id."""

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

from calsync.model.occurrence import Occurrence
from calsync.sources.ical.time_values import to_naive_utc

KeyedOccurrence = tuple[datetime, str, str, Occurrence]
"""Start in UTC (naive), uid, recurrence id, and the occurrence. No two have the first three alike.

A plain tuple: the fast reader has the start in UTC at hand and makes thousands of these.
"""


def with_sort_key(occurrence: Occurrence) -> KeyedOccurrence:
    """Return an occurrence with its sort key."""
    return to_naive_utc(occurrence.start), occurrence.uid, occurrence.recurrence_id, occurrence


def sort_occurrences(keyed: Iterable[KeyedOccurrence]) -> tuple[Occurrence, ...]:
    """Return the occurrences in order, without their keys."""
    return tuple(occurrence for *_, occurrence in sorted(keyed, key=itemgetter(0, 1, 2)))
