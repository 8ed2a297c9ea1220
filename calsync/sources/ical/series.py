"""Groups events into series: which events belong together, and which of two versions counts."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import accumulate

from calsync.sources.ical.event import DateOrTime, Event, date_in_zone, to_date
from calsync.sources.ical.time_values import convert_to_zone, to_naive_utc


@dataclass(frozen=True, slots=True)
class Series:
    """A master and its overrides, each recurrence id once. An event that does not recur is a series of one.

    Attributes:
        master: None where the file has overrides only.
    """

    uid: str
    master: Event | None
    overrides: tuple[Event, ...] = ()


def group_into_series(events: Iterable[Event]) -> tuple[list[Series], list[Event]]:
    """Group events into series.

    Events with one UID and one start are versions of one event; so are events with one UID that differ in
    SEQUENCE. Otherwise two masters with one UID are two series, as some exporters write them.

    Returns:
        The series by uid, and the events that a newer version of the same meeting replaces.
    """
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        groups[event.uid].append(event)
    all_series: list[Series] = []
    replaced: list[Event] = []
    for uid in sorted(groups):
        masters, overrides = _split_masters_and_overrides(groups[uid])
        newest = _newest_masters(masters)
        # By identity: there may be ten thousand, and to compare two events compares their texts.
        newest_ids = set(map(id, newest))
        # Of exact doubles one, so that they are not reported as replaced.
        versions = {(_comparable_start(event.start), event.sequence): event for event in masters}
        replaced += [event for event in versions.values() if id(event) not in newest_ids]
        all_series += _build_series(uid, newest, overrides)
    return all_series, replaced


def _split_masters_and_overrides(events: list[Event]) -> tuple[list[Event], list[Event]]:
    masters = [event for event in events if event.recurrence_id is None]
    overrides = [event for event in events if event.recurrence_id is not None]
    if masters:
        return masters, overrides
    # ConnectDaily writes a series with a RECURRENCE-ID that is its own first start.
    own = [event for event in overrides if _is_own_override(event)]
    others = [event for event in overrides if not _is_own_override(event)]
    return [replace(event, recurrence_id=None) for event in own], others


def _is_own_override(event: Event) -> bool:
    return event.recurs and event.recurrence_id == event.start


def _newest_masters(masters: list[Event]) -> list[Event]:
    latest = max((event.sequence for event in masters), default=-1)
    by_start: dict[tuple[bool, date], Event] = {}
    for event in sorted(masters, key=lambda event: event.version_key):
        if event.sequence == latest:
            by_start[_comparable_start(event.start)] = event
    return [by_start[start] for start in sorted(by_start)]


def _build_series(uid: str, masters: list[Event], overrides: list[Event]) -> list[Series]:
    if not masters:
        return [Series(uid, None, _newest_overrides(overrides))] if overrides else []
    shares: list[list[Event]] = [[] for _ in masters]
    masters_by_start = _masters_by_start(masters)
    for override in overrides:
        shares[_index_of_master(override, masters_by_start)].append(override)
    return [
        Series(uid, master, _newest_overrides([_align_recurrence_id(override, master) for override in share]))
        for master, share in zip(masters, shares, strict=True)
    ]


def _masters_by_start(masters: list[Event]) -> tuple[list[date], list[int]]:
    """The days on which series begin, in order; and for each the largest index of a series begun by then."""
    begins = sorted((to_date(master.start), index) for index, master in enumerate(masters) if master.recurs)
    return [day for day, _ in begins], list(accumulate((index for _, index in begins), max))


def _index_of_master(override: Event, masters_by_start: tuple[list[date], list[int]]) -> int:
    """The last series that has begun when the override was to take place; the first if none has."""
    days, last = masters_by_start
    count = bisect_right(days, to_date(override.recurrence_id or override.start))
    return last[count - 1] if count else 0


def _align_recurrence_id(override: Event, master: Event) -> Event:
    """The override with a recurrence id of the kind of the master's DTSTART and in its zone."""
    recurrence_id = override.recurrence_id
    if recurrence_id is None:
        return override
    if not isinstance(master.start, datetime):
        recurrence_id = date_in_zone(recurrence_id, master.zone if master.is_all_day_by_flag else None)
    elif isinstance(recurrence_id, datetime):
        recurrence_id = convert_to_zone(recurrence_id, master.zone)
    else:
        recurrence_id = datetime.combine(recurrence_id, master.start.timetz())
    return replace(override, recurrence_id=recurrence_id)


def _newest_overrides(overrides: list[Event]) -> tuple[Event, ...]:
    newest: dict[tuple[bool, date], Event] = {}
    for event in sorted(overrides, key=lambda event: event.version_key):
        newest[_comparable_start(event.recurrence_id or event.start)] = event
    return tuple(newest[recurrence_id] for recurrence_id in sorted(newest))


def _comparable_start(moment: DateOrTime) -> tuple[bool, date]:
    return (True, to_naive_utc(moment)) if isinstance(moment, datetime) else (False, moment)
