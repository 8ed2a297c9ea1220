"""Events to series: which belong together, and which of two versions counts."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import accumulate

from calsync.sources.ical.event import Event, Moment, as_day, day_in
from calsync.sources.ical.moments import real, shown_in


@dataclass(frozen=True, slots=True)
class Series:
    """A master and its overrides, each recurrence id once; without a master the overrides stand alone.

    An event that does not recur is a series of one.
    """

    uid: str
    master: Event | None
    overrides: tuple[Event, ...] = ()


def series_of(events: Iterable[Event]) -> tuple[list[Series], list[Event]]:
    """All series, by uid, and the events that a newer version of the same meeting has replaced.

    Events that share a UID and a start are versions of one; so are those that share a UID and differ
    in SEQUENCE. Otherwise two masters of one UID are two series, as some exporters write them.
    """
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        groups[event.uid].append(event)
    found: list[Series] = []
    replaced: list[Event] = []
    for uid in sorted(groups):
        masters, overrides = _parted(groups[uid])
        kept = _newest(masters)
        # By identity: there may be ten thousand of either, and each is an event of its own.
        counted = set(map(id, kept))
        replaced += [event for event in _distinct(masters) if id(event) not in counted]
        found += _grouped(uid, kept, overrides)
    return found, replaced


def _parted(events: list[Event]) -> tuple[list[Event], list[Event]]:
    masters = [event for event in events if event.recurrence_id is None]
    overrides = [event for event in events if event.recurrence_id is not None]
    if masters:
        return masters, overrides
    # A series may carry a RECURRENCE-ID of its own first start, as ConnectDaily writes it.
    own = [event for event in overrides if _is_own_override(event)]
    others = [event for event in overrides if not _is_own_override(event)]
    return [replace(event, recurrence_id=None) for event in own], others


def _is_own_override(event: Event) -> bool:
    return event.recurs and event.recurrence_id == event.start


def _newest(masters: list[Event]) -> list[Event]:
    latest = max((event.sequence for event in masters), default=-1)
    by_start: dict[tuple[bool, date], Event] = {}
    for event in sorted(masters, key=lambda event: event.revision):
        if event.sequence == latest:
            by_start[_instant(event.start)] = event
    return [by_start[start] for start in sorted(by_start)]


def _distinct(masters: list[Event]) -> list[Event]:
    """One of each start and version: exact doubles are not worth a word."""
    return list({(_instant(event.start), event.sequence): event for event in masters}.values())


def _grouped(uid: str, masters: list[Event], overrides: list[Event]) -> list[Series]:
    if not masters:
        return [Series(uid, None, _each_once(overrides))] if overrides else []
    shares: list[list[Event]] = [[] for _ in masters]
    begun = _by_day(masters)
    for override in overrides:
        shares[_master_of(override, begun)].append(override)
    return [
        Series(uid, master, _each_once([_fitted(override, master) for override in share]))
        for master, share in zip(masters, shares, strict=True)
    ]


def _by_day(masters: list[Event]) -> tuple[list[date], list[int]]:
    """The days on which series begin, in order, and for each the last of those that have begun by then."""
    begins = sorted((as_day(master.start), place) for place, master in enumerate(masters) if master.recurs)
    return [day for day, _ in begins], list(accumulate((place for _, place in begins), max))


def _master_of(override: Event, begun: tuple[list[date], list[int]]) -> int:
    """The last series that has begun when the override was to take place; the first if none has."""
    days, last = begun
    count = bisect_right(days, as_day(override.recurrence_id or override.start))
    return last[count - 1] if count else 0


def _fitted(override: Event, master: Event) -> Event:
    """The override with its recurrence id as the master would write it: same kind, same zone."""
    original = override.recurrence_id
    if original is None:
        return override
    return replace(override, recurrence_id=_like(original, master))


def _like(original: Moment, master: Event) -> Moment:
    start, zone = master.start, master.zone
    if not isinstance(start, datetime):
        return day_in(original, zone if master.flagged else None)
    if isinstance(original, datetime):
        return shown_in(original, zone)
    return datetime.combine(original, start.timetz())


def _each_once(overrides: list[Event]) -> tuple[Event, ...]:
    newest: dict[tuple[bool, date], Event] = {}
    for event in sorted(overrides, key=lambda event: event.revision):
        newest[_instant(event.recurrence_id or event.start)] = event
    return tuple(newest[original] for original in sorted(newest))


def _instant(moment: Moment) -> tuple[bool, date]:
    return (True, real(moment)) if isinstance(moment, datetime) else (False, moment)
