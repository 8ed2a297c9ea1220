"""Events to series: which belong together, and which of two versions counts."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

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
        masters, overrides = _parted(_cancelled(groups[uid]))
        kept = _newest(masters)
        replaced += [event for event in _distinct(masters) if event not in kept]
        found += _grouped(uid, kept, overrides)
    return found, replaced


def _cancelled(events: list[Event]) -> list[Event]:
    """The events of a UID after a CANCEL of all of it in the same file (RFC 5546, 3.2.5).

    It cancels every version but one with a higher SEQUENCE, which is a new request; a CANCEL without
    SEQUENCE means whatever there is. Where there is nothing else of the UID it stands for the meeting.
    """
    cancels = [event for event in events if event.cancelled_by_method and event.recurrence_id is None]
    others = [event for event in events if not (event.cancelled_by_method and event.recurrence_id is None)]
    if not cancels or not others:
        return events
    latest = max(event.sequence for event in cancels)
    unnumbered = any(event.sequence < 0 for event in cancels)
    marked = [
        replace(event, cancelled_by_method=True) if unnumbered or event.sequence <= latest else event
        for event in others
    ]
    has_master = any(event.recurrence_id is None for event in others)
    return marked if has_master else [*cancels, *marked]


def _parted(events: list[Event]) -> tuple[list[Event], list[Event]]:
    masters = [event for event in events if event.recurrence_id is None]
    overrides = [event for event in events if event.recurrence_id is not None]
    if masters:
        return masters, overrides
    # A series may carry a RECURRENCE-ID of its own first start, as ConnectDaily writes it.
    own = [event for event in overrides if event.recurs and event.recurrence_id == event.start]
    return [replace(event, recurrence_id=None) for event in own], [e for e in overrides if e not in own]


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
    for override in overrides:
        shares[_master_of(override, masters)].append(override)
    return [
        Series(uid, master, _each_once([_fitted(override, master) for override in share]))
        for master, share in zip(masters, shares, strict=True)
    ]


def _master_of(override: Event, masters: list[Event]) -> int:
    """The last series that has begun when the override was to take place; the first if none has."""
    original = override.recurrence_id or override.start
    begun = [
        place
        for place, master in enumerate(masters)
        if master.recurs and as_day(master.start) <= as_day(original)
    ]
    return begun[-1] if begun else 0


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
